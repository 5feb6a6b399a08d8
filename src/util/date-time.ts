import { assert } from './assert.ts'

const MS_PER_SECOND = 1_000
const MS_PER_MINUTE = 60_000
const MS_PER_DAY = 86_400_000

/** Days in 400 years of the Gregorian calendar, after which it repeats. */
const DAYS_PER_ERA = 146_097
/** Days from 0000-03-01 to 1970-01-01. Years are counted from March, so that a leap day is the last of its year. */
const EPOCH_OFFSET_DAYS = 719_468
/** Wall times of the years 0001 to 9999, all that XEP-0082 can write. */
const MIN_WALL_MS = -62_135_596_800_000
const MAX_WALL_MS = 253_402_300_799_999

/** Longest text read, in characters: nine digits of fraction and an offset need 35. */
const MAX_TEXT_LENGTH = 40
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

/** Writes a wall time (whole milliseconds since 1970-01-01T00:00Z, years 1 to 9999) as a DateTime of XEP-0082 in UTC. */
export function stampToText(wallMs: number): string {
  assert(
    Number.isInteger(wallMs) && wallMs >= MIN_WALL_MS && wallMs <= MAX_WALL_MS,
    'wall time outside of the years 1 to 9999',
  )
  const days = Math.floor(wallMs / MS_PER_DAY)
  const ms = wallMs - days * MS_PER_DAY
  const { year, month, day } = civilFromDays(days)
  const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`
  const minutes = Math.floor(ms / MS_PER_MINUTE)
  const clock = `${digits(Math.floor(minutes / 60), 2)}:${digits(minutes % 60, 2)}`
  const seconds = digits(Math.floor((ms % MS_PER_MINUTE) / MS_PER_SECOND), 2)
  return `${date}T${clock}:${seconds}.${digits(ms % MS_PER_SECOND, 3)}Z`
}

/**
 * Reads a DateTime of XEP-0082 with any offset; finer than milliseconds is cut off.
 *
 * @returns the wall time in milliseconds, or undefined for anything that is no such moment, leap seconds included
 */
export function stampFromText(text: string): number | undefined {
  const match = text.length <= MAX_TEXT_LENGTH ? DATE_TIME.exec(text) : null
  if (match === null) {
    return undefined
  }
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Fields
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)]
  const validDate = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
  const validTime = hour <= 23 && minute <= 59 && second <= 59 && offsetHour <= 14 && offsetMinute <= 59
  if (!validDate || !validTime) {
    return undefined
  }
  const offset = (offsetHour * 60 + offsetMinute) * (match[8] === '-' ? -1 : 1)
  const minutes = hour * 60 + minute - offset
  const ms = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const wallMs = daysFromCivil(year, month, day) * MS_PER_DAY + minutes * MS_PER_MINUTE + second * MS_PER_SECOND + ms
  // An offset may lead out of the years that can be written again.
  return wallMs >= MIN_WALL_MS && wallMs <= MAX_WALL_MS ? wallMs : undefined
}

type Fields = [year: number, month: number, day: number, hour: number, minute: number, second: number]

function daysInMonth(year: number, month: number): number {
  if (month === 2) {
    return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  }
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Days since 1970-01-01 of a date of the Gregorian calendar. */
function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + daysBeforeMonth((month + 9) % 12) + day - 1 - EPOCH_OFFSET_DAYS
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + EPOCH_OFFSET_DAYS
  const era = Math.floor(shifted / DAYS_PER_ERA)
  const dayOfEra = shifted - era * DAYS_PER_ERA
  // Takes away the leap days gone by (every 4 years, not every 100, every 400), after which all years have 365 days.
  const leapDays = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const yearStart = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  const dayOfYear = dayOfEra - yearStart
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = ((marchMonth + 2) % 12) + 1
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - daysBeforeMonth(marchMonth) + 1,
  }
}

/** Days of a year before a month, both counted from March: its months have 31, 30, 31, 30, 31 days over and over. */
function daysBeforeMonth(marchMonth: number): number {
  return Math.floor((153 * marchMonth + 2) / 5)
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}
