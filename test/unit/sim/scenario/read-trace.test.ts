import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TRACE_EVENTS_MAX } from '../../../../sim/scenario/limits.ts'
import { complaint, GOOD, readText } from './scenario-files.ts'

const TRACED = GOOD.replace(/ {2}visitors: \{ session.*/, '  visitors: { trace: trace.csv, disk: 50 % }')
const HEADER = 't_s,node,event'

function said(...lines: readonly string[]): string {
  return complaint(TRACED, {}, { 'trace.csv': lines.join('\n') })
}

describe('a churn trace', () => {
  it('is replayed as it was recorded', () => {
    const csv = `${HEADER}\n0,0,join\r\n1.5,7,join\n1.5,0,crash\n60,0,join\n61,7,leave\n`
    const { scenario } = readText(TRACED, {}, { 'trace.csv': csv })
    assert.deepEqual(scenario.classes[1]?.churn.trace, [
      { atMs: 0, node: 0, kind: 'join' },
      { atMs: 1_500, node: 7, kind: 'join' },
      { atMs: 1_500, node: 0, kind: 'crash' },
      { atMs: 60_000, node: 0, kind: 'join' },
      { atMs: 61_000, node: 7, kind: 'leave' },
    ])
    assert.equal(scenario.classes[1]?.churn.diskShare, 0.5)
  })

  it('is refused with its line when time runs backwards', () => {
    assert.equal(said(HEADER, '5,0,join', '4.5,1,join'), 'trace.csv:3: t_s: time runs backwards, from 5 s to 4.5 s')
  })

  it('is refused with its line for a node that the class has not', () => {
    assert.equal(said(HEADER, '5,8,join'), "trace.csv:2: node: '8' is no node of the class, which has 0 to 7")
    assert.equal(said(HEADER, '5,-1,join'), "trace.csv:2: node: '-1' is no node of the class, which has 0 to 7")
  })

  it('is refused with its line for an event that is none, or that cannot be', () => {
    assert.equal(said(HEADER, '5,0,jion'), "trace.csv:2: event: 'jion' is no known event; did you mean 'join'?")
    assert.equal(said(HEADER, '5,0,leave'), 'trace.csv:2: event: leave of node 0, which is down')
    assert.equal(said(HEADER, '5,0,join', '6,0,join'), 'trace.csv:3: event: join of node 0, which is up')
  })

  it('is refused with its line for what is no table of this kind', () => {
    assert.equal(said('0,0,join'), "trace.csv:1: the first line must be 't_s,node,event', not '0,0,join'")
    assert.equal(said(HEADER, '5,0'), "trace.csv:2: three columns are needed (t_s,node,event), not '5,0'")
    assert.equal(
      said(HEADER, 'soon,0,join'),
      "trace.csv:2: t_s: seconds from the start of the run are needed, not 'soon'",
    )
    assert.equal(said(HEADER, '', '5,0,join'), "trace.csv:2: three columns are needed (t_s,node,event), not ''")
  })

  it('is refused with its line when it is cut, or ends before it begins', () => {
    assert.equal(
      said(HEADER, '5,0,join', '6,0,cra'),
      "trace.csv:3: event: 'cra' is no known event; known: join, leave, crash",
    )
    assert.equal(said(HEADER, '5,0,join', '6'), "trace.csv:3: three columns are needed (t_s,node,event), not '6'")
    assert.equal(said(HEADER, ''), 'trace.csv:2: no event follows the header')
    assert.equal(said(''), "trace.csv:1: the first line must be 't_s,node,event', not ''")
  })

  it('is refused without a list of its pieces when it is nothing but commas or lines', () => {
    const size = 8_000_000
    const before = process.resourceUsage().maxRSS
    assert.match(
      said(HEADER, ','.repeat(size)),
      /^trace\.csv:2: three columns are needed \(t_s,node,event\), not ',{60}…'$/,
    )
    assert.match(said('\n'.repeat(size)), /^trace\.csv:1: the first line must be/)
    const grownBytes = (process.resourceUsage().maxRSS - before) * 1_024
    assert(grownBytes < 20 * size, `${grownBytes} bytes for ${size} pieces`)
  })

  it('is refused with its line when it has more events than are kept', () => {
    const pairs = 'X,0,join\nX,0,leave\n'.replaceAll('X', '1').repeat(TRACE_EVENTS_MAX / 2)
    assert.equal(
      said(HEADER, `${pairs}1,0,join`),
      `trace.csv:${TRACE_EVENTS_MAX + 2}: more than ${TRACE_EVENTS_MAX} events`,
    )
  })

  it('takes the place of the laws, in a class of its own', () => {
    const both = TRACED.replace('disk: 50 %', 'preset: kad2007')
    assert.equal(
      complaint(both, {}, { 'trace.csv': `${HEADER}\n0,0,join` }),
      'x.yaml:10: churn.visitors.trace: a trace takes the place of preset, session, absence and diurnal',
    )
    const divided = TRACED.replace('nat: home', 'nat: { population: fixed }')
    assert.equal(
      complaint(divided),
      'x.yaml:10: churn.visitors: a trace needs a class of its own: no mixture and no NAT population',
    )
  })
})
