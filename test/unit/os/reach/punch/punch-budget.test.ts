import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { PunchBudget } from '../../../../../src/os/reach/punch/punch-budget.ts'
import {
  MAX_CONVERSATIONS_PER_PEER,
  MAX_DIALS_PER_HOST,
  MAX_DIALS_PER_MINUTE,
  RETRY_WAITS_MS,
} from '../../../../../src/os/reach/punch/punch-limits.ts'
import { VirtualClock } from '../../../../support/virtual-clock.ts'

const MINUTE_MS = 60_000

function address(host: number, port: number) {
  return multiaddr(`/ip4/9.9.${host >> 8}.${host & 255}/tcp/${port}`)
}

test('an address is dialled once a minute, whoever names it', async () => {
  const clock = new VirtualClock()
  const budget = new PunchBudget(clock)
  assert.ok(budget.takeDial(address(1, 1)))
  assert.ok(!budget.allows(address(1, 1)))
  assert.ok(!budget.takeDial(address(1, 1)))
  await clock.advance(MINUTE_MS - 1)
  assert.ok(!budget.takeDial(address(1, 1)))
  await clock.advance(1)
  assert.ok(budget.takeDial(address(1, 1)))
})

test('a dial that sent nothing does not count', () => {
  const budget = new PunchBudget(new VirtualClock())
  assert.ok(budget.takeDial(address(1, 1)))
  budget.returnDial(address(1, 1))
  assert.ok(budget.takeDial(address(1, 1)))
})

test('a host is dialled a few times a minute at different ports, and all hosts together no more than the bound', () => {
  const budget = new PunchBudget(new VirtualClock())
  const dials = (hosts: number, ports: number) =>
    Array.from({ length: hosts * ports }, (_, i) =>
      budget.takeDial(address(1 + Math.floor(i / ports), 1 + (i % ports))),
    )
  assert.equal(dials(1, 50).filter(Boolean).length, MAX_DIALS_PER_HOST)
  assert.equal(dials(500, 1).filter(Boolean).length, MAX_DIALS_PER_MINUTE - MAX_DIALS_PER_HOST)
})

test('a peer opens so many conversations a minute', () => {
  const budget = new PunchBudget(new VirtualClock())
  const granted = Array.from({ length: 20 }, () => budget.takeConversation('a'))
  assert.equal(granted.filter(Boolean).length, MAX_CONVERSATIONS_PER_PEER)
  assert.ok(budget.takeConversation('b'))
})

test('failed tries with a peer are repeated after growing waits, and a success ends these', async () => {
  const clock = new VirtualClock()
  const budget = new PunchBudget(clock)
  assert.equal(budget.waitMs('a'), 0)
  const waits = [...RETRY_WAITS_MS, RETRY_WAITS_MS.at(-1)].map((expected) => {
    budget.note('a', false)
    return [budget.waitMs('a'), expected]
  })
  assert.deepEqual(
    waits.map(([wait]) => wait),
    waits.map(([, expected]) => expected),
  )
  assert.equal(budget.waitMs('b'), 0)
  budget.note('a', true)
  assert.equal(budget.waitMs('a'), 0)
})
