import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StatePair } from './state-pair.ts'

const side = fc.constantFrom<0 | 1>(0, 1)
const kept = fc.constantFrom(0, 1, 1000)

type Act =
  | { readonly act: 'send'; readonly at: 0 | 1 }
  | { readonly act: 'arrive'; readonly at: 0 | 1; readonly which: number; readonly count: number }
  | { readonly act: 'handle'; readonly at: 0 | 1; readonly which: number }
  | { readonly act: 'fail'; readonly at: 0 | 1 }
  | { readonly act: 'dial'; readonly at: 0 | 1 }
  | { readonly act: 'break'; readonly at: 0 | 1; readonly keep: number }
  | { readonly act: 'restart'; readonly at: 0 | 1 }
  | { readonly act: 'wait'; readonly ms: number }

const smooth: fc.WeightedArbitrary<Act>[] = [
  { weight: 16, arbitrary: fc.record({ act: fc.constant('send' as const), at: side }) },
  {
    weight: 16,
    arbitrary: fc.record({ act: fc.constant('arrive' as const), at: side, which: fc.nat(3), count: fc.nat(6) }),
  },
  { weight: 8, arbitrary: fc.record({ act: fc.constant('handle' as const), at: side, which: fc.nat(4) }) },
  { weight: 9, arbitrary: fc.record({ act: fc.constant('dial' as const), at: side }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('break' as const), at: side, keep: fc.nat(4) }) },
]
const rough: fc.WeightedArbitrary<Act>[] = [
  ...smooth,
  { weight: 9, arbitrary: fc.record({ act: fc.constant('fail' as const), at: side }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('restart' as const), at: side }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.constantFrom(1000, 11_000, 31_000) }) },
]

const RUNS = 1000

/** Long ones: left to itself fast-check gives five acts on average, in which hardly anything is ever under way. */
function history(acts: fc.WeightedArbitrary<Act>[]): fc.Arbitrary<Act[]> {
  return fc.array(fc.oneof(...acts), { minLength: 100, maxLength: 300, size: 'max' })
}

/** How often something happened in all runs together, so that a property cannot pass for want of events. */
class Coverage {
  readonly counts: Record<string, number> = {}

  add(pair: StatePair): void {
    for (const { delivered, lost, opened, failed, moved } of pair.sides) {
      this.#count('moved', moved)
      this.#count('delivered', delivered.length)
      this.#count('lost', lost.length)
      this.#count('resumed', opened.filter((resumed) => resumed).length)
      this.#count('anew', Math.max(0, opened.filter((resumed) => !resumed).length - 1))
      this.#count('failed', failed.size)
    }
  }

  /** Each at least once in two runs on average. */
  assertAll(...names: string[]): void {
    for (const name of names) {
      assert.ok((this.counts[name] ?? 0) >= RUNS / 2, `${name} only ${this.counts[name]} times in ${RUNS} runs`)
    }
  }

  #count(name: string, times: number): void {
    this.counts[name] = (this.counts[name] ?? 0) + times
  }
}

function perform(pair: StatePair, one: Act): void {
  switch (one.act) {
    case 'send':
      pair.send(one.at)
      break
    case 'arrive':
      pair.arrive(one.at, one.which, one.count)
      break
    case 'handle':
      pair.handle(one.at, one.which, true)
      break
    case 'fail':
      pair.handle(one.at, 0, false)
      break
    case 'dial':
      pair.dial(one.at)
      break
    case 'break':
      pair.breakStream(one.at, one.keep)
      break
    case 'restart':
      pair.restart(one.at)
      break
    case 'wait':
      pair.tick(one.ms)
  }
}

/** No more hardship: streams are dialled and everything arrives and is handled. */
function settle(pair: StatePair): void {
  for (let round = 0; round < 30; round++) {
    for (const index of [0, 1] as const) {
      for (let i = 0; i < 20; i++) {
        pair.arrive(index, i, 1000)
      }
      while (pair.sides[index].pending.length > 0) {
        pair.handle(index, 0, true)
      }
    }
    if (pair.sides[0].state.phase === 'detached' || pair.sides[0].state.phase === 'closed') {
      pair.dial(0)
    }
  }
}

function firstOccurrences(numbers: readonly number[]): number[] {
  return [...new Set(numbers)]
}

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b)

test('whatever breaks, fails or restarts: settled once, acknowledged only if handled, never reordered', () => {
  const coverage = new Coverage()
  fc.assert(
    fc.property(history(rough), fc.constantFrom(0, 2 ** 32 - 3), kept, (acts, firstCount, keptAtAbort) => {
      const pair = new StatePair(firstCount, keptAtAbort)
      const restarted = new Set<number>()
      const sentBefore = [0, 0]
      pair.dial(0)
      for (const one of acts) {
        if (one.act === 'restart') {
          restarted.add(one.at)
          sentBefore[one.at] = pair.sides[one.at].sent
        }
        perform(pair, one)
      }
      settle(pair)
      coverage.add(pair)
      for (const [sender, receiver] of [
        [pair.sides[0], pair.sides[1]],
        [pair.sides[1], pair.sides[0]],
      ] as const) {
        assert.equal(sender.state.phase, 'up')
        const settled = [...sender.acknowledged, ...sender.lost]
        assert.equal(new Set(settled).size, settled.length, 'settled once')
        // What a side had under way when it forgot everything is settled by nobody.
        for (let number = sentBefore[sender.index]!; number < sender.sent; number++) {
          assert.ok(settled.includes(number), `${number} is settled`)
        }
        for (const number of sender.acknowledged) {
          assert.ok(receiver.handled.has(number), `${number} was acknowledged and handled`)
        }
        const first = firstOccurrences(receiver.delivered)
        assert.deepEqual(first, sorted(first), 'first occurrences in order')
        for (const number of first) {
          const times = receiver.delivered.filter((one) => one === number).length
          assert.ok(times === 1 || receiver.failed.has(number), `${number} came ${times} times`)
        }
      }
    }),
    { numRuns: RUNS },
  )
  coverage.assertAll('delivered', 'lost', 'resumed', 'anew', 'failed', 'moved')
})

test('with breaks and moves alone, half-noticed or at once: every stanza exactly once, in order, acknowledged', () => {
  const coverage = new Coverage()
  fc.assert(
    fc.property(history(smooth), kept, (acts, keptAtAbort) => {
      const pair = new StatePair(2 ** 32 - 3, keptAtAbort)
      pair.dial(0)
      pair.arrive(1, 0, 10)
      pair.arrive(0, 0, 10)
      for (const one of acts) {
        perform(pair, one)
      }
      settle(pair)
      coverage.add(pair)
      for (const [sender, receiver] of [
        [pair.sides[0], pair.sides[1]],
        [pair.sides[1], pair.sides[0]],
      ] as const) {
        const all = Array.from({ length: sender.sent }, (_, number) => number)
        assert.deepEqual(receiver.delivered, all)
        assert.deepEqual(sender.acknowledged, all)
        assert.deepEqual(sender.lost, [])
        assert.deepEqual(sender.opened.slice(1).includes(false), false)
      }
    }),
    { numRuns: RUNS },
  )
  coverage.assertAll('delivered', 'resumed', 'moved')
})

test('a session resumed twice counts on beyond 2^32', () => {
  const pair = new StatePair(2 ** 32 - 2)
  pair.dial(0)
  settle(pair)
  for (let round = 0; round < 3; round++) {
    pair.send(0)
    pair.arrive(1, 0, 10)
    pair.breakStream(0, 0)
    settle(pair)
  }
  assert.deepEqual(pair.sides[1].delivered, [0, 1, 2])
  assert.deepEqual(pair.sides[0].acknowledged, [0, 1, 2])
  assert.deepEqual(pair.sides[0].opened, [false, true, true, true])
})

test('a session that never opened is closed without a word about it', () => {
  const pair = new StatePair()
  pair.dial(0)
  pair.tick(10_000)
  assert.equal(pair.sides[0].state.phase, 'closed')
  assert.deepEqual(pair.sides[0].opened, [])
})

test('a session closes when both sides have closed and everything was acknowledged', () => {
  const pair = new StatePair()
  pair.dial(0)
  settle(pair)
  pair.send(0)
  pair.send(1)
  pair.step(pair.sides[0], { type: 'close', nowMs: 0 })
  assert.equal(pair.sides[0].state.accepts(1), false)
  for (let round = 0; round < 4; round++) {
    pair.arrive(0, 0, 10)
    pair.arrive(1, 0, 10)
    pair.handle(0, 0, true)
    pair.handle(1, 0, true)
  }
  assert.deepEqual([pair.sides[0].closed, pair.sides[1].closed], [1, 1])
  assert.deepEqual([pair.sides[0].acknowledged, pair.sides[1].acknowledged], [[0], [0]])
  assert.deepEqual([pair.sides[0].lost, pair.sides[1].lost], [[], []])
})

test('a receipt of an earlier session counts for nothing in the next', () => {
  const pair = new StatePair()
  pair.dial(0)
  settle(pair)
  pair.send(0)
  pair.arrive(1, 0, 10)
  const [late] = pair.sides[1].pending.splice(0)
  pair.restart(0)
  pair.dial(0)
  settle(pair)
  pair.step(pair.sides[1], { type: 'handled', receipts: [late!.receipt] })
  pair.send(0)
  settle(pair)
  assert.deepEqual(pair.sides[0].acknowledged, [1])
})

for (const { title, orders } of [
  { title: 'Alice hears first', orders: [0, 1] },
  { title: 'Bob hears first', orders: [1, 0] },
] as const) {
  for (const keptAtAbort of [0, 1000]) {
    test(`both dial and both opens are under way, ${title}, ${keptAtAbort} signals survive an abort: Alice’s stream stays`, () => {
      const pair = new StatePair(0, keptAtAbort)
      pair.dial(0)
      pair.dial(1)
      for (let round = 0; round < 6; round++) {
        for (const index of orders) {
          pair.arrive(index, 0, 1)
          pair.arrive(index, 1, 1)
        }
      }
      const [alice, bob] = pair.sides
      assert.ok(alice.current !== undefined && alice.current === bob.current)
      assert.equal(alice.current.dialler, 0)
      assert.deepEqual([alice.opened, bob.opened], [[false], [false]])
      assert.deepEqual([alice.closed, bob.closed], [0, 0])
    })
  }
}
