import { TRACE_EVENTS_MAX } from './limits.ts'
import { nearest } from './nearest.ts'
import type { Churn } from './scenario.ts'
import { ScenarioError } from './scenario-error.ts'
import { quoted } from './scenario-source.ts'

type TraceEvent = NonNullable<Churn['trace']>[number]

const HEADER = 't_s,node,event'
const COLUMNS = 3
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
  const isUp = new Uint8Array(nodes)
  const events: TraceEvent[] = []
  let number = 0
  for (const line of linesOf(text)) {
    number++
    const fail = (message: string): never => {
      throw new ScenarioError(`${file}:${number}: ${message}`)
    }
    if (number === 1) {
      checkHeader(line, fail)
      continue
    }
    if (events.length === TRACE_EVENTS_MAX) {
      fail(`more than ${TRACE_EVENTS_MAX} events`)
    }
    const event = readEvent(line, nodes, fail)
    const before = events.at(-1)
    if (before !== undefined && event.atMs < before.atMs) {
      fail(`t_s: time runs backwards, from ${before.atMs / 1_000} s to ${event.atMs / 1_000} s`)
    }
    if ((event.kind === 'join') === (isUp[event.node] === 1)) {
      fail(`event: ${event.kind} of node ${event.node}, which is ${event.kind === 'join' ? 'up' : 'down'}`)
    }
    isUp[event.node] = event.kind === 'join' ? 1 : 0
    events.push(event)
  }
  if (events.length === 0) {
    throw new ScenarioError(`${file}:2: no event follows the header`)
  }
  return events
}

/** Lines one by one: a file of nothing but line feeds would be an array of half a gigabyte. */
function* linesOf(text: string): Generator<string> {
  let begin = 0
  do {
    const end = text.indexOf('\n', begin)
    const line = text.slice(begin, end === -1 ? text.length : end)
    yield line.endsWith('\r') ? line.slice(0, -1) : line
    begin = end === -1 ? text.length : end + 1
  } while (begin < text.length)
}

function checkHeader(line: string, fail: (message: string) => never): void {
  if (line !== HEADER) {
    fail(`the first line must be '${HEADER}', not ${quoted(line)}`)
  }
}

function readEvent(line: string, nodes: number, fail: (message: string) => never): TraceEvent {
  const columns = line.split(',', COLUMNS + 1)
  const [seconds = '', index = '', written = ''] = columns
  if (columns.length !== COLUMNS) {
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
