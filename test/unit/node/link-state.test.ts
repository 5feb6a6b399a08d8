import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  INITIAL_LINK_STATE,
  LINK_RETRY_MAX_MS,
  type LinkEffect,
  type LinkEvent,
  type LinkState,
  linkRetryDelayMs,
  stepLink,
} from '../../../src/node/link-state.ts'

function run(events: readonly LinkEvent[]): { state: LinkState; effects: LinkEffect[] } {
  let state = INITIAL_LINK_STATE
  const effects: LinkEffect[] = []
  for (const event of events) {
    const [next, caused] = stepLink(state, event)
    state = next
    effects.push(...caused)
  }
  return { state, effects }
}

test('a wanted link is made at once, with what is known of the account', () => {
  assert.deepEqual(run([{ type: 'wanted' }]).effects, [{ type: 'connect', refresh: false }])
})

test('a failed attempt is repeated later, and then the account is looked up afresh', () => {
  const { effects } = run([{ type: 'wanted' }, { type: 'failed', jitter: 0.5 }, { type: 'due' }])
  assert.deepEqual(effects, [
    { type: 'connect', refresh: false },
    { type: 'wait', delayMs: linkRetryDelayMs(0, 0.5) },
    { type: 'connect', refresh: true },
  ])
})

test('news of the account cut the waiting short and forget the failures', () => {
  const { state, effects } = run([{ type: 'wanted' }, { type: 'failed', jitter: 0 }, { type: 'wake' }])
  assert.deepEqual(effects.slice(-2), [{ type: 'cancel-wait' }, { type: 'connect', refresh: false }])
  assert.equal(state.attempts, 0)
})

test('a link that breaks is made again at once while it is wanted', () => {
  const { state, effects } = run([{ type: 'wanted' }, { type: 'up' }, { type: 'down' }])
  assert.equal(state.phase, 'connecting')
  assert.deepEqual(effects.at(-1), { type: 'connect', refresh: false })
})

test('a link that nobody wants any more is not made again', () => {
  assert.deepEqual(
    run([{ type: 'wanted' }, { type: 'up' }, { type: 'unwanted' }, { type: 'down' }]).state,
    INITIAL_LINK_STATE,
  )
  assert.deepEqual(run([{ type: 'wanted' }, { type: 'failed', jitter: 0 }, { type: 'unwanted' }]).effects.at(-1), {
    type: 'cancel-wait',
  })
})

test('a stream that the other side opened ends the waiting', () => {
  const { state, effects } = run([{ type: 'wanted' }, { type: 'failed', jitter: 0 }, { type: 'up' }])
  assert.equal(state.phase, 'up')
  assert.deepEqual(effects.at(-1), { type: 'cancel-wait' })
})

test('delays grow, are never below half of the step nor above the bound', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempts, jitter) => {
      const delayMs = linkRetryDelayMs(attempts, jitter)
      assert.ok(delayMs >= 500 && delayMs <= LINK_RETRY_MAX_MS)
    }),
  )
})

test('whatever happens, a wanted link is up, being made, or waiting for its next attempt', () => {
  const event = fc.oneof(
    fc.constantFrom<LinkEvent>(
      { type: 'wanted' },
      { type: 'unwanted' },
      { type: 'up' },
      { type: 'down' },
      { type: 'due' },
      { type: 'wake' },
    ),
    fc.constant<LinkEvent>({ type: 'failed', jitter: 0.3 }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const { state } = run(events)
      assert.equal(state.wanted && state.phase === 'idle', false)
    }),
  )
})
