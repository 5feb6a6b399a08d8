import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mailboxKey } from '../../../src/identity/mailbox-key.ts'
import { DEPOSITS_AT_ONCE_MAX, DEPOSITS_AT_ONCE_MAX_PER_RECIPIENT } from '../../../src/node/deposit-queue.ts'
import type { DepositOutcome, DepositRequest } from '../../../src/protocol/mailbox/letter-keeper.ts'
import { dayOf } from '../../../src/protocol/mailbox/letter-limits.ts'
import { decodeRequest, encodeAnswer } from '../../../src/protocol/mailbox/messages.ts'
import { toHex } from '../../../src/util/bytes.ts'
import { MemoryLetters } from '../../support/memory-letters.ts'
import { LetterPeople, type LetterPerson } from './letter-people.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Alice, and Bob who has given her permits and left. */
async function aliceToBob(world: LetterPeople): Promise<{ alice: LetterPerson; bob: LetterPerson }> {
  const alice = await world.person('alice')
  const bob = await world.person('bob')
  await world.contacts(alice, bob)
  await bob.leave()
  return { alice, bob }
}

test('a letter is stored with all ten custodians and waits for its acknowledgement', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  alice.write(1, bob)
  await world.clock.runUntil(() => world.kept(bob) === 10)
  await world.clock.advance(1000)
  assert.deepEqual(alice.told.get(1)?.[0], ['stored', 6, 10])
  assert.deepEqual(alice.last(1), ['receipts', 10, 10])
  assert.deepEqual(alice.deposits.receiptsOf(1), { receipts: 10, of: 10 })
  assert.equal(alice.deposits.active, 0)
  const credentials = world.custodians.flatMap(({ keeper }) => keeper.requests.map(({ credential }) => credential))
  assert.ok(credentials.every(({ permit }) => permit !== undefined))
  alice.deposits.stop(1)
  assert.equal(alice.deposits.size, 0)
  assert.equal(alice.deposits.receiptsOf(1), undefined)
  await world.stop()
})

test('messages for which there is no room are started when others have ended, but for those that were withdrawn', async () => {
  const world = await LetterPeople.create()
  const alice = await world.person('alice', { maxLetters: 2 })
  const bob = await world.person('bob')
  await world.contacts(alice, bob)
  alice.onRoom = (position) => alice.write(position, bob)
  for (const position of [1, 2, 3, 4, 5]) {
    alice.write(position, bob)
  }
  await world.clock.runUntil(() => alice.isStored(1) && alice.isStored(2))
  assert.equal(alice.deposits.size, 2)
  assert.equal(alice.told.get(4), undefined)
  alice.deposits.stop(3)
  alice.deposits.stop(1)
  assert.deepEqual(
    [3, 4, 5].map((position) => alice.told.get(position)),
    [undefined, [['room']], undefined],
  )
  await world.clock.runUntil(() => alice.isStored(4))
  alice.deposits.stop(4)
  await world.clock.runUntil(() => alice.isStored(5))
  await world.stop()
})

test('in a small network a letter is stored with all there are', async () => {
  const world = await LetterPeople.create(3)
  const { alice, bob } = await aliceToBob(world)
  alice.write(1, bob)
  await world.clock.runUntil(() => alice.isStored(1))
  assert.deepEqual(alice.last(1), ['stored', 3, 3])
  await world.stop()
})

test('a stranger proves work once, and more of it where more is asked for', async () => {
  class Demanding extends MemoryLetters {
    bits = 16
    override async deposit(request: DepositRequest): Promise<DepositOutcome> {
      return request.proofBits < this.bits
        ? { refused: 'proof-of-work-required', difficultyBits: this.bits }
        : await super.deposit(request)
    }
  }
  const world = await LetterPeople.create(12, (clock, i) =>
    Object.assign(new Demanding(clock), { bits: i < 3 ? 17 : 16 }),
  )
  const alice = await world.person('alice')
  const bob = await world.person('bob')
  alice.write(1, bob)
  await world.clock.runUntil(() => alice.deposits.receiptsOf(1)?.receipts === 10)
  const kept = world.custodians.flatMap(({ keeper }) => keeper.requests)
  const nonces = new Set(kept.map(({ credential }) => toHex(credential.proofOfWork!)))
  assert.ok(nonces.size <= 2, 'one proof for each difficulty')
  assert.ok(kept.every(({ proofBits }) => proofBits >= 16))
  await world.stop()
})

test('a full mailbox makes later messages wait, and all are stored when there is room', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  const carol = await world.person('carol')
  await world.contacts(alice, carol)
  for (const { keeper } of world.custodians) {
    keeper.refusal = { refused: 'mailbox-full' }
  }
  for (let position = 1; position <= 40; position++) {
    alice.write(position, bob)
  }
  await world.clock.advance(6 * HOUR_MS)
  const asked = world.custodians.map(({ keeper }) => keeper.requests.length)
  // Sixteen at first, then one from time to time.
  assert.ok(Math.max(...asked) < 40, `asked ${asked}`)
  assert.deepEqual(alice.told.get(1), [['refused', 'mailbox-full']])
  for (const { keeper } of world.custodians) {
    keeper.refusal = undefined
  }
  alice.write(41, carol)
  await world.clock.advance(60_000)
  assert.ok(alice.isStored(41))
  await world.clock.runUntil(() => [...Array(40)].every((_, i) => alice.isStored(i + 1)), 2 * HOUR_MS)
  await world.stop()
})

test('forged receipts, silence and refusals are made up for by the next custodians', async () => {
  const world = await LetterPeople.create(14)
  const alice = await world.person('alice')
  const bob = await world.person('bob')
  await world.contacts(alice, bob)
  for (const name of ['forger 1', 'forger 2']) {
    await world.letters.liar((frame, send) => {
      const { id } = decodeRequest(frame)
      const depositedMs = world.clock.wallMs()
      const receipt = { depositedMs, expiresMs: depositedMs + DAY_MS, signature: new Uint8Array(64) }
      send(encodeAnswer({ id, receipt }))
    }, name)
  }
  await world.letters.liar(() => {}, 'silent')
  world.custodians[0]!.keeper.refusal = { refused: 'no-storage' }
  world.custodians[1]!.keeper.refusal = { refused: 'rate-limited', retryAfterMs: 3_000 }
  alice.write(1, bob)
  await world.clock.runUntil(() => alice.isStored(1))
  world.custodians[1]!.keeper.refusal = undefined
  await world.clock.advance(60_000)
  assert.equal(world.kept(bob), 10)
  await world.stop()
})

test('what fails without a network is done as soon as there is one', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  world.letters.network.setOffline(alice.network.peerId, true)
  for (let position = 1; position <= 20; position++) {
    alice.write(position, bob)
  }
  await world.clock.advance(5 * HOUR_MS)
  assert.equal(alice.told.size, 0)
  world.letters.network.setOffline(alice.network.peerId, false)
  alice.deposits.networkChanged()
  await world.clock.advance(2_000)
  assert.ok([...Array(20)].every((_, i) => alice.isStored(i + 1)))
  await world.stop()
})

test('the own custody counts only beside others', async () => {
  const world = await LetterPeople.create(4)
  const keeper = new MemoryLetters(world.clock)
  const alice = await world.person('alice', { keeper })
  const bob = await world.person('bob')
  await world.contacts(alice, bob)
  await bob.leave()
  for (const { keeper: other } of world.custodians) {
    other.refusal = { refused: 'mailbox-full' }
  }
  alice.write(1, bob)
  await world.clock.advance(HOUR_MS)
  const { publicKey } = mailboxKey(bob.account, dayOf(world.clock.wallMs()))
  assert.ok(keeper.count(publicKey) >= 1)
  assert.equal(alice.isStored(1), false)
  for (const { keeper: other } of world.custodians) {
    other.refusal = undefined
  }
  await world.clock.runUntil(() => alice.isStored(1))
  await world.clock.advance(1_000)
  assert.deepEqual(alice.deposits.receiptsOf(1), { receipts: 5, of: 5 })
  await world.stop()
})

test('a letter is deposited again every 22 hours, in the mailbox of the day, until it expires', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  const today = dayOf(world.clock.wallMs())
  alice.write(1, bob)
  await world.clock.advance(3 * DAY_MS)
  assert.deepEqual(
    [0, 1, 2].map((days) => world.kept(bob, today + days)),
    [10, 10, 10],
  )
  await world.clock.advance(11 * DAY_MS)
  assert.deepEqual(alice.last(1), ['failed', 'expired'])
  assert.equal(alice.deposits.size, 0)
  await world.stop()
})

test('recipients without keys hold nobody up, and are written to when their keys are known', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  const dave = await world.person('dave')
  world.people.splice(world.people.indexOf(dave), 1)
  for (let position = 1; position <= 200; position++) {
    alice.write(position, dave)
  }
  for (let position = 201; position <= 210; position++) {
    alice.write(position, bob)
  }
  await world.clock.runUntil(() => alice.isStored(210), 60_000)
  assert.ok(alice.deposits.active <= DEPOSITS_AT_ONCE_MAX)
  await world.contacts(alice, dave)
  world.people.push(dave)
  alice.deposits.recipientChanged(dave.address)
  await world.clock.runUntil(() => alice.isStored(200), 60_000)
  await world.stop()
})

test('letters leave in the order of their positions, so many at a time', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  for (let position = 30; position >= 1; position--) {
    alice.write(position, bob)
  }
  let most = 0
  await world.clock.runUntil(() => {
    most = Math.max(most, alice.deposits.active)
    return [...Array(30)].every((_, i) => alice.isStored(i + 1))
  })
  assert.equal(most, DEPOSITS_AT_ONCE_MAX_PER_RECIPIENT)
  // The first sixteen had their turn at once; the others are in order.
  const order = [...alice.told.keys()].filter((position) => position <= 14)
  assert.deepEqual(
    order,
    [...order].sort((one, other) => one - other),
  )
  await world.stop()
})

test('what was stored before a restart is not deposited anew at once', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  const acceptedMs = world.clock.wallMs() - 30 * HOUR_MS
  alice.write(1, bob, { acceptedMs, expiresMs: acceptedMs + 14 * DAY_MS, storedBefore: true })
  await world.clock.advance(13 * HOUR_MS)
  assert.equal(world.kept(bob), 0)
  await world.clock.advance(2 * HOUR_MS)
  assert.equal(world.kept(bob, dayOf(world.clock.wallMs())), 10)
  assert.equal(alice.isStored(1), false)
  await world.stop()
})

test('a message that fits no letter fails', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  alice.write(1, bob, { stanza: new Uint8Array(70_000) })
  await world.clock.advance(1_000)
  assert.deepEqual(alice.told.get(1), [['failed', 'too-large']])
  assert.equal(alice.deposits.size, 0)
  await world.stop()
})

test('closing in the middle leaves nothing running', async () => {
  const world = await LetterPeople.create()
  const { alice, bob } = await aliceToBob(world)
  const carol = await world.person('carol')
  await world.clock.advance(1_000)
  const before = world.clock.pendingTimers
  for (const steps of [1, 5, 20]) {
    for (let position = 1; position <= 10; position++) {
      alice.write(position, bob)
      alice.write(100 + position, carol)
    }
    await world.clock.advance(steps)
    await alice.leave()
    await alice.arrive()
  }
  await world.clock.advance(400_000)
  assert.ok(world.clock.pendingTimers <= before, `${world.clock.pendingTimers} timers, ${before} before`)
  await world.stop()
})
