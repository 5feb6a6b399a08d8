import type { RunSummary } from '../output/run-summary.ts'

/** Violations that are told on the terminal; `run.json` has more. */
const VIOLATIONS_SHOWN = 5

/** Whether the run was whole, broke no rule and kept every bound of its scenario. */
export function hasPassed(summary: RunSummary): boolean {
  return !summary.isPartial && summary.violations.length === 0 && summary.assertions.every(({ passed }) => passed)
}

/** What a run came to, a line each. */
export function runReport(summary: RunSummary, folder: string): string[] {
  const { metrics, violations } = summary
  const measured = Object.entries(metrics).filter(([, value]) => value !== null && value !== undefined)
  const width = Math.max(0, ...measured.map(([name]) => name.length))
  return [
    `trace hash ${summary.traceHash}, ${summary.events} events, ${summary.resources.cpu_s.toFixed(1)} CPU s`,
    ...measured.map(([name, value]) => `  ${name.padEnd(width)} ${Number((value ?? 0).toPrecision(6))}`),
    ...summary.assertions.map(
      ({ passed, text, value }) => `${passed ? 'held  ' : 'FAILED'} ${text}   (${said(value)})`,
    ),
    ...violations
      .slice(0, VIOLATIONS_SHOWN)
      .map(({ t_ms, checker, what }) => `FAILED ${checker} at ${t_ms / 1_000} s: ${what}`),
    ...(violations.length > VIOLATIONS_SHOWN
      ? [`FAILED … ${violations.length - VIOLATIONS_SHOWN} more in run.json`]
      : []),
    ...(summary.isPartial ? ['interrupted: this is a part of the run'] : []),
    `results in ${folder}`,
    ...(hasPassed(summary) ? [] : [`repeat with: ${summary.command}`]),
  ]
}

function said(value: number | null): string {
  return value === null ? 'not measured' : `was ${Number(value.toPrecision(6))}`
}
