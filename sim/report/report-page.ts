import type { RunSummary } from '../output/run-summary.ts'
import type { RunResult } from '../results/results.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** `report.html`: one page that needs no network. */
export function reportPage(_summary: RunSummary, _scenario: Scenario, _result: RunResult): string {
  return '<!doctype html><title>being written</title>'
}
