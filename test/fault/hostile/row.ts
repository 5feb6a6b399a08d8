import assert from 'node:assert/strict'
import type { VictimNode } from './world.ts'

/** One attack: what is sent, what must happen, and how to find out. */
export interface Row {
  /** Its name in security.md, or a word. */
  readonly id: string
  readonly sent: string
  readonly must: string
  /** The node starts meanwhile, which takes longer than any input may. @default false */
  readonly isStarting?: boolean
  /** Says what happened; throws if that is not what must happen. */
  run(): Promise<string>
}

/** A row that was tried. */
export interface Outcome {
  readonly row: Row
  readonly passed: boolean
  readonly happened: string
  readonly tookMs: number
  /** The longest turn of the node's event loop meanwhile, its own work. */
  readonly turnMs: number
}

/** Nothing that others send should hold the node up for longer; a longer turn is told (a collection of garbage may be in it). */
const STALL_AIM_MS = 50
/** A turn of so much work is no accident, on any machine; what is bounded by number has tests that count. */
const STALL_MAX_MS = 500

/** Tries rows one after the other; the node's event loop is watched meanwhile. */
export async function tryRows(node: VictimNode, rows: readonly Row[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const row of rows) {
    const startMs = Date.now()
    let passed = true
    let happened: string
    try {
      happened = await row.run()
    } catch (error) {
      passed = false
      happened = error instanceof Error ? error.message : String(error)
    }
    const { cpuMs, lateMs } = node.longestTurn(startMs)
    if (cpuMs > STALL_AIM_MS && row.isStarting !== true) {
      passed &&= cpuMs <= STALL_MAX_MS
      happened += `; a turn of ${cpuMs.toFixed(0)} ms of work (${lateMs.toFixed(0)} ms late), over the aim of ${STALL_AIM_MS}`
    }
    const outcome = { row, passed, happened, tookMs: Date.now() - startMs, turnMs: cpuMs }
    outcomes.push(outcome)
    printOutcome(outcome)
  }
  return outcomes
}

function printOutcome({ row, passed, happened, tookMs, turnMs }: Outcome): void {
  const turn = turnMs === 0 ? '< 20' : turnMs.toFixed(0)
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${row.id.padEnd(6)} ${row.sent}`)
  console.log(`       must: ${row.must}`)
  console.log(`       was:  ${happened}  [${(tookMs / 1_000).toFixed(1)} s, longest turn ${turn} ms]`)
}

/** Tells how many rows there were and which failed; the exit code. */
export function concludeRows(outcomes: readonly Outcome[], startMs: number, command: string): number {
  const failed = outcomes.filter(({ passed }) => !passed)
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(0)
  console.log(`${outcomes.length} rows, ${failed.length} failed, ${seconds} s; repeat with: ${command}`)
  for (const { row, happened } of failed) {
    console.error(`FAILED ${row.id}: ${row.sent}\n       was: ${happened}`)
  }
  return failed.length === 0 ? 0 : 1
}

/** Counts equal values: `policy-violation × 3, closed`. */
export function tally(values: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const value of values) {
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return [...counts].map(([value, count]) => (count === 1 ? value : `${value} × ${count}`)).join(', ')
}

/** All values must be this one. */
export function assertAll(values: readonly string[], wanted: string): string {
  const others = values.flatMap((value, index) => (value === wanted ? [] : [`#${index} ${value}`]))
  assert.equal(others.length, 0, `not ${wanted}: ${others.slice(0, 6).join('; ')}`)
  return tally(values)
}
