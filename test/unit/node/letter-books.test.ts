import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import { LetterCustody } from '../../../src/node/letter-custody.ts'
import { letterBytesTable, lettersTable, tombstonesTable } from '../../../src/node/tables/letters.ts'
import type { DepositRequest } from '../../../src/protocol/mailbox/letter-keeper.ts'
import { LETTER_OVERHEAD_BYTES } from '../../../src/protocol/mailbox/letter-limits.ts'
import { nodeSchema } from '../../../src/schema.ts'
import { StoreError } from '../../../src/system/store.ts'
import { toHex } from '../../../src/util/bytes.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { depositOf, mailboxOf, permitFor, said, sealedLetter, tombstoneOf } from './letter-maker.ts'
import { DAY_MS } from './record-world.ts'

const MAILBOXES = ['bob', 'carol', 'dave'].map((name) => mailboxOf(name))
const PERMITS = MAILBOXES.map(permitFor)

type Act =
  | { readonly type: 'deposit'; readonly who: number; readonly kind: 'permit' | 'stranger'; readonly size: number }
  | { readonly type: 'again' | 'acknowledge'; readonly which: number }
  | { readonly type: 'drop'; readonly who: number }
  | { readonly type: 'wait'; readonly days: number }
  | { readonly type: 'fail' | 'commit' | 'crash' }

const who = fc.nat(MAILBOXES.length - 1)
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('deposit'),
      who,
      kind: fc.constantFrom('permit', 'stranger'),
      size: fc.constantFrom(1, 2048, 16_384),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('again', 'acknowledge'), which: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('drop'), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('wait'), days: fc.constantFrom(1, 5) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('fail', 'commit', 'crash') }) },
) as fc.Arbitrary<Act>

/** One custodian with little storage, to which everything happens. */
class Custodian {
  readonly clock = new VirtualClock()
  store = new MemoryStore(nodeSchema, { clock: this.clock, commitDelayMs: 2 })
  letters = this.#letters()
  readonly requests: DepositRequest[] = []
  /** Ids of contacts' letters that were answered for, with their expiry. */
  readonly owed = new Map<string, number>()
  /** Ids of letters that may be gone: acknowledged or dropped. Strangers' letters may always be. */
  readonly excused = new Set<string>()
  /** What no failing disk explains. */
  readonly faults: unknown[] = []
  #pending: Promise<void>[] = []

  async do(what: Act): Promise<void> {
    const { letters } = this
    if (what.type === 'deposit') {
      const mailbox = MAILBOXES[what.who]!
      const permit = what.kind === 'permit' ? { permit: PERMITS[what.who]! } : {}
      const request = depositOf(mailbox, { ...permit, letter: sealedLetter(what.size) })
      this.requests.push(request)
      this.#deposit(request)
    } else if (what.type === 'again') {
      const request = this.requests[what.which]
      request && this.#deposit(request)
    } else if (what.type === 'acknowledge') {
      const request = this.requests[what.which]
      const mailbox = MAILBOXES.find(({ publicKey }) => publicKey === request?.mailboxKey)
      if (request !== undefined && mailbox !== undefined) {
        this.excused.add(toHex(request.letterId))
        this.#await(letters.acknowledge(mailbox.publicKey, [tombstoneOf(mailbox, request.letterId)], 'bob'))
      }
    } else if (what.type === 'drop') {
      const key = MAILBOXES[what.who]!.publicKey
      for (const { letterId, mailboxKey } of this.requests) {
        mailboxKey === key && this.excused.add(toHex(letterId))
      }
      this.#await(letters.drop(toHex(key)))
    } else if (what.type === 'wait') {
      await this.settle()
      await this.clock.advance(what.days * DAY_MS)
    } else if (what.type === 'fail') {
      this.store.failNextCommit('full')
    } else if (what.type === 'commit') {
      await this.settle()
    } else {
      await this.restart()
    }
  }

  async settle(): Promise<void> {
    await this.clock.run(Promise.allSettled(this.#pending.splice(0)))
    assert.deepEqual(this.faults, [])
  }

  /** What waits for a commit is never answered. */
  async restart(): Promise<void> {
    this.#pending = []
    const stopping = this.letters.stop()
    this.store = this.store.crash()
    this.letters = this.#letters()
    await this.clock.run(Promise.all([this.letters.start(), stopping]))
  }

  check(): void {
    const { read } = this.store
    const rows = read.list(lettersTable)
    const status = this.letters.status()
    assert.equal(status.letters, rows.length)
    assert.equal(
      status.bytes,
      rows.reduce((sum, { size }) => sum + size + LETTER_OVERHEAD_BYTES, 0),
    )
    assert.equal(status.tombstones, read.count(tombstonesTable))
    assert.ok(status.bytes <= status.limitBytes)
    assert.deepEqual(
      read.list(letterBytesTable).map(({ arrival }) => arrival),
      rows.map(({ arrival }) => arrival),
    )
    const mailboxes = [...rows, ...read.list(tombstonesTable)].map(({ mailbox }) => toHex(mailbox))
    assert.equal(status.mailboxes, new Set(mailboxes).size)
    const present = new Set(rows.map(({ letter_id }) => toHex(letter_id)))
    for (const [id, expiresMs] of this.owed) {
      const isOver = this.excused.has(id) || expiresMs <= this.clock.wallMs()
      assert.ok(isOver || present.has(id), 'a letter that was answered for is lost')
    }
  }

  #deposit(request: DepositRequest): void {
    const deposited = this.letters.deposit(request).then((outcome) => {
      assert.ok(['kept', 'no-storage', 'mailbox-full', 'rate-limited'].includes(said(outcome)))
      const id = toHex(request.letterId)
      if ('kept' in outcome && request.credential.permit !== undefined && !this.excused.has(id)) {
        const rows = this.store.read.list(lettersTable)
        assert.ok(
          rows.some(({ letter_id }) => toHex(letter_id) === id),
          'it is answered for and not there',
        )
        this.owed.set(id, outcome.kept.expiresMs)
      }
    })
    this.#await(deposited)
  }

  #await(promise: Promise<unknown>): void {
    const settled = promise.then(
      () => {},
      (error: unknown) => {
        if (!(error instanceof StoreError)) {
          this.faults.push(error)
        }
      },
    )
    this.#pending.push(settled)
  }

  #letters(): LetterCustody {
    const { clock, store } = this
    const custodians = { includes: async () => false }
    return new LetterCustody({ clock, store, custodians, logger: new RecordingLogger() }, { storageBytes: 100_000 })
  }
}

describe('the books of letters', () => {
  it('agree with the disk, and nothing that was answered for is lost, whatever fails or crashes', async () => {
    const acts = fc.array(act, { minLength: 5, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(acts, async (plan) => {
        const custodian = new Custodian()
        await custodian.clock.run(custodian.letters.start())
        for (const what of plan) {
          await custodian.do(what)
        }
        await custodian.settle()
        custodian.check()
        await custodian.restart()
        custodian.check()
      }),
      { numRuns: 400 },
    )
  })
})
