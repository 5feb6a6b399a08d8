// `npm run check`: every gate, one line each with its duration; the full output of those that failed; exit 1 if any did.
// `npm run check -- --only=types,lint` runs some of them.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type GateResult, runGate } from './run-gate.ts'

const ROOT = join(import.meta.dirname, '..')

/** The static gates run side by side (two cores), the tests and the canaries alone. */
const STAGES: readonly (readonly string[])[] = [
  ['types', 'lint', 'layering', 'ambient', 'dead-code', 'house-style'],
  ['test'],
  ['canaries'],
]

const PARALLEL_GATES = 2

async function runStage(names: readonly string[]): Promise<GateResult[]> {
  const results: GateResult[] = []
  const waiting = [...names]
  async function work(): Promise<void> {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const result = await runGate(ROOT, name)
      results.push(result)
      const verdict = result.passed ? 'passed' : 'FAILED'
      console.log(`${verdict}  ${name.padEnd(12)} ${(result.durationMs / 1000).toFixed(1)} s`)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_GATES }, work))
  return results
}

function selectedGates(only: string | undefined): string[] {
  const all = STAGES.flat()
  const wanted = only === undefined ? all : only.split(',')
  const unknown = wanted.filter((name) => !all.includes(name))
  if (unknown.length > 0) {
    console.error(`no such gate: ${unknown.join(', ')}; the gates are ${all.join(', ')}`)
    process.exit(2)
  }
  return wanted
}

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const wanted = selectedGates(values.only)
const startedMs = performance.now()
const results: GateResult[] = []
for (const stage of STAGES) {
  results.push(...(await runStage(stage.filter((name) => wanted.includes(name)))))
}
const failed = results.filter((result) => !result.passed)
for (const result of failed) {
  console.log(`\n──── ${result.name} failed; alone: npm run ${result.name}\n${result.output.trimEnd()}`)
}
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
const summary = failed.length === 0 ? 'all passed' : `${failed.length} failed: ${failed.map((r) => r.name).join(', ')}`
console.log(`\n${results.length} gates, ${summary}, ${seconds} s`)
process.exitCode = failed.length === 0 ? 0 : 1
