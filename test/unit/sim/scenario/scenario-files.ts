import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LoadedScenario, type ReadOptions, readScenario } from '../../../../sim/scenario/read-scenario.ts'
import { ScenarioError } from '../../../../sim/scenario/scenario-error.ts'

/** A whole file, line by line. */
export const GOOD = `about: A few nodes.
source: ours
duration: 2 h
population:
  nodes: 40
  classes:
    holders: { share: 79 %, nat: open }
    visitors: { share: 21 %, nat: home }
churn:
  visitors: { session: { law: exponential, mean: 90 s }, absence: 2 min }
workload:
  people: 10
  messages: 2 per hour
`

/** Reads a text as a file named `x.yaml`; others may lie beside it. */
export function readText(
  text: string | Uint8Array,
  options: ReadOptions = {},
  beside: Readonly<Record<string, string>> = {},
): LoadedScenario {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-scenario-'))
  try {
    writeFileSync(join(folder, 'x.yaml'), text)
    for (const [name, content] of Object.entries(beside)) {
      writeFileSync(join(folder, name), content)
    }
    return readScenario(join(folder, 'x.yaml'), options)
  } catch (error) {
    throw error instanceof ScenarioError ? new ScenarioError(error.message.replaceAll(`${folder}/`, '')) : error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The complaint about a text. */
export function complaint(
  text: string | Uint8Array,
  options: ReadOptions = {},
  beside: Readonly<Record<string, string>> = {},
): string {
  try {
    readText(text, options, beside)
  } catch (error) {
    if (error instanceof ScenarioError) {
      return error.message
    }
    throw error
  }
  return 'no complaint'
}
