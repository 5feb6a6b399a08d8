import type { Scenario } from './scenario.ts'

/** What is put in the place of what the file says. */
export interface ReadOptions {
  /** Paths into the file, such as `population.nodes`, and the values they take, as they would be written there. */
  readonly overrides?: Readonly<Record<string, string | number>>
  /** Takes the values of the file's `ci` section as well; `overrides` go before them. */
  readonly ci?: boolean
  /** `--tier`; otherwise what the file says, otherwise the stack. */
  readonly tier?: 'stack' | 'model'
}

/** A scenario and the tier it is made for. */
export interface LoadedScenario {
  readonly scenario: Scenario
  readonly tier: 'stack' | 'model'
}

/**
 * Reads a scenario file.
 *
 * @throws ScenarioError with one line that names file, line and key
 */
export function readScenario(_file: string, _options: ReadOptions = {}): LoadedScenario {
  throw new Error('being written')
}
