// `npm run canaries`: a gate that cannot fail guards nothing. For each gate of `check`: a copy of the tree must pass it;
// with faults planted the copy must fail it, and every fault must be named in what the gate prints.
import { join } from 'node:path'
import { runGate } from '../../scripts/run-gate.ts'
import type { Canary } from './fault.ts'
import { LAYERING_CANARY } from './layering.ts'
import { AMBIENT_CANARY, LINT_CANARY } from './lint.ts'
import { OTHER_CANARIES } from './others.ts'
import { plant, scratchTree } from './scratch-tree.ts'

const ROOT = join(import.meta.dirname, '../..')
const PARALLEL_CANARIES = 2

/** Enough of a gate's output to see why, in characters. */
const EXCERPT_LENGTH = 3_000

function excerpt(output: string): string {
  const text = output.trim()
  return text.length <= EXCERPT_LENGTH
    ? text
    : `${text.slice(0, EXCERPT_LENGTH)}\n… ${text.length - EXCERPT_LENGTH} more`
}

/** What is wrong with the gate, in sentences; none when it passed and failed as it should. */
async function complaints(canary: Canary): Promise<string[]> {
  const tree = scratchTree(ROOT, canary.without ?? [])
  try {
    for (const file of canary.groundwork ?? []) {
      plant(tree.path, file)
    }
    const sound = await runGate(tree.path, canary.gate, canary.extra)
    if (!sound.passed) {
      return [`fails without a fault, so its failing with one shows nothing:\n${excerpt(sound.output)}`]
    }
    for (const fault of canary.faults) {
      plant(tree.path, fault)
    }
    const faulty = await runGate(tree.path, canary.gate, canary.extra)
    if (faulty.passed) {
      return [`passes with ${canary.faults.length} planted faults`]
    }
    const missed = canary.faults.flatMap((fault) =>
      fault.expected
        .filter((pattern) => !pattern.test(faulty.output))
        .map((pattern) => `${fault.file} not named: ${pattern}`),
    )
    return missed.length === 0 ? [] : [...missed, `the gate said:\n${excerpt(faulty.output)}`]
  } finally {
    tree.remove()
  }
}

async function report(canary: Canary): Promise<void> {
  const startedMs = performance.now()
  const found = await complaints(canary)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const title = `${canary.gate} ${canary.extra ?? ''}`.trimEnd()
  console.log(
    `${found.length === 0 ? 'seen to fail' : 'NOT GUARDING'}  ${title}: ${canary.faults.length} faults, ${seconds} s`,
  )
  for (const complaint of found) {
    console.log(`  ${title}: ${complaint}`)
    process.exitCode = 1
  }
}

const wanted = process.argv.slice(2)
const waiting = [LAYERING_CANARY, LINT_CANARY, AMBIENT_CANARY, ...OTHER_CANARIES].filter(
  (canary) => wanted.length === 0 || wanted.includes(canary.gate),
)
async function work(): Promise<void> {
  for (let canary = waiting.shift(); canary !== undefined; canary = waiting.shift()) {
    await report(canary)
  }
}
await Promise.all(Array.from({ length: PARALLEL_CANARIES }, work))
