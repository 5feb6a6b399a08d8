import { badInput } from './cli-error.ts'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Longest time a command waits, milliseconds: a day is beyond any sitting in front of a terminal. */
const MAX_DURATION_MS = 86_400_000

/**
 * Milliseconds of a duration such as `500ms`, `30s`, `2m` or `1h`.
 *
 * @throws CliError for anything else
 */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const milliseconds = Math.round(Number(number) * (UNIT_MS[unit ?? ''] ?? Number.NaN))
  if (!Number.isFinite(milliseconds) || milliseconds > MAX_DURATION_MS) {
    throw badInput(`'${text}' is no duration: write a number with its unit, such as 500ms, 30s, 2m or 1h, at most 24h`)
  }
  return milliseconds
}
