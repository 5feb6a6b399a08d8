import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  forgetting,
  judged,
  NOTHING_KNOWN,
  type ReachabilityState,
  unsettled,
  verifiedAddresses,
  withAnswer,
} from '../../../../../src/os/reach/reachability/reachability-state.ts'

const ADDRESS = '/ip4/9.9.9.9/tcp/4001'

function round(
  state: ReachabilityState,
  answers: Readonly<Record<string, boolean>>,
  { atMs = 0, askable = Object.keys(answers).length } = {},
): ReachabilityState {
  let next = state
  for (const [network, reached] of Object.entries(answers)) {
    next = withAnswer(next, { address: ADDRESS, network, reached, atMs })
  }
  return judged(next, askable)
}

test('one dial-back makes an unknown node public, one failure makes it private if there is nobody else to ask', () => {
  assert.equal(round(NOTHING_KNOWN, { a: true }).reachability, 'public')
  assert.equal(round(NOTHING_KNOWN, { a: false }).reachability, 'private')
  assert.equal(round(NOTHING_KNOWN, { a: false }, { askable: 2 }).reachability, 'unknown')
  assert.equal(round(NOTHING_KNOWN, { a: false, b: false }).reachability, 'private')
  assert.equal(round(NOTHING_KNOWN, {}).reachability, 'unknown')
})

test('a success outweighs one failure and not two', () => {
  assert.equal(round(NOTHING_KNOWN, { a: true, b: false }).reachability, 'public')
  assert.equal(round(NOTHING_KNOWN, { a: true, b: false, c: false }).reachability, 'private')
})

test('what is known changes only when two rounds in a row say so', () => {
  const known = round(NOTHING_KNOWN, { a: true })
  const doubted = round(known, { a: false, b: false })
  assert.equal(doubted.reachability, 'public')
  assert.equal(round(doubted, { a: false, b: false }).reachability, 'private')
  const confirmed = round(doubted, { a: true, b: true })
  assert.equal(round(confirmed, { a: false, b: false }).reachability, 'public')
})

test('after a change of networks one round is enough, and what is said of kept addresses stays', () => {
  const known = round(NOTHING_KNOWN, { a: true })
  assert.deepEqual(verifiedAddresses(unsettled(known, () => true)), [ADDRESS])
  const moved = unsettled(known, () => false)
  assert.deepEqual([moved.reachability, verifiedAddresses(moved)], ['public', []])
  assert.equal(round(moved, { a: false }).reachability, 'private')
  assert.equal(unsettled(NOTHING_KNOWN, () => false).reachability, 'unknown')
})

test('a round without an answer changes nothing, not even the doubt', () => {
  const doubted = unsettled(round(NOTHING_KNOWN, { a: true }), () => false)
  assert.deepEqual(judged(doubted, 3), doubted)
})

test('answers get old by newer ones, not by silence; those about addresses that are gone go', () => {
  const known = round(NOTHING_KNOWN, { a: true, b: true, c: true })
  assert.deepEqual(verifiedAddresses(forgetting(known, new Set([ADDRESS]))), [ADDRESS])
  assert.deepEqual(verifiedAddresses(forgetting(known, new Set())), [])
  const later = round(known, { d: false }, { atMs: 3_600_000 })
  assert.deepEqual(verifiedAddresses(later), [ADDRESS])
  assert.deepEqual(verifiedAddresses(forgetting(later, new Set([ADDRESS]))), [])
})

const answer = fc.record({ address: fc.nat(20), network: fc.nat(40), reached: fc.boolean(), atMs: fc.nat(1_000_000) })

test('whatever is answered, what is kept is bounded and the reachability moves in no round by itself', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(answer, fc.constant('judge' as const)), { maxLength: 300 }), (steps) => {
      let state = NOTHING_KNOWN
      let contrary = 0
      for (const step of steps) {
        if (step === 'judge') {
          const before = state.reachability
          state = judged(state, 3)
          contrary = state.reachability === before ? contrary + 1 : 0
          assert.ok(state.contrary <= 1)
          assert.notEqual(before === 'unknown' ? '' : state.reachability, 'unknown')
        } else {
          const before = state.reachability
          state = withAnswer(state, { ...step, address: String(step.address), network: String(step.network) })
          assert.equal(state.reachability, before)
        }
        assert.ok(state.answers.size <= 8)
        assert.ok([...state.answers.values()].every((byNetwork) => byNetwork.size <= 8))
      }
    }),
  )
})

test('with all networks saying the same for two rounds, the verdict is theirs whatever was before', () => {
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 50 }), fc.boolean(), (earlier, reached) => {
      let state = NOTHING_KNOWN
      for (const step of earlier) {
        state = judged(withAnswer(state, { ...step, address: String(step.address), network: String(step.network) }), 3)
      }
      const addresses = [...state.answers.keys(), ADDRESS].slice(-8)
      for (let rounds = 0; rounds < 2; rounds++) {
        for (const address of addresses) {
          for (let network = 0; network < 8; network++) {
            state = withAnswer(state, { address, network: String(network + 100), reached, atMs: 2_000_000 + rounds })
          }
        }
        state = judged(forgetting(state, new Set(addresses)), 8)
      }
      assert.equal(state.reachability, reached ? 'public' : 'private')
    }),
  )
})
