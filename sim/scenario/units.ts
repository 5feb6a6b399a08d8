/** Units of a quantity and what one is, in the unit of the program. */
export interface Quantity {
  /** What it is, for messages: `a duration such as 90 s`. */
  readonly example: string
  readonly units: Readonly<Record<string, number>>
}

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

export const DURATION: Quantity = {
  example: 'a duration such as 90 s or 2 h',
  units: { ms: 1, s: SECOND_MS, min: 60_000, h: HOUR_MS, d: DAY_MS },
}

export const SIZE: Quantity = {
  example: 'a size such as 64 KiB',
  units: { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
}

/** Bytes a second. */
export const BANDWIDTH: Quantity = {
  example: 'a bandwidth such as 20 Mbit/s',
  units: {
    'bit/s': 0.125,
    'kbit/s': 125,
    'Mbit/s': 125_000,
    'Gbit/s': 125_000_000,
    'B/s': 1,
    'KiB/s': 2 ** 10,
    'MiB/s': 2 ** 20,
  },
}

/** Of one. */
export const SHARE: Quantity = { example: 'a share such as 79 %', units: { '%': 0.01 } }

/** An hour. */
export const FREQUENCY: Quantity = {
  example: 'a rate such as 2 per hour',
  units: { 'per minute': 60, 'per hour': 1, 'per day': 1 / 24 },
}
