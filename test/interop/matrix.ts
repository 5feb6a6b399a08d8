import { type Outcome, STEPS, type Step } from './play.ts'

/** What became of one client. */
export interface Row {
  readonly name: string
  readonly durationMs: number
  /** Undefined when there was no play; `failure` says why. */
  readonly outcomes: ReadonlyMap<Step, Outcome> | undefined
  readonly failure: string | undefined
}

const NAME_WIDTH = 13
const STEP_WIDTH = 11

/** Prints client × act, then the reasons; true if anything failed. */
export function printMatrix(world: string, rows: readonly Row[]): boolean {
  console.log(`\nReal clients on ${world}; seconds of each act`)
  console.log([''.padEnd(NAME_WIDTH), ...STEPS.map((step) => step.padStart(STEP_WIDTH))].join(''))
  for (const { name, outcomes, failure } of rows) {
    const cells = STEPS.map((step) => cell(outcomes?.get(step)).padStart(STEP_WIDTH))
    console.log([name.padEnd(NAME_WIDTH), ...(outcomes === undefined ? [` FAIL ${failure}`] : cells)].join(''))
  }
  console.log('')
  for (const { name, outcomes } of rows) {
    for (const [step, outcome] of outcomes ?? []) {
      if (outcome.result !== 'pass') {
        console.log(`${outcome.result === 'FAIL' ? 'FAIL' : 'n/a '} ${name} ${step}: ${outcome.reason}`)
      }
    }
  }
  return rows.some(
    ({ outcomes }) => outcomes === undefined || [...outcomes.values()].some(({ result }) => result === 'FAIL'),
  )
}

function cell(outcome: Outcome | undefined): string {
  switch (outcome?.result) {
    case 'pass':
      return `pass ${(outcome.durationMs / 1_000).toFixed(1)}`
    case 'FAIL':
      return 'FAIL'
    default:
      return 'n/a'
  }
}
