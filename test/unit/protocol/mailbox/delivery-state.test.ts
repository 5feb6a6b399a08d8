import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type DeliveryEffect,
  type DeliveryEvent,
  type DeliveryState,
  INITIAL_DELIVERY_STATE,
  stepDelivery,
} from '../../../../src/protocol/mailbox/delivery-state.ts'
import { DIRECT_ACKNOWLEDGEMENT_MS } from '../../../../src/protocol/mailbox/letter-limits.ts'

const EXPIRES_MS = 1_000_000

function queued(linkUp: boolean, more: object = {}): DeliveryEvent {
  return { type: 'queued', nowMs: 0, expiresMs: EXPIRES_MS, storable: true, linkUp, phase: 'queued', ...more }
}

/** The types of the effects of each event in turn. */
function play(events: readonly DeliveryEvent[]): string[][] {
  let state = INITIAL_DELIVERY_STATE
  return events.map((event) => {
    const [next, effects] = stepDelivery(state, event)
    state = next
    return effects.map(({ type }) => type)
  })
}

const up: DeliveryEvent = { type: 'link-up', nowMs: 10 }
const down: DeliveryEvent = { type: 'link-down', nowMs: 20 }
const acknowledged: DeliveryEvent = { type: 'acknowledged' }
const stored: DeliveryEvent = { type: 'stored', receipts: 6, of: 10 }
const patience: DeliveryEvent = { type: 'due', nowMs: DIRECT_ACKNOWLEDGEMENT_MS }
const expiry: DeliveryEvent = { type: 'due', nowMs: EXPIRES_MS }
const tooLarge: DeliveryEvent = { type: 'deposit-failed', reason: 'too-large' }

test('direct delivery and deposit race as the protocol says', () => {
  const plays: [string, DeliveryEvent[], string[][]][] = [
    ['a link that is up is enough', [queued(true), acknowledged], [['send'], ['delivered']]],
    [
      'no link: deposit at once',
      [queued(false), stored, acknowledged],
      [['start-deposit'], ['stored'], ['stop-deposit', 'delivered']],
    ],
    [
      'no answer in two seconds: both',
      [queued(true), patience, acknowledged],
      [['send'], ['start-deposit'], ['stop-deposit', 'delivered']],
    ],
    ['the link breaks first: deposit', [queued(true), down, patience], [['send'], ['start-deposit'], []]],
    [
      'the recipient shows up: send too',
      [queued(false), stored, up, acknowledged],
      [['start-deposit'], ['stored'], ['send'], ['stop-deposit', 'delivered']],
    ],
    [
      'one deposit whatever the link does',
      [queued(false), up, down, up, down],
      [['start-deposit'], ['send'], [], ['send'], []],
    ],
    ['stored is told once', [queued(false), stored, stored], [['start-deposit'], ['stored'], []]],
    ['not after a restart either', [queued(false, { phase: 'stored' }), stored], [['start-deposit'], []]],
    [
      'at expiry it fails',
      [queued(false), stored, expiry, acknowledged],
      [['start-deposit'], ['stored'], ['stop-deposit', 'failed'], []],
    ],
    ['also when expired at start', [queued(true, { expiresMs: 0 })], [['failed']]],
    [
      'not storable: direct or not at all',
      [queued(false, { storable: false }), up, patience, expiry],
      [[], ['send'], [], ['failed']],
    ],
    [
      'too large for a letter still goes directly',
      [queued(false), tooLarge, up, acknowledged],
      [['start-deposit'], [], ['send'], ['delivered']],
    ],
    [
      'the deposit may be the first to see the expiry',
      [queued(false), { type: 'deposit-failed', reason: 'expired' }],
      [['start-deposit'], ['failed']],
    ],
  ]
  for (const [title, events, expected] of plays) {
    assert.deepEqual(play(events), expected, title)
  }
})

test('too large is the reason told at expiry', () => {
  const [waiting] = stepDelivery(INITIAL_DELIVERY_STATE, queued(false))
  const [state] = stepDelivery(waiting, tooLarge)
  assert.deepEqual(stepDelivery(state, expiry)[1], [{ type: 'failed', reason: 'too-large' }])
})

test('every message ends delivered or failed, once; stored is told once at most; a deposit that runs is stopped', () => {
  const event = fc.constantFrom(up, down, stored, tooLarge, patience, acknowledged)
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), fc.boolean(), fc.boolean(), (events, linkUp, storable) => {
      let state: DeliveryState = INITIAL_DELIVERY_STATE
      const effects: DeliveryEffect[] = []
      for (const each of [queued(linkUp, { storable }), ...events, expiry]) {
        const [next, more] = stepDelivery(state, each)
        state = next
        effects.push(...more)
        assert.ok(state.dueMs <= EXPIRES_MS || state.phase === 'delivered' || state.phase === 'failed')
      }
      const count = (type: DeliveryEffect['type']): number => effects.filter((effect) => effect.type === type).length
      assert.equal(count('delivered') + count('failed'), 1)
      assert.ok(['delivered', 'failed'].includes(effects.at(-1)?.type ?? ''))
      assert.ok(count('stored') <= 1 && count('start-deposit') <= (storable ? 1 : 0))
      assert.equal(count('stop-deposit'), state.deposit === 'running' ? 1 : 0)
    }),
  )
})
