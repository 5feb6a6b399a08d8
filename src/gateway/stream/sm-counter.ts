/** Counters of stream management begin again at zero after 2^32 - 1 (XEP-0198 §4). */
const SM_COUNTER_SIZE = 2 ** 32

/** The value of an attribute `h`, or undefined if it is no counter. */
export function readCounter(h: string | undefined): number | undefined {
  if (h === undefined || !/^[0-9]{1,10}$/.test(h)) {
    return undefined
  }
  const count = Number(h)
  return count < SM_COUNTER_SIZE ? count : undefined
}

/** The counter after `stanzas` more. */
export function addToCounter(counter: number, stanzas: number): number {
  return (counter + stanzas) % SM_COUNTER_SIZE
}

/** How many stanzas lie between two values of a counter. */
export function counterDistance(from: number, to: number): number {
  return (to - from + SM_COUNTER_SIZE) % SM_COUNTER_SIZE
}
