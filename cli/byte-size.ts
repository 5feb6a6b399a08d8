import { badInput } from './cli-error.ts'

/** Binary units (IEC 80000-13), smallest first. */
const UNIT_BYTES: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

/** Least share of a disk that is of use, bytes: a few letters of the largest size. */
const MIN_SIZE_BYTES = 1_048_576

/** Largest share of a disk, bytes: 64 TiB is more than any home, and a number that SQLite and doubles hold exactly. */
const MAX_SIZE_BYTES = 2 ** 46

/**
 * Bytes of a size such as `512MiB`, `2GiB` or `1.5GiB`; `0` alone needs no unit.
 *
 * @throws CliError for anything else
 */
export function parseByteSize(text: string): number {
  if (text === '0') {
    return 0
  }
  const [, number = '', unit = ''] = /^(\d{1,8}(?:\.\d{1,3})?)([A-Za-z]*)$/.exec(text) ?? []
  if (number === '') {
    throw badInput(`'${text}' is no size: write a number with its unit, such as 512MiB or 2GiB, or 0 for none`)
  }
  const factor = UNIT_BYTES[unit]
  if (factor === undefined) {
    const hint = Object.keys(UNIT_BYTES).find((name) => name[0] === unit[0]?.toUpperCase())
    throw badInput(
      `'${text}' needs a unit of KiB, MiB, GiB or TiB${hint === undefined ? '' : `; did you mean ${number}${hint}?`}`,
    )
  }
  const bytes = Math.round(Number(number) * factor)
  if (bytes < MIN_SIZE_BYTES || bytes > MAX_SIZE_BYTES) {
    throw badInput(`'${text}' is out of range: 0 for none, else 1MiB to 64TiB`)
  }
  return bytes
}

/** A number of bytes for people: `0 B`, `3.4 KiB`, `512 MiB`. */
export function formatByteSize(bytes: number): string {
  const found = Object.entries(UNIT_BYTES).findLast(([, factor]) => bytes >= factor)
  if (found === undefined) {
    return `${bytes} B`
  }
  const [unit, factor] = found
  const amount = bytes / factor
  return `${amount < 100 ? Number(amount.toFixed(1)) : Math.round(amount)} ${unit}`
}
