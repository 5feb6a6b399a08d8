import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  inbound,
  isAsking,
  isPendingIn,
  outbound,
  type SubscriptionState,
  type SubscriptionType,
  sendsPresenceTo,
  subscriptionOf,
} from '../../../src/xmpp/subscription-state.ts'

// The tables of RFC 6121 §A.2 and §A.3, row by row: state, type | passed on (or auto-reply) | new state.
const OUTBOUND = `
none                subscribe    yes none-pending-out
none-pending-out    subscribe    yes none-pending-out
none-pending-in     subscribe    yes none-pending-out-in
none-pending-out-in subscribe    yes none-pending-out-in
to                  subscribe    yes to
to-pending-in       subscribe    yes to-pending-in
from                subscribe    yes from-pending-out
from-pending-out    subscribe    yes from-pending-out
both                subscribe    yes both
none                unsubscribe  yes none
none-pending-out    unsubscribe  yes none
none-pending-in     unsubscribe  yes none-pending-in
none-pending-out-in unsubscribe  yes none-pending-in
to                  unsubscribe  yes none
to-pending-in       unsubscribe  yes none-pending-in
from                unsubscribe  yes from
from-pending-out    unsubscribe  yes from
both                unsubscribe  yes from
none                subscribed   no  none
none-pending-out    subscribed   no  none-pending-out
none-pending-in     subscribed   yes from
none-pending-out-in subscribed   yes from-pending-out
to                  subscribed   no  to
to-pending-in       subscribed   yes both
from                subscribed   no  from
from-pending-out    subscribed   no  from-pending-out
both                subscribed   no  both
none                unsubscribed no  none
none-pending-out    unsubscribed no  none-pending-out
none-pending-in     unsubscribed yes none
none-pending-out-in unsubscribed yes none-pending-out
to                  unsubscribed no  to
to-pending-in       unsubscribed yes to
from                unsubscribed yes none
from-pending-out    unsubscribed yes none-pending-out
both                unsubscribed yes to
`

const INBOUND = `
none                subscribe    yes   none-pending-in
none-pending-out    subscribe    yes   none-pending-out-in
none-pending-in     subscribe    no    none-pending-in
none-pending-out-in subscribe    no    none-pending-out-in
to                  subscribe    yes   to-pending-in
to-pending-in       subscribe    no    to-pending-in
from                subscribe    reply from
from-pending-out    subscribe    reply from-pending-out
both                subscribe    reply both
none                unsubscribe  no    none
none-pending-out    unsubscribe  no    none-pending-out
none-pending-in     unsubscribe  yes   none
none-pending-out-in unsubscribe  yes   none-pending-out
to                  unsubscribe  no    to
to-pending-in       unsubscribe  yes   to
from                unsubscribe  yes   none
from-pending-out    unsubscribe  yes   none-pending-out
both                unsubscribe  yes   to
none                subscribed   no    none
none-pending-out    subscribed   yes   to
none-pending-in     subscribed   no    none-pending-in
none-pending-out-in subscribed   yes   to-pending-in
to                  subscribed   no    to
to-pending-in       subscribed   no    to-pending-in
from                subscribed   no    from
from-pending-out    subscribed   yes   both
both                subscribed   no    both
none                unsubscribed no    none
none-pending-out    unsubscribed yes   none
none-pending-in     unsubscribed no    none-pending-in
none-pending-out-in unsubscribed yes   none-pending-in
to                  unsubscribed yes   none
to-pending-in       unsubscribed yes   none-pending-in
from                unsubscribed no    from
from-pending-out    unsubscribed yes   from
both                unsubscribed yes   from
`

type Line = [state: SubscriptionState, type: SubscriptionType, passed: string, next: SubscriptionState]
const rows = (table: string): Line[] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.split(/ +/) as Line)

test('outbound subscription stanzas follow RFC 6121 §A.2', () => {
  assert.equal(rows(OUTBOUND).length, 36)
  for (const [state, type, passed, next] of rows(OUTBOUND)) {
    assert.deepEqual(outbound(state, type), { state: next, route: passed === 'yes' }, `${state} ${type}`)
  }
})

test('inbound subscription stanzas follow RFC 6121 §A.3', () => {
  assert.equal(rows(INBOUND).length, 36)
  for (const [state, type, passed, next] of rows(INBOUND)) {
    const expected = { state: next, deliver: passed === 'yes' }
    const reply = passed === 'reply' ? { autoReply: 'subscribed' } : {}
    assert.deepEqual(inbound(state, type), { ...expected, ...reply }, `${state} ${type}`)
  }
})

test('a state says what the roster shows and who gets presence', () => {
  const facts = (
    [
      'none',
      'none-pending-out',
      'none-pending-in',
      'none-pending-out-in',
      'to',
      'to-pending-in',
      'from',
      'from-pending-out',
      'both',
    ] as const
  ).map((state) => [subscriptionOf(state), isAsking(state), isPendingIn(state), sendsPresenceTo(state)])
  assert.deepEqual(facts, [
    ['none', false, false, false],
    ['none', true, false, false],
    ['none', false, true, false],
    ['none', true, true, false],
    ['to', false, false, false],
    ['to', false, true, false],
    ['from', false, false, true],
    ['from', true, false, true],
    ['both', false, false, true],
  ])
})

test('two servers agree on every subscription after any exchange of stanzas', () => {
  // Alice asks, Bob accepts, Bob asks, Alice accepts, Alice cancels what Bob gets, Bob stops asking for hers.
  let [alice, bob]: SubscriptionState[] = ['none', 'none']
  const send = (from: 'alice' | 'bob', type: SubscriptionType): void => {
    const sent = outbound((from === 'alice' ? alice : bob) as SubscriptionState, type)
    const received = inbound((from === 'alice' ? bob : alice) as SubscriptionState, type)
    ;[alice, bob] = from === 'alice' ? [sent.state, received.state] : [received.state, sent.state]
  }
  send('alice', 'subscribe')
  assert.deepEqual([alice, bob], ['none-pending-out', 'none-pending-in'])
  send('bob', 'subscribed')
  send('bob', 'subscribe')
  send('alice', 'subscribed')
  assert.deepEqual([alice, bob], ['both', 'both'])
  send('alice', 'unsubscribed')
  assert.deepEqual([alice, bob], ['to', 'from'])
  send('alice', 'unsubscribe')
  assert.deepEqual([alice, bob], ['none', 'none'])
})
