import assert from 'node:assert/strict'
import { test } from 'node:test'
import { natMatrix, PUNCH_VARIANTS, wayBetween } from '../../../../sim/network/nat-matrix.ts'

/** Rows of outcomes, `x` where every trial got through, `.` where none. */
function picture(protocol: 'udp' | 'tcp', timing?: { latencyMs: number; skewMs: number }): string[] {
  const cells = natMatrix({ protocol, trials: 3, ...(timing === undefined ? {} : { timing }) })
  const marks = cells.map((cell) => (cell.punched === 3 ? 'x' : cell.failed === 3 ? '.' : '?')).join('')
  return PUNCH_VARIANTS.map((_, row) => marks.slice(row * PUNCH_VARIANTS.length, (row + 1) * PUNCH_VARIANTS.length))
}

test('UDP punches one after the other come out as in the kernel (R22), also below the diagonal', () => {
  assert.deepEqual(picture('udp'), ['xxxxx', 'xxxxx', 'xxx..', 'xxx..', 'xx...'])
})

test('with the latency of the Internet packets cross, and no Linux box is poisoned', () => {
  assert.deepEqual(picture('udp', { latencyMs: 50, skewMs: 10 }), ['xxxxx', 'xxxxx', 'xxxx.', 'xxxx.', 'xx...'])
})

test('TCP needs ports that both sides can foretell', () => {
  assert.deepEqual(picture('tcp', { latencyMs: 50, skewMs: 10 }), ['xxxx.', 'xxxx.', 'xxxx.', 'xxxx.', '.....'])
})

test('the seven places of the laboratory come together as production does there', () => {
  const places = ['open', 'upnp', 'firewall', 'home', 'home+home', 'home+cgn-fixed', 'symmetric']
  const initials = places.map((from) => places.map((to) => wayBetween(from, to, 1)[0]).join(''))
  assert.deepEqual(initials, ['ddddddd', 'dmmmmmm', 'dmppppr', 'dmppppr', 'dmppppr', 'dmppppr', 'dmrrrrr'])
})

test('a port mapped at home is no use behind a carrier', () => {
  assert.equal(wayBetween('upnp+cgn-fixed', 'home', 1), 'punched')
  assert.equal(wayBetween('upnp+symmetric', 'home', 1), 'relayed')
})
