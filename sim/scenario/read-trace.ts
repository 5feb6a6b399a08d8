import { TRACE_EVENTS_MAX } from './limits.ts'
import { nearest } from './nearest.ts'
import type { Churn } from './scenario.ts'
import { ScenarioError } from './scenario-error.ts'
import { quoted } from './scenario-source.ts'

type TraceEvent = NonNullable<Churn['trace']>[number]

const HEADER = 't_s,node,event'
const KINDS = ['join', 'leave', 'crash'] as const
const SECONDS = /^(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,6})?$/
const INDEX = /^(?:0|[1-9][0-9]{0,8})$/

/**
 * Reads a churn trace: CSV with the header `t_s,node,event`; seconds from the start of the run, index of the node inside its
 * class, `join`, `leave` or `crash`. Every node is down at first.
 *
 * @param nodes nodes of the class
 * @throws ScenarioError with file, line and column
 */
export function readTrace(text: string, file: string, nodes: number): readonly TraceEvent[] {
  const lines = text.split(/\r?\n/)
  const fail = (index: number, message: string): never => {
    throw new ScenarioError(`${file}:${index + 1}: ${message}`)
  }
  if (lines[0] !== HEADER) {
    fail(0, `the first line must be '${HEADER}', not ${quoted(lines[0])}`)
  }
  if (lines.length > TRACE_EVENTS_MAX + 2) {
    fail(TRACE_EVENTS_MAX + 2, `more than ${TRACE_EVENTS_MAX} events`)
  }
  const isUp = new Uint8Array(nodes)
  const events: TraceEvent[] = []
  lines.forEach((line, index) => {
    if (index === 0 || (line === '' && index === lines.length - 1)) {
      return
    }
    const event = readEvent(line, nodes, (message) => fail(index, message))
    const before = events.at(-1)
    if (before !== undefined && event.atMs < before.atMs) {
      fail(index, `t_s: time runs backwards, from ${before.atMs / 1_000} s to ${event.atMs / 1_000} s`)
    }
    if ((event.kind === 'join') === (isUp[event.node] === 1)) {
      fail(index, `event: ${event.kind} of node ${event.node}, which is ${event.kind === 'join' ? 'up' : 'down'}`)
    }
    isUp[event.node] = event.kind === 'join' ? 1 : 0
    events.push(event)
  })
  return events
}

function readEvent(line: string, nodes: number, fail: (message: string) => never): TraceEvent {
  const [seconds = '', index = '', written = '', ...more] = line.split(',')
  if (more.length > 0 || line.split(',').length < 3) {
    return fail(`three columns are needed (${HEADER}), not ${quoted(line)}`)
  }
  if (!SECONDS.test(seconds)) {
    return fail(`t_s: seconds from the start of the run are needed, not ${quoted(seconds)}`)
  }
  const node = INDEX.test(index) ? Number(index) : Number.NaN
  if (!(node < nodes)) {
    return fail(`node: ${quoted(index)} is no node of the class, which has 0 to ${nodes - 1}`)
  }
  const kind = KINDS.find((known) => known === written)
  return kind === undefined
    ? fail(`event: ${quoted(written)} is no known event${nearest(written, KINDS)}`)
    : { atMs: Math.round(Number(seconds) * 1_000), node, kind }
}
