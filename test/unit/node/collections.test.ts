import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equals } from 'uint8arrays/equals'
import { mailboxKey } from '../../../src/identity/mailbox-key.ts'
import { OpeningRoom } from '../../../src/node/opening-room.ts'
import type { CollectedLetter } from '../../../src/protocol/mailbox/letter-keeper.ts'
import { dayOf } from '../../../src/protocol/mailbox/letter-limits.ts'
import { letterId } from '../../../src/sealing/letter-key.ts'
import { MemoryLetters } from '../../support/memory-letters.ts'
import { LetterPeople, type LetterPerson } from './letter-people.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Alice, and Bob who has given her permits and left. */
async function aliceToBob(
  world: LetterPeople,
  options: { readonly skewMs?: number } = {},
): Promise<{ alice: LetterPerson; bob: LetterPerson }> {
  const alice = await world.person('alice')
  const bob = await world.person('bob', options)
  await world.contacts(alice, bob)
  await bob.leave()
  return { alice, bob }
}

/** Alice writes and leaves when everything is stored. */
async function writeAndLeave(
  world: LetterPeople,
  alice: LetterPerson,
  bob: LetterPerson,
  count: number,
): Promise<void> {
  for (let position = 1; position <= count; position++) {
    alice.write(position, bob)
  }
  await world.clock.runUntil(() => alice.isStored(count) && alice.deposits.active === 0)
  await alice.leave()
}

async function come(bob: LetterPerson): Promise<void> {
  await bob.arrive()
  bob.collections.start()
}

/** Puts a letter of Alice's at the custodians directly. */
async function plant(
  world: LetterPeople,
  to: readonly MemoryLetters[],
  { alice, bob, day, sentMs }: { alice: LetterPerson; bob: LetterPerson; day: number; sentMs: number },
): Promise<void> {
  const sealed = await alice.holder.seal(bob.holder.record(), { day, sentMs, messageId: `sent ${sentMs}` })
  const { letter, mailboxKey: key, permit } = sealed
  const credential = { permit: permit! }
  const request = { mailboxKey: key, letter, letterId: letterId(letter), credential, proofBits: 0, fromPeerId: 'x' }
  for (const keeper of to) {
    await keeper.deposit(request)
  }
  await world.clock.advance(1)
}

test('half of the custodians die and every letter is collected once', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  await writeAndLeave(world, alice, bob, 100)
  for (const custodian of world.custodians.slice(0, 6)) {
    world.kill(custodian)
  }
  let stored = 0
  bob.store = async () => {
    stored++
  }
  await come(bob)
  await world.clock.runUntil(() => bob.received.length === 100)
  await world.clock.advance(60_000)
  assert.equal(stored, 100)
  assert.deepEqual(bob.collections.status(bob.address), { custodians: 6, followed: 2, collected: 100 })
  const living = world.custodians.slice(6)
  assert.equal(
    living.reduce((sum, { keeper }) => sum + keeper.watched.size, 0),
    2,
  )
  const { publicKey } = mailboxKey(bob.account, dayOf(world.clock.wallMs()))
  assert.ok(living.every(({ keeper }) => keeper.count(publicKey) === 0))
  await world.stop()
})

test('somebody who was away for 13 days finds everything', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  for (let position = 1; position <= 13; position++) {
    alice.write(position, bob)
    await world.clock.advance(DAY_MS)
  }
  await alice.leave()
  await come(bob)
  await world.clock.runUntil(() => bob.received.length === 13, 60_000)
  await world.clock.advance(3 * HOUR_MS)
  assert.equal(new Set(bob.received).size, 13)
  const today = dayOf(world.clock.wallMs())
  for (let day = today - 14; day <= today + 1; day++) {
    assert.equal(world.kept(bob, day), 0)
  }
  assert.equal(bob.holder.keys.collectedThrough(bob.address), today - 2)
  await world.stop()
})

test('whoever is online is told within a second', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  await come(bob)
  await world.clock.advance(10_000)
  for (let position = 1; position <= 5; position++) {
    alice.write(position, bob)
    await world.clock.runUntil(() => bob.received.length === position, 1_000)
  }
  // Past midnight as well.
  await world.clock.advance(DAY_MS)
  alice.write(6, bob)
  await world.clock.runUntil(() => bob.received.length === 6, 1_000)
  await world.stop()
})

test('custodians that withhold letters or change them do no harm', async () => {
  class Withholding extends MemoryLetters {
    override async letters(): Promise<readonly CollectedLetter[]> {
      return []
    }
  }
  class Changing extends MemoryLetters {
    override async letters(key: Uint8Array, after: number, maxBytes: number): Promise<readonly CollectedLetter[]> {
      const letters = await super.letters(key, after, maxBytes)
      return letters.map((letter) => ({ ...letter, letter: letter.letter.map((byte) => byte ^ 1) }))
    }
  }
  const world = await LetterPeople.create(10, (clock, i) =>
    i < 4 ? new Withholding(clock) : i < 8 ? new Changing(clock) : new MemoryLetters(clock),
  )
  const { alice, bob } = await aliceToBob(world)
  await writeAndLeave(world, alice, bob, 10)
  await come(bob)
  await world.clock.runUntil(() => bob.received.length === 10, 60_000)
  await world.clock.advance(2 * HOUR_MS)
  assert.equal(bob.received.length, 10)
  assert.ok(bob.unreadable.length >= 10)
  assert.ok(bob.unreadable.every((reason) => reason === 'malformed' || reason === 'decrypt' || reason === 'not-for-us'))
  await world.stop()
})

test('a custodian that sends without end is left', async () => {
  class Endless extends MemoryLetters {
    #victim: Uint8Array | undefined
    override async letters(key: Uint8Array, after: number, maxBytes: number): Promise<readonly CollectedLetter[]> {
      this.#victim ??= key
      if (!equals(key, this.#victim)) {
        return []
      }
      const count = Math.floor(maxBytes / 1_152)
      return Array.from({ length: count }, (_, i) => {
        const letter = new Uint8Array(1024)
        new DataView(letter.buffer).setUint32(0, after + i)
        return { arrival: after + i + 1, depositedMs: 1, letter }
      })
    }
  }
  const world = await LetterPeople.create(8, (clock, i) => (i === 0 ? new Endless(clock) : new MemoryLetters(clock)))
  const { alice, bob } = await aliceToBob(world)
  await writeAndLeave(world, alice, bob, 5)
  await come(bob)
  await world.clock.runUntil(() => bob.received.length === 5, 120_000)
  const isLeft = (): boolean => bob.logger.lines.some(({ fields }) => String(fields.reason).includes('than a mailbox'))
  await world.clock.runUntil(isLeft, 120_000)
  await world.stop()
})

test('what could not be stored is not acknowledged, and comes again', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  await writeAndLeave(world, alice, bob, 10)
  let full = true
  bob.store = async () => {
    if (full) {
      throw new Error('disk full')
    }
  }
  await come(bob)
  await world.clock.advance(60_000)
  assert.equal(bob.received.length, 0)
  assert.equal(world.kept(bob), 100)
  full = false
  await world.clock.runUntil(() => bob.received.length === 10, 2 * HOUR_MS)
  await world.clock.advance(10_000)
  assert.equal(world.kept(bob), 0)
  await world.stop()
})

test('a change of network is enough to collect', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  await come(bob)
  await world.clock.advance(30_000)
  world.letters.network.setOffline(bob.network.peerId, true)
  await world.clock.advance(5 * HOUR_MS)
  await writeAndLeave(world, alice, bob, 10)
  world.letters.network.setOffline(bob.network.peerId, false)
  bob.collections.networkChanged()
  await world.clock.runUntil(() => bob.received.length === 10, 5_000)
  await world.clock.advance(5_000)
  assert.equal(bob.collections.status(bob.address).followed, 2)
  await world.stop()
})

for (const [what, skewMs] of [
  ['ahead', DAY_MS],
  ['behind', -DAY_MS],
] as const) {
  test(`letters are found by a clock that is a day ${what}`, async () => {
    const world = await LetterPeople.create()
    const { alice, bob } = await aliceToBob(world, { skewMs })
    await writeAndLeave(world, alice, bob, 10)
    await come(bob)
    await world.clock.runUntil(() => bob.received.length === 10, 2 * HOUR_MS)
    await world.stop()
  })
}

test('what only our clock calls unsent stays with the custodians until the clock is set', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  const keepers = world.custodians.map(({ keeper }) => keeper)
  const day = dayOf(world.clock.wallMs()) + 1
  const sentMs = world.clock.wallMs() + 30 * HOUR_MS
  await plant(world, keepers, { alice, bob, day, sentMs })
  await come(bob)
  await world.clock.advance(3 * HOUR_MS)
  assert.equal(bob.received.length, 0)
  assert.equal(world.kept(bob, day), 12)
  assert.deepEqual(bob.unreadable, [])
  world.clock.setWallMs(sentMs)
  await world.clock.runUntil(() => bob.received.length === 1, HOUR_MS)
  await world.clock.advance(HOUR_MS)
  assert.equal(world.kept(bob, day), 2, 'the two that are no custodians keep it')
  await world.stop()
})

test('letters that are too old keep their day uncollected on disk, and are not fetched time and again', async () => {
  const world = await LetterPeople.create(10)
  const { alice, bob } = await aliceToBob(world)
  const keepers = world.custodians.map(({ keeper }) => keeper)
  const day = dayOf(world.clock.wallMs()) - 5
  const nowMs = world.clock.wallMs()
  const sealed = await alice.holder.seal(bob.holder.record(), { sentMs: nowMs - 20 * DAY_MS })
  const { publicKey } = mailboxKey(bob.account, day)
  const { letter } = sealed
  for (const keeper of keepers) {
    const credential = { permit: sealed.permit! }
    const more = { mailboxKey: publicKey, letterId: letterId(letter), proofBits: 0, fromPeerId: 'x' }
    await keeper.deposit({ letter, credential, ...more })
  }
  await come(bob)
  await world.clock.advance(5 * HOUR_MS)
  assert.equal(bob.received.length, 0)
  assert.equal(world.kept(bob, day), 10)
  assert.equal(bob.holder.keys.collectedThrough(bob.address), day - 1)
  const opened = bob.logger.lines.filter(({ event }) => event === 'unreadable letter')
  assert.equal(opened.length, 1)
  await world.stop()
})

test('a node that is custodian of its own mailbox collects from itself', async () => {
  const world = await LetterPeople.create(5)
  const alice = await world.person('alice')
  const keeper = new MemoryLetters(world.clock)
  const bob = await world.person('bob', { keeper })
  await world.contacts(alice, bob)
  const nowMs = world.clock.wallMs()
  await plant(world, [keeper], { alice, bob, day: dayOf(nowMs), sentMs: nowMs })
  bob.collections.start()
  await world.clock.runUntil(() => bob.received.length === 1, 5_000)
  await world.clock.advance(2_000)
  assert.equal(keeper.count(mailboxKey(bob.account, dayOf(nowMs)).publicKey), 0)
  await world.stop()
  assert.equal(keeper.watched.size, 0)
})

test('stopping in the middle stores what is being stored and leaves nothing running', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  await world.clock.advance(300_000)
  const before = world.clock.pendingTimers
  await writeAndLeave(world, alice, bob, 200)
  bob.store = () => world.clock.sleep(50)
  for (const ms of [0, 12]) {
    await come(bob)
    await world.clock.advance(ms)
    await world.clock.run(bob.leave())
  }
  const got = bob.received.length
  assert.ok(got > 0 && got < 200, `${got} letters`)
  await world.clock.advance(400_000)
  assert.equal(bob.received.length, got)
  assert.ok(world.clock.pendingTimers <= before, `${world.clock.pendingTimers} timers, ${before} before`)
  assert.ok(world.custodians.every(({ keeper }) => keeper.watched.size === 0))
  await come(bob)
  await world.clock.runUntil(() => bob.received.length === 200)
  await world.stop()
})

test('no more letters are opened at a time than there is room for', async () => {
  const room = new OpeningRoom()
  const { signal } = new AbortController()
  const leaves = await Promise.all(Array.from({ length: 1_024 }, () => room.enter(4_096, signal)))
  let isIn = false
  const late = room.enter(4_096, signal).then(() => {
    isIn = true
  })
  await Promise.resolve()
  assert.ok(!isIn)
  leaves[0]?.()
  await late
})
