import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DepositEffect, DepositEvent } from '../../../../src/protocol/mailbox/deposit-event.ts'
import {
  type DepositState,
  INITIAL_DEPOSIT_STATE,
  receiptsOf,
  stepDeposit,
} from '../../../../src/protocol/mailbox/deposit-state.ts'
import {
  DAY_MS,
  DEPOSIT_ATTEMPTS_MAX,
  DEPOSIT_RETRY_MAX_MS,
  PROOF_MAX_BITS,
  REDEPOSIT_INTERVAL_MS,
} from '../../../../src/protocol/mailbox/letter-limits.ts'

const START_MS = 100 * DAY_MS + 3_600_000
const EXPIRES_MS = START_MS + 14 * DAY_MS

type Told = Exclude<DepositEffect, { type: 'deposit' | 'lookup' | 'seal' }>

function names(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `p${from + index}`)
}

/** A sender with one message; the test plays custodians and clock. */
class Sender {
  state: DepositState = INITIAL_DEPOSIT_STATE
  nowMs = START_MS
  readonly effects: DepositEffect[] = []

  /** Fills in the moment. */
  on(event: { type: DepositEvent['type']; [key: string]: unknown }): readonly DepositEffect[] {
    const [state, effects] = stepDeposit(this.state, { nowMs: this.nowMs, jitter: 0.5, ...event } as DepositEvent)
    this.state = state
    this.effects.push(...effects)
    return effects
  }

  start(): this {
    this.on({ type: 'start', expiresMs: EXPIRES_MS, storedBefore: false, notBeforeMs: 0 })
    this.on({ type: 'sealed' })
    return this
  }

  /** Answers the lookup; gives the custodians that are asked. */
  found(peers: readonly string[], spares: readonly string[] = []): readonly string[] {
    return deposits(this.on({ type: 'custodians', peers, spares }))
  }

  receipts(peers: readonly string[]): readonly DepositEffect[] {
    return peers.flatMap((peerId) => this.on({ type: 'receipt', peerId }))
  }

  /** Lets the time come that the state waits for. */
  wait(): readonly DepositEffect[] {
    this.nowMs = this.state.dueMs
    return this.on({ type: 'due' })
  }

  told(): readonly Told[] {
    return this.effects.filter((effect): effect is Told => !['deposit', 'lookup', 'seal'].includes(effect.type))
  }
}

function deposits(effects: readonly DepositEffect[]): readonly string[] {
  return effects.flatMap((effect) => (effect.type === 'deposit' ? [effect.peerId] : []))
}

test('a letter is sealed for the mailbox of the day, its custodians are looked up, and all ten are asked at once', () => {
  const sender = new Sender()
  const event = { type: 'start', expiresMs: EXPIRES_MS, storedBefore: false, notBeforeMs: 0 } as const
  assert.deepEqual(sender.on(event), [{ type: 'seal', day: 100 }])
  assert.deepEqual(sender.on({ type: 'sealed' }), [{ type: 'lookup', day: 100 }])
  assert.deepEqual(sender.found(names(12)), names(10))
})

test('stored is told at the sixth of ten receipts, once, and later receipts go on counting', () => {
  const sender = new Sender().start()
  sender.found(names(10))
  assert.deepEqual(sender.receipts(names(5)), [])
  assert.deepEqual(sender.receipts(['p5']), [{ type: 'stored', receipts: 6, of: 10 }])
  assert.deepEqual(sender.receipts(['p5', 'p6']), [{ type: 'receipts', receipts: 7, of: 10 }])
})

test('where fewer custodians exist all of them are needed, at least one', () => {
  for (const [count, needed] of [
    [1, 1],
    [3, 3],
    [6, 6],
    [8, 6],
  ] as const) {
    const sender = new Sender().start()
    sender.found(names(count))
    assert.deepEqual(sender.receipts(names(needed - 1)), [])
    assert.deepEqual(sender.receipts([`p${needed - 1}`]), [{ type: 'stored', receipts: needed, of: count }])
  }
  const alone = new Sender().start()
  alone.found([])
  assert.deepEqual([alone.state.phase, alone.told()], ['resting', []])
  assert.ok(alone.state.dueMs < alone.nowMs + 60_000)
})

test('the next closest take the place of custodians that are unreachable, keep nothing or refuse', () => {
  const sender = new Sender().start()
  sender.found(names(10), names(3, 10))
  assert.deepEqual(deposits(sender.on({ type: 'unreachable', peerId: 'p0' })), ['p10'])
  assert.deepEqual(deposits(sender.on({ type: 'refused', peerId: 'p1', reason: 'no-storage' })), ['p11'])
  assert.deepEqual(deposits(sender.on({ type: 'refused', peerId: 'p2', reason: 'refused' })), ['p12'])
  assert.deepEqual(deposits(sender.on({ type: 'unreachable', peerId: 'p3' })), [])
  assert.deepEqual(deposits(sender.on({ type: 'unreachable', peerId: 'p3' })), [])
})

test('a receipt that comes after the custodian was given up counts', () => {
  const sender = new Sender().start()
  sender.found(names(6))
  sender.on({ type: 'unreachable', peerId: 'p0' })
  assert.deepEqual(sender.receipts(names(6)), [{ type: 'stored', receipts: 6, of: 6 }])
})

test('too few receipts: the round is repeated, only those without the letter are asked, and the dead are left out', () => {
  const sender = new Sender().start()
  sender.found(names(5))
  sender.receipts(['p0', 'p1'])
  for (const peerId of ['p2', 'p3', 'p4']) {
    sender.on({ type: 'unreachable', peerId })
  }
  assert.deepEqual([sender.state.phase, sender.told()], ['resting', []])
  assert.deepEqual(sender.wait(), [{ type: 'lookup', day: 100 }])
  assert.deepEqual(sender.found(names(5)), ['p2', 'p3', 'p4'])
  sender.on({ type: 'unreachable', peerId: 'p2' })
  sender.on({ type: 'unreachable', peerId: 'p3' })
  assert.deepEqual(sender.on({ type: 'unreachable', peerId: 'p4' }), [{ type: 'stored', receipts: 2, of: 2 }])
})

test('a custodian that asks for work is asked again with it; one that asks for more and more, or too much, is left', () => {
  const refused = { type: 'refused', peerId: 'p0', reason: 'proof-of-work-required' } as const
  const sender = new Sender().start()
  sender.found(['p0'])
  const again = [{ type: 'deposit', peerId: 'p0', difficultyBits: 17 }]
  assert.deepEqual(sender.on({ ...refused, difficultyBits: 17 }), again)
  assert.deepEqual(sender.on({ ...refused, difficultyBits: 17 }), [])
  assert.equal(sender.state.targets[0]?.outcome, 'refused')
  const other = new Sender().start()
  other.found(['p0'])
  other.on({ ...refused, difficultyBits: PROOF_MAX_BITS + 1 })
  assert.equal(other.state.targets[0]?.outcome, 'refused')
})

test('a custodian that limits the rate is asked again later and a bounded number of times', () => {
  const sender = new Sender().start()
  sender.found(['p0'])
  const refused = { type: 'refused', peerId: 'p0', reason: 'rate-limited', retryAfterMs: 90_000 } as const
  sender.on(refused)
  assert.equal(sender.state.dueMs, sender.nowMs + 90_000)
  assert.deepEqual(deposits(sender.wait()), ['p0'])
  for (let attempt = 2; attempt < DEPOSIT_ATTEMPTS_MAX; attempt++) {
    sender.on({ ...refused, retryAfterMs: 1e12 })
    assert.ok(sender.state.dueMs - sender.nowMs <= 600_000)
    assert.deepEqual(deposits(sender.wait()), ['p0'])
  }
  sender.on(refused)
  assert.equal(sender.state.targets[0]?.outcome, 'refused')
})

test('a mailbox that is full everywhere is told once, and tried again ever more rarely, the next day in the next mailbox', () => {
  const sender = new Sender().start()
  let lookups = 0
  while (sender.state.day === 100) {
    sender.found(names(3))
    lookups++
    for (const peerId of names(3)) {
      sender.on({ type: 'refused', peerId, reason: 'mailbox-full' })
    }
    assert.ok(sender.state.dueMs - sender.nowMs <= DEPOSIT_RETRY_MAX_MS)
    sender.wait()
  }
  assert.deepEqual(sender.told(), [{ type: 'refused', reason: 'mailbox-full' }])
  assert.deepEqual(sender.effects.at(-1), { type: 'seal', day: 101 })
  assert.ok(lookups < 50)
})

test('too large fails at once when everybody says so, not when one does', () => {
  const sender = new Sender().start()
  sender.found(['p0', 'p1'])
  sender.on({ type: 'refused', peerId: 'p0', reason: 'too-large' })
  assert.deepEqual(sender.told(), [])
  sender.on({ type: 'refused', peerId: 'p1', reason: 'too-large' })
  assert.deepEqual(sender.told(), [{ type: 'failed', reason: 'too-large' }])
})

test('a stored letter is sealed and deposited again every 22 hours in that day’s mailbox, and told stored only once', () => {
  const sender = new Sender().start()
  sender.found(names(10))
  sender.receipts(names(10))
  assert.equal(sender.state.dueMs, START_MS + REDEPOSIT_INTERVAL_MS)
  assert.deepEqual(sender.on({ type: 'network-changed' }), [])
  assert.deepEqual(sender.wait(), [{ type: 'seal', day: 100 }])
  sender.on({ type: 'sealed' })
  assert.deepEqual(sender.found(names(10)), names(10))
  sender.receipts(names(10))
  assert.deepEqual(sender.wait(), [{ type: 'seal', day: 101 }])
  assert.equal(sender.told().filter(({ type }) => type === 'stored').length, 1)
})

test('after a restart a stored message waits for its time, whatever the network does, and a clock put back does not hold it', () => {
  const sender = new Sender()
  const notBeforeMs = START_MS + 5_000
  sender.on({ type: 'start', expiresMs: EXPIRES_MS, storedBefore: true, notBeforeMs })
  assert.deepEqual([sender.on({ type: 'network-changed' }), sender.state.dueMs], [[], notBeforeMs])
  assert.deepEqual(sender.wait(), [{ type: 'seal', day: 100 }])
  const other = new Sender()
  const later = { storedBefore: true, notBeforeMs: START_MS + 30 * DAY_MS }
  assert.deepEqual(other.on({ type: 'start', expiresMs: EXPIRES_MS, ...later }), [{ type: 'seal', day: 100 }])
})

test('a change of network tries again at once what failed', () => {
  const sender = new Sender().start()
  sender.on({ type: 'lookup-failed' })
  assert.deepEqual(sender.on({ type: 'network-changed' }), [{ type: 'lookup', day: 100 }])
  const unsealed = new Sender()
  unsealed.on({ type: 'start', expiresMs: EXPIRES_MS, storedBefore: false, notBeforeMs: 0 })
  unsealed.on({ type: 'not-sealed' })
  assert.deepEqual(unsealed.wait(), [{ type: 'seal', day: 100 }])
})

test('at its expiry a message fails once; after an acknowledgement nothing happens any more', () => {
  const sender = new Sender().start()
  sender.nowMs = EXPIRES_MS
  assert.deepEqual(sender.on({ type: 'due' }), [{ type: 'failed', reason: 'expired' }])
  assert.deepEqual(sender.on({ type: 'due' }), [])
  const acknowledged = new Sender().start()
  acknowledged.on({ type: 'acknowledged' })
  acknowledged.nowMs = EXPIRES_MS
  assert.deepEqual(acknowledged.on({ type: 'due' }), [])
  const late = new Sender()
  const start = { type: 'start', expiresMs: START_MS, storedBefore: true, notBeforeMs: 0 } as const
  assert.deepEqual(late.on(start), [{ type: 'failed', reason: 'expired' }])
})

test('whatever custodians answer in whatever order: stored at most once and with enough receipts, and an end by expiry', () => {
  const answer = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ type: 'receipt' as const }) },
    { weight: 3, arbitrary: fc.constant({ type: 'unreachable' as const }) },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('refused' as const),
        reason: fc.constantFrom(
          'mailbox-full',
          'too-large',
          'rate-limited',
          'proof-of-work-required',
          'no-storage',
          'refused',
        ),
        difficultyBits: fc.integer({ min: 0, max: 40 }),
      }),
    },
  )
  const world = fc.record({
    answers: fc.array(answer, { minLength: 1, maxLength: 60 }),
    order: fc.array(fc.nat(30), { minLength: 1, maxLength: 60 }),
    size: fc.nat(14),
    failLookups: fc.boolean(),
  })
  fc.assert(
    fc.property(world, ({ answers, order, size, failLookups }) => {
      const sender = new Sender()
      const open: string[] = []
      let [sealing, looking, turn] = [false, false, 0]
      const take = (effects: readonly DepositEffect[]): void => {
        for (const effect of effects) {
          sealing ||= effect.type === 'seal'
          looking ||= effect.type === 'lookup'
          if (effect.type === 'seal') {
            open.length = 0
          } else if (effect.type === 'deposit') {
            assert.ok(!open.includes(effect.peerId), 'one request at a time to one custodian')
            open.push(effect.peerId)
          } else if (effect.type === 'stored') {
            const { receipts, of } = receiptsOf(sender.state)
            assert.deepEqual([effect.receipts, effect.of], [receipts, of])
            assert.ok(receipts >= Math.max(1, Math.min(6, of)))
          }
        }
      }
      take(sender.on({ type: 'start', expiresMs: EXPIRES_MS, storedBefore: false, notBeforeMs: 0 }))
      while (sender.state.phase !== 'ended') {
        turn++
        assert.ok(turn < 200_000, 'comes to an end')
        const [peerId] = open.splice((order[turn % order.length] ?? 0) % Math.max(1, open.length), 1)
        if (sealing) {
          sealing = false
          take(sender.on({ type: turn % 7 === 0 ? 'not-sealed' : 'sealed' }))
        } else if (looking) {
          looking = false
          const peers = names(Math.min(10, size))
          const found = { type: 'custodians', peers, spares: names(Math.max(0, size - 10), 10) } as const
          take(sender.on(failLookups && turn % 3 === 0 ? { type: 'lookup-failed' } : found))
        } else if (peerId !== undefined) {
          take(sender.on({ peerId, ...(answers[turn % answers.length] ?? { type: 'unreachable' }) }))
        } else {
          assert.ok(sender.state.dueMs <= EXPIRES_MS, 'something is always due')
          take(sender.wait())
        }
        assert.ok(sender.state.targets.length <= 20)
      }
      assert.ok(sender.told().filter(({ type }) => type === 'stored').length <= 1)
      assert.deepEqual(sender.told().at(-1)?.type, 'failed')
      assert.equal(sender.told().filter(({ type }) => type === 'failed').length, 1)
    }),
    { numRuns: 100 },
  )
})
