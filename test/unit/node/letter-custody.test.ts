import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import type { MailboxKey } from '../../../src/identity/mailbox-key.ts'
import { LetterCustody, type LetterCustodyInit } from '../../../src/node/letter-custody.ts'
import type { LetterEvent } from '../../../src/node/letter-event.ts'
import { lettersTable } from '../../../src/node/tables/letters.ts'
import type { DepositOutcome, DepositRequest } from '../../../src/protocol/mailbox/letter-keeper.ts'
import {
  LETTER_OVERHEAD_BYTES,
  LETTER_RETENTION_MS,
  MAILBOX_MAX_ENTRIES,
  MAILBOX_MAX_LETTERS,
  STRANGER_SHARE,
} from '../../../src/protocol/mailbox/letter-limits.ts'
import { mailboxDigest } from '../../../src/protocol/mailbox/sync-digest.ts'
import { nodeSchema } from '../../../src/schema.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { depositOf, mailboxOf, permitFor, said, sealedLetter, tombstoneOf } from './letter-maker.ts'
import { DAY_MS, HOUR_MS, peerIdOf } from './record-world.ts'

const alice = peerIdOf('alice')
const custodian = peerIdOf('another custodian')
/** A letter of 2 KiB as it counts. */
const COST = 2048 + LETTER_OVERHEAD_BYTES
const UNLIMITED = { peerBurst: 1e9, peerPerSecond: 1e6, networkBurst: 1e9, networkPerSecond: 1e6 }

describe('custody of letters', () => {
  let clock: VirtualClock
  let store: MemoryStore
  let bob: MailboxKey

  beforeEach(() => {
    clock = new VirtualClock()
    store = new MemoryStore(nodeSchema, { clock, commitDelayMs: 3 })
    bob = mailboxOf('bob')
  })

  async function custodyWith(init: LetterCustodyInit = {}): Promise<LetterCustody> {
    const custodians = { includes: async (_mailbox: Uint8Array, peerId: string) => peerId === custodian }
    const letters = new LetterCustody({ clock, store, custodians, logger: new RecordingLogger() }, init)
    await clock.run(letters.start())
    return letters
  }

  /** The node loses its power and starts again with what was on disk. */
  async function restarted(): Promise<LetterCustody> {
    store = store.crash()
    return await custodyWith()
  }

  const deposit = (letters: LetterCustody, request: DepositRequest): Promise<DepositOutcome> =>
    clock.run(letters.deposit(request))
  const depositAll = (letters: LetterCustody, requests: readonly DepositRequest[]): Promise<DepositOutcome[]> =>
    clock.run(Promise.all(requests.map((request) => letters.deposit(request))))
  const collected = async (letters: LetterCustody, mailbox = bob): Promise<Uint8Array[]> => {
    const page = await clock.run(letters.letters(mailbox.publicKey, 0, 64 * 1024 * 1024))
    return page.map(({ letter }) => letter)
  }
  const acknowledge = (letters: LetterCustody, request: DepositRequest, from = alice): Promise<void> =>
    clock.run(letters.acknowledge(bob.publicKey, [tombstoneOf(bob, request.letterId)], from))

  it('answers for a letter only when it is on disk', async () => {
    const letters = await custodyWith()
    const request = depositOf(bob, { permit: permitFor(bob) })
    let answered = false
    const outcome = letters.deposit(request).then((answer) => {
      answered = true
      return answer
    })
    await clock.advance(2)
    assert.equal(answered, false, 'the commit is still under way')
    const lost = store.crash()
    assert.equal(lost.read.count(lettersTable), 0)
    void outcome
  })

  it('still has after a crash what it has answered for, and counts it', async () => {
    const letters = await custodyWith()
    const requests = Array.from({ length: 30 }, () => depositOf(bob, { permit: permitFor(bob) }))
    const outcomes = await depositAll(letters, requests)
    assert.deepEqual(
      outcomes.map(said),
      requests.map(() => 'kept'),
    )
    const before = letters.status()
    const again = await restarted()
    assert.deepEqual(again.status(), before)
    assert.deepEqual(before, {
      letters: 30,
      bytes: 30 * COST,
      mailboxes: 1,
      tombstones: 0,
      limitBytes: 512 * 1024 * 1024,
    })
    assert.deepEqual(
      await collected(again),
      requests.map(({ letter }) => letter),
    )
    assert.deepEqual(await deposit(again, requests[3]!), outcomes[3], 'the same letter has the same receipt')
  })

  it('gives letters in the order of arrival, in pages, and tells who watches after the commit', async () => {
    const letters = await custodyWith()
    const seen: number[] = []
    const unwatch = letters.watch(bob.publicKey, () => seen.push(store.read.count(lettersTable)))
    const requests = Array.from({ length: 5 }, () => depositOf(bob, { permit: permitFor(bob) }))
    for (const request of requests) {
      await deposit(letters, request)
    }
    await deposit(letters, depositOf(mailboxOf('carol')))
    assert.deepEqual(seen, [1, 2, 3, 4, 5])
    const first = await clock.run(letters.letters(bob.publicKey, 0, 2 * 2048))
    const second = await clock.run(letters.letters(bob.publicKey, first.at(-1)!.arrival, 64 * 1024))
    assert.deepEqual(
      [...first, ...second].map(({ letter }) => letter),
      requests.map(({ letter }) => letter),
    )
    assert.equal(first.length, 2)
    assert.deepEqual(await clock.run(letters.letters(bob.publicKey, second.at(-1)!.arrival, 64 * 1024)), [])
    assert.equal(first[0]!.depositedMs <= clock.wallMs(), true)
    unwatch()
    await deposit(letters, depositOf(bob))
    assert.equal(seen.length, 5)
  })

  it('numbers arrivals upwards whatever the wall clock does', async () => {
    let letters = await custodyWith()
    const arrivals: number[] = []
    for (const jumpMs of [0, DAY_MS, -DAY_MS, 0, 5]) {
      clock.setWallMs(clock.wallMs() + jumpMs)
      await deposit(letters, depositOf(bob))
      arrivals.push((await clock.run(letters.letters(bob.publicKey, 0, 1e6))).at(-1)!.arrival)
      letters = await restarted()
    }
    assert.deepEqual(
      arrivals,
      [...new Set(arrivals)].sort((one, other) => one - other),
    )
    assert.ok(arrivals[0]! >= (clock.wallMs() - DAY_MS) * 1000)
  })

  it('deletes what is acknowledged, and neither takes it again nor forgets that it had it', async () => {
    let letters = await custodyWith()
    const [one, other] = [depositOf(bob), depositOf(bob)]
    const receipt = await deposit(letters, one)
    await deposit(letters, other)
    await acknowledge(letters, one)
    for (let start = 0; start < 2; start++) {
      assert.deepEqual(await collected(letters), [other.letter])
      assert.deepEqual(await deposit(letters, one), receipt)
      assert.deepEqual(await deposit(letters, { ...one, fromPeerId: custodian, replica: { depositedMs: 0 } }), receipt)
      assert.deepEqual(await collected(letters), [other.letter])
      assert.equal(await clock.run(letters.replica(bob.publicKey, one.letterId)), undefined)
      const { letters: ids, tombstones } = await clock.run(letters.contents(bob.publicKey))
      assert.deepEqual(ids, [other.letterId])
      assert.deepEqual(tombstones, [
        { ...tombstoneOf(bob, one.letterId), expiresMs: 'kept' in receipt ? receipt.kept.expiresMs : 0 },
      ])
      letters = await restarted()
    }
  })

  it('keeps tombstones of letters it does not have only from custodians, and no longer than letters', async () => {
    const letters = await custodyWith()
    const request = depositOf(bob)
    const now = clock.wallMs()
    const claimed = tombstoneOf(bob, request.letterId, now + 100 * DAY_MS)
    await clock.run(letters.acknowledge(bob.publicKey, [claimed], alice))
    assert.equal(letters.status().tombstones, 0)
    await clock.run(letters.acknowledge(bob.publicKey, [tombstoneOf(bob, request.letterId, now - 1)], custodian))
    await clock.run(letters.acknowledge(bob.publicKey, [tombstoneOf(bob, request.letterId)], custodian))
    assert.equal(letters.status().tombstones, 0)
    await clock.run(letters.acknowledge(bob.publicKey, [claimed], custodian))
    const [kept] = (await clock.run(letters.contents(bob.publicKey))).tombstones
    assert.ok(kept!.expiresMs <= clock.wallMs() + LETTER_RETENTION_MS)
    assert.equal(said(await deposit(letters, request)), 'kept')
    assert.deepEqual(await collected(letters), [])
  })

  it('bounds the tombstones of one mailbox and of the node', async () => {
    const letters = await custodyWith({ storageBytes: 2 * 1024 * 1024 })
    const bring = (mailbox: MailboxKey, count: number): Promise<void> => {
      const expiresMs = clock.wallMs() + HOUR_MS
      const tombstones = Array.from({ length: count }, () => {
        return { letterId: sealedLetter(32), signature: sealedLetter(64), expiresMs }
      })
      return clock.run(letters.acknowledge(mailbox.publicKey, tombstones, custodian))
    }
    await bring(bob, MAILBOX_MAX_ENTRIES + 10)
    assert.equal(letters.status().tombstones, 1024, 'the least that any node keeps')
    await bring(mailboxOf('carol'), 100)
    assert.equal(letters.status().tombstones, 1024)
    const large = await custodyWith()
    await clock.run(large.drop(Buffer.from(bob.publicKey).toString('hex')))
    const before = large.status().tombstones
    for (let i = 0; i < 5; i++) {
      await clock.run(
        large.acknowledge(
          bob.publicKey,
          Array.from({ length: 1000 }, () => ({
            letterId: sealedLetter(32),
            signature: sealedLetter(64),
            expiresMs: clock.wallMs() + HOUR_MS,
          })),
          custodian,
        ),
      )
    }
    assert.equal(large.status().tombstones - before, MAILBOX_MAX_ENTRIES)
  })

  it('stores letters with its own time whatever others claim, and hides and deletes them after 14 days', async () => {
    const letters = await custodyWith()
    const now = clock.wallMs()
    const from = { fromPeerId: custodian }
    const future = await deposit(letters, depositOf(bob, { ...from, replica: { depositedMs: now + DAY_MS } }))
    const past = await deposit(letters, depositOf(bob, { ...from, replica: { depositedMs: now - DAY_MS } }))
    const expired = depositOf(bob, { ...from, replica: { depositedMs: now - LETTER_RETENTION_MS } })
    assert.equal(said(await deposit(letters, expired)), 'no-storage')
    assert.ok('kept' in future && future.kept.expiresMs <= clock.wallMs() + LETTER_RETENTION_MS)
    assert.ok('kept' in past && past.kept.depositedMs === now - DAY_MS)
    const request = depositOf(bob)
    await deposit(letters, request)
    await acknowledge(letters, request)
    await clock.advance(13 * DAY_MS)
    assert.equal((await collected(letters)).length, 1, 'the one that claimed to be a day old is gone')
    await clock.advance(DAY_MS - 100)
    assert.equal(letters.status().letters, 1)
    assert.equal(letters.status().tombstones, 1)
    await clock.advance(200)
    assert.deepEqual(await collected(letters), [], 'hidden at once')
    assert.deepEqual((await clock.run(letters.contents(bob.publicKey))).tombstones, [])
    await clock.advance(HOUR_MS)
    assert.deepEqual(letters.status(), { ...letters.status(), letters: 0, bytes: 0, mailboxes: 0, tombstones: 0 })
    assert.equal(said(await deposit(letters, request)), 'kept', 'a new letter, after all that time')
    assert.equal((await collected(letters)).length, 1)
    await clock.run(letters.stop())
    assert.equal(clock.pendingTimers, 0)
  })

  it('deletes thousands of expired letters in batches', async () => {
    const letters = await custodyWith({ rates: UNLIMITED })
    for (let i = 0; i < 10; i++) {
      const mailbox = mailboxOf(`person ${i}`)
      const permit = permitFor(mailbox)
      const fromPeerId = peerIdOf(`sender ${i}`)
      const requests = Array.from({ length: 100 }, () =>
        depositOf(mailbox, { permit, fromPeerId, letter: sealedLetter(64) }),
      )
      await depositAll(letters, requests)
    }
    assert.equal(letters.status().letters, 1000)
    await clock.advance(LETTER_RETENTION_MS + HOUR_MS)
    assert.equal(letters.status().letters, 0)
    await clock.run(letters.stop())
  })

  it('refuses while the disk is full, lives on, gives its own writes a minute, then takes letters again', async () => {
    const letters = await custodyWith()
    const present = depositOf(bob, { permit: permitFor(bob) })
    await deposit(letters, present)
    const before = letters.status()
    store.failNextCommit('full')
    const requests = Array.from({ length: 5 }, () => depositOf(bob, { permit: permitFor(bob) }))
    const outcomes = await depositAll(letters, requests)
    assert.deepEqual(
      outcomes.map(said),
      requests.map(() => 'no-storage'),
    )
    assert.deepEqual(letters.status(), before, 'nothing is counted that is not there')
    assert.equal(said(await deposit(letters, requests[0]!)), 'no-storage')
    assert.equal(said(await deposit(letters, present)), 'kept', 'what is there is answered for')
    assert.deepEqual(await collected(letters), [present.letter])
    await clock.advance(60_000)
    assert.equal(said(await deposit(letters, requests[0]!)), 'kept')
    assert.equal((await collected(await restarted())).length, 2)
  })

  it('reads on when the disk was full for somebody else of the same turn', async () => {
    const letters = await custodyWith()
    const request = depositOf(bob)
    await deposit(letters, request)
    store.failNextCommit('full')
    const refused = letters.deposit(depositOf(bob))
    const page = letters.letters(bob.publicKey, 0, 1e6)
    assert.equal(said(await clock.run(refused)), 'no-storage')
    assert.deepEqual(
      (await clock.run(page)).map(({ letter }) => letter),
      [request.letter],
    )
  })

  it('does not take for acknowledged what could not be written', async () => {
    const letters = await custodyWith()
    const request = depositOf(bob)
    await deposit(letters, request)
    store.failNextCommit('full')
    await assert.rejects(acknowledge(letters, request), { name: 'StoreError' })
    assert.deepEqual(await collected(letters), [request.letter])
    assert.equal(letters.status().tombstones, 0)
    await acknowledge(letters, request)
    assert.deepEqual(await collected(letters), [])
  })

  it('keeps nothing with no storage', async () => {
    const letters = await custodyWith({ storageBytes: 0 })
    assert.equal(said(await deposit(letters, depositOf(bob, { permit: permitFor(bob) }))), 'no-storage')
    assert.equal(letters.keepsStorage, false)
  })

  it('lets contacts store every letter while a stranger sends 100,000', async () => {
    const letters = await custodyWith()
    const permit = permitFor(bob)
    const contacts = peerIdOf('a contact')
    const said100k: Record<string, number> = {}
    let stored = 0
    for (let round = 0; round < 100; round++) {
      const requests = Array.from({ length: 1000 }, (_, i) =>
        depositOf(bob, { fromPeerId: `stranger ${i % 100}`, letter: sealedLetter(64) }),
      )
      const all = [...requests, depositOf(bob, { permit, fromPeerId: contacts, letter: sealedLetter(64) })]
      const outcomes = (await depositAll(letters, all)).map(said)
      stored += outcomes.pop() === 'kept' ? 1 : 0
      for (const outcome of outcomes) {
        said100k[outcome] = (said100k[outcome] ?? 0) + 1
      }
    }
    assert.equal(stored, 100)
    assert.equal(said100k.kept, MAILBOX_MAX_LETTERS * STRANGER_SHARE)
    assert.ok((said100k['mailbox-full'] ?? 0) > 50_000)
    assert.equal(letters.status().letters, 100 + MAILBOX_MAX_LETTERS * STRANGER_SHARE)
  })

  it('makes room for a contact in a full mailbox with the oldest letters of strangers', async () => {
    const letters = await custodyWith({ rates: UNLIMITED })
    const strangers = Array.from({ length: 125 }, () => depositOf(bob, { letter: sealedLetter(64) }))
    for (const request of strangers) {
      assert.equal(said(await deposit(letters, request)), 'kept')
      await clock.advance(10)
    }
    const [one, other] = [permitFor(bob), permitFor(bob)]
    const contacts = Array.from({ length: 400 }, (_, i) =>
      depositOf(bob, { permit: i % 2 === 0 ? one : other, letter: sealedLetter(64) }),
    )
    const outcomes = (await depositAll(letters, contacts)).map(said)
    assert.deepEqual(
      outcomes,
      contacts.map(() => 'kept'),
    )
    assert.equal(letters.status().letters, MAILBOX_MAX_LETTERS)
    const left = (await collected(letters)).slice(0, 100)
    assert.deepEqual(
      left,
      strangers.slice(25).map(({ letter }) => letter),
    )
  })

  it('stays within its storage: strangers make way for contacts, the oldest first, contacts for nobody', async () => {
    const maxLetters = 400
    const letters = await custodyWith({ rates: UNLIMITED, storageBytes: maxLetters * COST })
    const strangers: DepositRequest[] = []
    for (let i = 0; i < 110; i++) {
      const request = depositOf(mailboxOf(`stranger's victim ${i % 4}`), { fromPeerId: peerIdOf(`stranger ${i % 4}`) })
      strangers.push(request)
      const outcome = said(await deposit(letters, request))
      assert.equal(outcome, i < maxLetters * STRANGER_SHARE ? 'kept' : 'no-storage', `letter ${i}`)
      await clock.advance(1000)
    }
    const contacts: DepositRequest[] = []
    for (let i = 0; i < maxLetters + 10; i++) {
      const mailbox = mailboxOf(`person ${i % 10}`)
      const request = depositOf(mailbox, { permit: permitFor(mailbox), fromPeerId: peerIdOf(`contact ${i % 10}`) })
      contacts.push(request)
      assert.equal(said(await deposit(letters, request)), i < maxLetters ? 'kept' : 'no-storage', `letter ${i}`)
      assert.ok(letters.status().bytes <= maxLetters * COST)
      if (i === 320) {
        const left = await Promise.all(
          strangers.map((stranger) => clock.run(letters.replica(stranger.mailboxKey, stranger.letterId))),
        )
        assert.deepEqual(
          left.map((replica) => replica !== undefined),
          strangers.map((_, j) => j >= 21 && j < 100),
        )
      }
    }
    assert.equal(letters.status().letters, maxLetters)
  })

  it('tells of mailboxes while they change, and at a start what there is', async () => {
    const letters = await custodyWith()
    const events: LetterEvent[] = []
    letters.subscribe((event) => events.push(event))
    const request = depositOf(bob)
    const outcome = letters.deposit(request)
    await clock.advance(0)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['kept'],
      'before the commit',
    )
    await clock.run(outcome)
    await acknowledge(letters, request)
    await clock.run(letters.drop(events[0]!.mailbox))
    assert.deepEqual(
      events.map(({ type }) => type),
      ['kept', 'quiet', 'empty'],
    )
    store.failNextCommit('full')
    await clock.run(letters.deposit(depositOf(bob)))
    assert.deepEqual(
      events.slice(3).map(({ type }) => type),
      ['kept', 'empty'],
    )
  })

  it('answers a digest that is always that of its contents', async () => {
    const letters = await custodyWith()
    const check = async (): Promise<void> => {
      const contents = await clock.run(letters.contents(bob.publicKey))
      assert.deepEqual(await clock.run(letters.digest(bob.publicKey)), mailboxDigest(contents))
    }
    await check()
    const requests = [depositOf(bob), depositOf(bob)]
    for (const request of requests) {
      await deposit(letters, request)
      await check()
      await clock.advance(HOUR_MS)
    }
    await acknowledge(letters, requests[1]!)
    await check()
    await clock.advance(LETTER_RETENTION_MS - 2 * HOUR_MS - 1000)
    await check()
    await clock.advance(2000)
    await check()
    store.failNextCommit('full')
    const refused = letters.deposit(depositOf(bob))
    const digest = letters.digest(bob.publicKey)
    await clock.run(refused)
    await clock.run(digest)
    await check()
  })
})
