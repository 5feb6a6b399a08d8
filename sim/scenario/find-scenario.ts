import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { nearest } from './nearest.ts'
import { ScenarioError } from './scenario-error.ts'

const SHIPPED_FOLDER: string = join(import.meta.dirname, '..', 'scenarios')

/** Names of the scenarios that come with the program, in the order of the alphabet. */
export function shippedScenarios(): string[] {
  return readdirSync(SHIPPED_FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .sort()
}

/**
 * The file that is meant: a word without folder and ending is a shipped scenario, unless such a file is there.
 *
 * @throws ScenarioError when neither is
 */
export function findScenario(named: string): string {
  if (!/^[a-z0-9-]+$/.test(named) || existsSync(named)) {
    return named
  }
  const names = shippedScenarios()
  if (!names.includes(named)) {
    throw new ScenarioError(`${named}: no file, and no shipped scenario has this name${nearest(named, names)}`)
  }
  return join(SHIPPED_FOLDER, `${named}.yaml`)
}
