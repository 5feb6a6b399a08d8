import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEPOSIT_RATES } from '../../../../src/protocol/mailbox/deposit-rate.ts'
import {
  DAY_MS,
  LETTER_MAX_BYTES,
  LETTER_OVERHEAD_BYTES,
  MAILBOX_MAX_BYTES,
  MAILBOX_MAX_ENTRIES,
  MAILBOX_MAX_LETTERS,
  PEER_DEPOSITS_BURST,
  PROOF_MAX_BITS,
  PROOF_MIN_BITS,
} from '../../../../src/protocol/mailbox/letter-limits.ts'
import { initialQuotaState, type QuotaState } from '../../../../src/protocol/mailbox/quota-books.ts'
import { proofDifficultyBits, type QuotaEffect, stepQuota } from '../../../../src/protocol/mailbox/quota-state.ts'

const KIB = 1024
const MIB = 1024 * KIB

interface Letter {
  mailbox: string
  bytes: number
  permit?: string | undefined
  storedMs: number
}

/** A custodian that keeps what it accepts and makes room as it is told. */
class Keeper {
  readonly letters: Letter[] = []
  readonly state: QuotaState
  nowMs = 100 * DAY_MS

  constructor(nodeMaxBytes = 512 * MIB, rates = { ...DEPOSIT_RATES, peerBurst: 1e9, networkBurst: 1e9 }) {
    this.state = initialQuotaState(nodeMaxBytes, rates)
  }

  ask(letter: Partial<Letter>, more: object = {}): QuotaEffect {
    const base = {
      mailbox: 'm',
      bytes: KIB,
      from: 'peer',
      network: undefined,
      replica: false,
      proofBits: PROOF_MAX_BITS,
    }
    const event = { type: 'deposit' as const, ...base, madeRoom: false, nowMs: this.nowMs, ...letter, ...more }
    const effect = stepQuota(this.state, event)
    assert.ok(effect !== undefined)
    return effect
  }

  deposit(letter: Partial<Letter>, more: object = {}): string {
    let effect = this.ask(letter, more)
    if (effect.type === 'make-room') {
      this.#makeRoom(effect)
      effect = this.ask(letter, { ...more, madeRoom: true })
    }
    if (effect.type === 'accept') {
      this.letters.push({ mailbox: 'm', bytes: KIB, storedMs: this.nowMs, ...letter })
    }
    return effect.type === 'refuse' ? effect.reason : effect.type
  }

  count(permit: string | undefined): number {
    return this.letters.filter((letter) => letter.permit === permit).length
  }

  #makeRoom(room: Extract<QuotaEffect, { type: 'make-room' }>): void {
    let { bytes, letters } = room
    for (const letter of [...this.letters]) {
      const fits = room.mailbox === undefined || room.mailbox === letter.mailbox
      if ((bytes > 0 || letters > 0) && fits && letter.permit === undefined && letter.storedMs < room.storedBeforeMs) {
        this.letters.splice(this.letters.indexOf(letter), 1)
        stepQuota(this.state, { type: 'removed', ...letter })
        bytes -= letter.bytes + LETTER_OVERHEAD_BYTES
        letters--
      }
    }
  }
}

test('a stranger who sends 100,000 letters fills the quarter, and contacts still store everything', () => {
  const keeper = new Keeper()
  const outcomes = new Set<string>()
  for (let count = 0; count < 100_000; count++) {
    outcomes.add(keeper.deposit({ bytes: 4 * KIB }))
  }
  assert.deepEqual([...outcomes], ['accept', 'mailbox-full'])
  assert.equal(keeper.count(undefined), MAILBOX_MAX_LETTERS / 4)
  for (const permit of ['alice', 'bob']) {
    for (let count = 0; count < MAILBOX_MAX_LETTERS / 2; count++) {
      assert.equal(keeper.deposit({ permit, bytes: 4 * KIB }), 'accept')
    }
  }
  assert.equal(keeper.count(undefined), 0)
  assert.equal(keeper.deposit({ permit: 'carol' }), 'mailbox-full')
})

test('one permit fills half of a mailbox at most, by letters and by bytes', () => {
  const keeper = new Keeper()
  for (let count = 0; count < 33; count++) {
    const outcome = keeper.deposit({ permit: 'alice', bytes: LETTER_MAX_BYTES })
    assert.equal(outcome, count < 32 ? 'accept' : 'mailbox-full')
  }
  assert.equal(keeper.deposit({ permit: 'bob', bytes: LETTER_MAX_BYTES }), 'accept')
})

test('letters that are too large, and any at a node that gives nothing, are refused', () => {
  assert.equal(new Keeper().deposit({ bytes: LETTER_MAX_BYTES + 1 }), 'too-large')
  assert.equal(new Keeper(0).deposit({ permit: 'alice' }), 'no-storage')
})

test('strangers without enough work learn how much it takes, which rises with their share and is bounded', () => {
  const keeper = new Keeper()
  const refused = { type: 'refuse', reason: 'proof-of-work-required', difficultyBits: PROOF_MIN_BITS }
  assert.deepEqual(keeper.ask({}, { proofBits: PROOF_MIN_BITS - 1 }), refused)
  let last = 0
  for (let count = 0; count < MAILBOX_MAX_LETTERS / 4; count++) {
    const bits = proofDifficultyBits(keeper.state, 'm')
    assert.ok(bits >= last && bits <= PROOF_MAX_BITS)
    assert.equal(keeper.deposit({}, { proofBits: bits }), 'accept')
    last = bits
  }
  assert.equal(proofDifficultyBits(keeper.state, 'm'), PROOF_MAX_BITS)
  assert.equal(proofDifficultyBits(keeper.state, 'other'), PROOF_MIN_BITS)
  assert.equal(keeper.deposit({ permit: 'alice' }, { proofBits: 0 }), 'accept')
  assert.equal(keeper.deposit({ mailbox: 'other' }, { replica: true, proofBits: PROOF_MIN_BITS }), 'accept')
})

test('deposits of one peer and of one /24 are limited, with the time to wait; replicas are not', () => {
  const keeper = new Keeper(512 * MIB, DEPOSIT_RATES)
  let accepted = 0
  for (let count = 0; count < 2 * PEER_DEPOSITS_BURST; count++) {
    accepted += keeper.ask({ mailbox: `m${count}`, permit: 'p' }).type === 'accept' ? 1 : 0
  }
  assert.equal(accepted, PEER_DEPOSITS_BURST)
  const refusal = keeper.ask({ permit: 'p' })
  assert.ok(refusal.type === 'refuse' && refusal.reason === 'rate-limited' && (refusal.retryAfterMs ?? 0) > 0)
  assert.equal(keeper.ask({ permit: 'p' }, { replica: true }).type, 'accept')
  keeper.nowMs += (refusal.type === 'refuse' && refusal.retryAfterMs) || 0
  assert.equal(keeper.ask({ permit: 'p' }).type, 'accept')
  let fromNetwork = 0
  for (let count = 0; count < 5_000; count++) {
    const from = { from: `peer-${count % 50}`, network: '203.0.113.0/24' }
    fromNetwork += keeper.ask({ mailbox: `n${count}`, permit: 'p' }, from).type === 'accept' ? 1 : 0
  }
  assert.equal(fromNetwork, DEPOSIT_RATES.networkBurst)
})

test('after the clock was put back nobody waits longer than a bucket takes to fill', () => {
  const keeper = new Keeper(512 * MIB, DEPOSIT_RATES)
  keeper.ask({ permit: 'p' })
  keeper.nowMs -= DAY_MS
  const effect = keeper.ask({ permit: 'p' })
  assert.ok(effect.type === 'accept' || (effect.type === 'refuse' && (effect.retryAfterMs ?? 0) <= 1_000))
})

test('one /24 with mailboxes and permits of its own cannot fill a node', () => {
  const keeper = new Keeper(64 * MIB)
  const network = '203.0.113.0/24'
  for (let count = 0; count < 2_000; count++) {
    keeper.deposit({ mailbox: `own-${count}`, permit: 'own', bytes: LETTER_MAX_BYTES }, { network, from: `p${count}` })
  }
  assert.ok(keeper.state.bytes <= 8 * MIB)
  assert.equal(keeper.deposit({ permit: 'alice' }, { network: '198.51.100.0/24' }), 'accept')
})

test('a full node makes room for contacts from the oldest strangers, and never from contacts', () => {
  const keeper = new Keeper(4 * MIB)
  for (let count = 0; count < 30; count++) {
    assert.equal(keeper.deposit({ mailbox: `s${count}`, bytes: 32 * KIB }, { from: `f${count}` }), 'accept')
    keeper.nowMs++
  }
  let contacts = 0
  while (
    keeper.deposit({ mailbox: `c${contacts}`, permit: 'p', bytes: 32 * KIB }, { from: `g${contacts}` }) === 'accept'
  ) {
    contacts++
    const strangers = keeper.letters.filter(({ permit }) => permit === undefined).map(({ mailbox }) => mailbox)
    assert.deepEqual(
      strangers,
      Array.from({ length: strangers.length }, (_, index) => `s${30 - strangers.length + index}`),
    )
  }
  assert.deepEqual([keeper.count(undefined), keeper.count('p')], [0, contacts])
  assert.ok(keeper.state.bytes <= 4 * MIB && keeper.state.bytes > 4 * MIB - 33 * KIB)
  assert.equal(keeper.deposit({ mailbox: 'late' }), 'no-storage')
})

test('a stranger displaces only strangers whose letters are a day old', () => {
  const keeper = new Keeper(4 * MIB)
  let first = 0
  while (keeper.deposit({ mailbox: `s${first}`, bytes: 32 * KIB }, { from: `f${first}` }) === 'accept') {
    first++
  }
  assert.ok(first * 33 * KIB <= MIB)
  assert.equal(keeper.deposit({ mailbox: 'late', bytes: 32 * KIB }), 'no-storage')
  keeper.nowMs += DAY_MS + 1
  assert.equal(keeper.deposit({ mailbox: 'late', bytes: 32 * KIB }), 'accept')
  assert.equal(keeper.letters[0]?.mailbox, 's1')
})

test('tombstones count, so that depositing and acknowledging one after the other comes to an end', () => {
  const keeper = new Keeper()
  let rounds = 0
  while (keeper.ask({ permit: 'own' }).type === 'accept') {
    stepQuota(keeper.state, { type: 'acknowledged', mailbox: 'm', bytes: KIB, permit: 'own' })
    rounds++
  }
  assert.equal(rounds, MAILBOX_MAX_ENTRIES)
  stepQuota(keeper.state, { type: 'tombstones', mailbox: 'm', count: -rounds })
  assert.equal(keeper.state.mailboxes.size, 0)
})

test('whatever comes and goes, the books agree with the letters and no bound is passed', () => {
  const act = fc.record({
    mailbox: fc.constantFrom('a', 'b'),
    permit: fc.constantFrom(undefined, 'p', 'q', 'r'),
    bytes: fc.integer({ min: 1, max: LETTER_MAX_BYTES }),
    remove: fc.boolean(),
    stepMs: fc.integer({ min: 0, max: DAY_MS }),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), fc.constantFrom(MIB, 3 * MIB, 64 * MIB), (acts, nodeMaxBytes) => {
      const keeper = new Keeper(nodeMaxBytes)
      for (const { remove, stepMs, ...letter } of acts) {
        keeper.nowMs += stepMs
        keeper.deposit(letter)
        const gone = remove ? keeper.letters.shift() : undefined
        if (gone !== undefined) {
          stepQuota(keeper.state, { type: 'removed', ...gone })
        }
        assert.ok(keeper.state.bytes <= nodeMaxBytes)
      }
      const sum = (letters: readonly Letter[]): number => letters.reduce((total, { bytes }) => total + bytes, 0)
      assert.equal(keeper.state.bytes, sum(keeper.letters) + keeper.letters.length * LETTER_OVERHEAD_BYTES)
      for (const [mailbox, usage] of keeper.state.mailboxes) {
        const own = keeper.letters.filter((letter) => letter.mailbox === mailbox)
        assert.deepEqual([usage.bytes, usage.letters], [sum(own), own.length])
        assert.ok(usage.bytes <= MAILBOX_MAX_BYTES && usage.strangerBytes <= MAILBOX_MAX_BYTES / 4)
        for (const { bytes, letters } of usage.permits) {
          assert.ok(bytes <= MAILBOX_MAX_BYTES / 2 && letters > 0)
        }
      }
    }),
  )
})
