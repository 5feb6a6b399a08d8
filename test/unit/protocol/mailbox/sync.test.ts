import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { answerExchange, nextExchange, sortedIds } from '../../../../src/protocol/mailbox/exchange.ts'
import type { MailboxContents } from '../../../../src/protocol/mailbox/letter-keeper.ts'
import { ACKNOWLEDGED_BATCH, LETTER_RETENTION_MS } from '../../../../src/protocol/mailbox/letter-limits.ts'
import { decodeRequest, encodeAnswer, encodeRequest, type Verb } from '../../../../src/protocol/mailbox/messages.ts'
import { EXCHANGES_MAX, FRAME_MAX_BYTES, WRONG_SIGNATURES_MAX } from '../../../../src/protocol/mailbox/protocol.ts'
import { mailboxDigest } from '../../../../src/protocol/mailbox/sync-digest.ts'
import { syncMailbox } from '../../../../src/protocol/mailbox/sync-mailbox.ts'
import type { Differences } from '../../../../src/protocol/mailbox/sync-messages.ts'
import { tombstonesOf } from '../../../../src/protocol/mailbox/tombstones.ts'
import { letterId } from '../../../../src/sealing/letter-key.ts'
import { toHex } from '../../../../src/util/bytes.ts'
import type { MemoryLetters } from '../../../support/memory-letters.ts'
import { type Custodian, LetterWorld, letterOf, mailboxOf, never, peerOf, permitFor } from './letter-world.ts'

const alice = mailboxOf('alice')
const mailboxKey = alice.publicKey
const carol = peerOf('carol')
const credential = permitFor(alice)
const END = new Uint8Array(0)
const idOf = (content: number | string) => letterId(letterOf(content))

async function put(keeper: MemoryLetters, content: number | string): Promise<void> {
  const letter = letterOf(content)
  await keeper.deposit({
    mailboxKey,
    letter,
    letterId: letterId(letter),
    credential,
    proofBits: 0,
    fromPeerId: 'x',
  })
}

describe('ACKNOWLEDGE', () => {
  let world: LetterWorld
  let keeper: MemoryLetters

  beforeEach(async () => {
    world = new LetterWorld()
    keeper = (await world.custodian()).keeper
    await put(keeper, 1)
    await put(keeper, 2)
  })

  it('by the owner leaves a tombstone', async () => {
    const client = await world.client()
    const acknowledged = client.acknowledge(carol, mailboxKey, tombstonesOf(alice, [idOf(1)]), never)
    assert.equal(await world.clock.run(acknowledged), 'done')
    const { letters, tombstones } = await keeper.contents(mailboxKey)
    assert.deepEqual(letters, [idOf(2)])
    const expiresMs = world.clock.wallMs() - world.clock.monotonicMs() + LETTER_RETENTION_MS
    assert.deepEqual(tombstones, [{ ...tombstonesOf(alice, [idOf(1)])[0], expiresMs }])
  })

  const wrong: [string, () => Verb['acknowledge']][] = [
    ['with the key of another mailbox', () => ({ mailboxKey, tombstones: tombstonesOf(mailboxOf('eve'), [idOf(1)]) })],
    [
      'without a signature',
      () => ({ mailboxKey, tombstones: [{ letterId: idOf(1), signature: new Uint8Array(64), expiresMs: 0 }] }),
    ],
    [
      'with the signature for another letter',
      () => ({ mailboxKey, tombstones: [{ ...tombstonesOf(alice, [idOf(2)])[0]!, letterId: idOf(1) }] }),
    ],
    [
      'with one wrong among the right ones',
      () => ({
        mailboxKey,
        tombstones: [...tombstonesOf(alice, [idOf(1)]), ...tombstonesOf(mailboxOf('eve'), [idOf(2)])],
      }),
    ],
    [
      'for letters of a mailbox whose key signs, but which they are not in',
      () => ({ mailboxKey: mailboxOf('eve').publicKey, tombstones: tombstonesOf(alice, [idOf(1)]) }),
    ],
  ]
  for (const [what, acknowledge] of wrong) {
    it(`${what} is refused, counted, and deletes nothing`, async () => {
      const mallory = await world.attacker()
      mallory.send(1, { acknowledge: acknowledge()! })
      await world.clock.advance(50)
      assert.equal(mallory.answers[0]?.letterRefused?.reason, 'signature')
      assert.deepEqual(world.refused, ['signature'])
      assert.equal(keeper.count(mailboxKey), 2)
      for (let id = 0; id < WRONG_SIGNATURES_MAX; id++) {
        mallory.send(id, { acknowledge: acknowledge()! })
      }
      await world.clock.advance(50)
      assert.equal(mallory.end, 'broken')
      assert.deepEqual(world.violations, ['server: signature'])
    })
  }

  it('has a limit on the signatures of one peer', async () => {
    const mallory = await world.attacker()
    const ids = Array.from({ length: ACKNOWLEDGED_BATCH }, (_, i) => idOf(i))
    const tombstones = tombstonesOf(mailboxOf('eve'), ids)
    for (let id = 0; id < 140; id++) {
      mallory.send(id, { acknowledge: { mailboxKey: mailboxOf('eve').publicKey, tombstones } })
    }
    await world.clock.advance(50)
    assert.equal(mallory.answers.filter(({ done }) => done !== undefined).length, 128)
    assert.equal(world.refused.filter((reason) => reason === 'rate-limited').length, 12)
    assert.equal(mallory.end, 'open')
  })
})

describe('SYNC', () => {
  let world: LetterWorld
  let here: Custodian
  let there: Custodian

  beforeEach(async () => {
    world = new LetterWorld()
    there = await world.custodian('carol')
    here = await world.custodian('dora')
  })

  const sync = () =>
    world.clock.run(syncMailbox({ client: here.client, keeper: here.keeper, peer: carol, mailboxKey }, never))

  async function assertSame() {
    const [one, other] = await Promise.all([here.keeper.contents(mailboxKey), there.keeper.contents(mailboxKey)])
    assert.deepEqual(mailboxDigest(one), mailboxDigest(other))
    return one
  }

  it('moves letters both ways, with what entitles to them and the time of the first deposit', async () => {
    await put(here.keeper, 'both')
    await put(there.keeper, 'both')
    await put(there.keeper, 'there')
    await world.clock.advance(5_000)
    await put(here.keeper, 'here')
    await world.clock.advance(5_000)
    assert.equal(await sync(), 'synced')
    assert.equal((await assertSame()).letters.length, 3)
    const moved = await here.keeper.replica(mailboxKey, idOf('there'))
    const original = await there.keeper.replica(mailboxKey, idOf('there'))
    assert.deepEqual([moved?.letter, moved?.credential], [original?.letter, credential])
    assert.equal(moved?.depositedMs, original?.depositedMs)
    assert.equal(there.keeper.requests.at(-1)?.fromPeerId, peerOf('dora').peerId)
    assert.deepEqual(world.violations, [])
  })

  it('moves tombstones first, both ways, and no letter that one of them has acknowledged', async () => {
    for (let i = 0; i < 100; i++) {
      await put(here.keeper, i)
      await put(there.keeper, i)
    }
    await put(here.keeper, 'new')
    await here.keeper.acknowledge(mailboxKey, tombstonesOf(alice, [idOf('new'), idOf(1), idOf(2)]), 'x')
    await there.keeper.acknowledge(mailboxKey, tombstonesOf(alice, [idOf(3)]), 'x')
    const deposits = there.keeper.requests.length
    assert.equal(await sync(), 'synced')
    const { letters, tombstones } = await assertSame()
    assert.equal(letters.length, 97)
    assert.equal(tombstones.length, 4)
    assert.equal(there.keeper.requests.length, deposits)
  })

  it('ends at once where both have the same', async () => {
    await put(here.keeper, 1)
    await put(there.keeper, 1)
    const contents = await here.keeper.contents(mailboxKey)
    there.keeper.contents = () => Promise.reject(new Error('compared beyond the digest'))
    there.keeper.digest = async () => mailboxDigest(contents)
    const differing = await world.clock.run(here.client.syncWith(carol, mailboxKey, contents, never))
    assert.deepEqual(differing, {
      equal: true,
      lettersWanted: [],
      lettersOffered: [],
      tombstonesWanted: [],
      tombstones: [],
    })
  })

  it('brings full mailboxes together whatever each has', async () => {
    const ids = Array.from({ length: 4_000 }, (_, i) => letterId(Uint8Array.of(i & 255, i >> 8)))
    await here.keeper.acknowledge(mailboxKey, tombstonesOf(alice, ids.slice(0, 2_000)), 'x')
    await there.keeper.acknowledge(mailboxKey, tombstonesOf(alice, ids.slice(1_500)), 'x')
    assert.equal(await sync(), 'synced')
    assert.equal((await assertSame()).tombstones.length, 4_000)
    assert.deepEqual(world.violations, [])
  })

  it('says when the other one has no room', async () => {
    await put(here.keeper, 1)
    there.keeper.refusal = { refused: 'mailbox-full' }
    assert.equal(await sync(), 'incomplete')
  })

  it('takes no part with a peer that is not one of the closest', async () => {
    await put(there.keeper, 1)
    await put(here.keeper, 2)
    there.keeper.custodians = new Set([peerOf('emil').peerId])
    assert.deepEqual(await sync(), { refused: 'no-storage' })
    const replica = await here.keeper.replica(mailboxKey, idOf(2))
    assert.deepEqual(await world.clock.run(here.client.replicate(carol, mailboxKey, replica!, never)), {
      refused: 'no-storage',
    })
    assert.deepEqual(await world.clock.run(here.client.fetch(carol, mailboxKey, idOf(1), never)), {
      refused: 'no-storage',
    })
    assert.equal(there.keeper.requests.length, 1)
  })

  it('checks a replica like a deposit', async () => {
    const dora = here.client
    const replicate = (name: string, bytes = letterOf(1)) =>
      world.clock.run(
        dora.replicate(
          carol,
          mailboxKey,
          { letter: bytes, depositedMs: 5, credential: permitFor(mailboxOf(name)) },
          never,
        ),
      )
    assert.deepEqual(await replicate('eve'), { refused: 'signature' })
    assert.deepEqual(await replicate('alice'), 'done')
    assert.deepEqual(there.keeper.requests[0]?.replica, { depositedMs: 5 })
    there.keeper.refusal = { refused: 'proof-of-work-required', difficultyBits: 16 }
    const stranger = { letter: letterOf(2), depositedMs: 5, credential: { proofOfWork: new Uint8Array(8) } }
    assert.deepEqual(await world.clock.run(dora.replicate(carol, mailboxKey, stranger, never)), {
      refused: 'proof-of-work-required',
      difficultyBits: 16,
    })
  })

  it('finds nothing to fetch that has gone meanwhile', async () => {
    assert.equal(await world.clock.run(here.client.fetch(carol, mailboxKey, idOf(1), never)), undefined)
  })
})

describe('a custodian that lies to another', () => {
  const tombstone = { letterId: idOf(1), signature: new Uint8Array(64), expiresMs: 0 }
  const nothing: Differences = {
    through: END,
    lettersWanted: [],
    lettersOffered: [],
    tombstonesWanted: [],
    tombstones: [],
  }
  const contents: MailboxContents = { letters: [idOf(1)], tombstones: [] }

  async function syncWithLiar(differences: (request: Verb) => Differences) {
    const world = new LetterWorld()
    let exchanges = 0
    await world.liar((frame, send) => {
      const request = decodeRequest(frame)
      const { id, sync } = request
      exchanges += sync === undefined ? 1 : 0
      send(
        encodeAnswer(
          sync === undefined ? { id, differences: differences(request) } : { id, compared: { equal: false } },
        ),
      )
    })
    const client = await world.client()
    const outcome = world.clock.run(client.syncWith(carol, mailboxKey, contents, never))
    return { world, outcome, exchanges: () => exchanges }
  }

  const lies: [string, string, (request: Verb) => Differences][] = [
    ['tombstones that nobody signed', 'signature', () => ({ ...nothing, tombstones: [tombstone] })],
    ['a wish for letters that were not named', 'differences', () => ({ ...nothing, lettersWanted: [idOf(2)] })],
    ['a wish for one letter many times', 'differences', () => ({ ...nothing, lettersWanted: [idOf(1), idOf(1)] })],
    ['a wish for a tombstone of a letter', 'differences', () => ({ ...nothing, tombstonesWanted: [idOf(1)] })],
    ['an end that is no id', 'differences', () => ({ ...nothing, through: new Uint8Array(7) })],
    [
      'an end before the beginning',
      'differences',
      () => ({ ...nothing, through: new Uint8Array(32), lettersOffered: [new Uint8Array(32).fill(1)] }),
    ],
    [
      'a comparison without an end',
      'differences',
      ({ exchange }) => {
        const through = new Uint8Array(32)
        through[0] = (exchange?.after[0] ?? 0) + 1
        return { ...nothing, through }
      },
    ],
    ['a comparison that goes back', 'differences', () => ({ ...nothing, through: new Uint8Array(32).fill(3) })],
  ]
  for (const [what, reason, lie] of lies) {
    it(`with ${what} is broken with`, async () => {
      const { world, outcome, exchanges } = await syncWithLiar(lie)
      await assert.rejects(outcome, { failure: 'violation' })
      assert.deepEqual(world.violations, [`client: ${reason}`])
      assert.ok(exchanges() <= EXCHANGES_MAX)
    })
  }

  const replicas: [string, (bytes: Uint8Array) => Parameters<typeof encodeAnswer>[0]['replica']][] = [
    ['another letter than was asked for', () => ({ letter: letterOf('other'), depositedMs: 1, ...credential })],
    [
      'a letter with the permit of another mailbox',
      (letter) => ({ letter, depositedMs: 1, ...permitFor(mailboxOf('eve')) }),
    ],
    ['a letter without work', (letter) => ({ letter, depositedMs: 1, proofOfWork: new Uint8Array(8) })],
  ]
  for (const [what, replica] of replicas) {
    it(`with ${what} is broken with`, async () => {
      const world = new LetterWorld()
      await world.liar((frame, send) => {
        const { id } = decodeRequest(frame)
        send(encodeAnswer({ id, ...{ replica: replica(letterOf(1))! } }))
      })
      const client = await world.client()
      await assert.rejects(world.clock.run(client.fetch(carol, mailboxKey, idOf(1), never)), { failure: 'violation' })
      assert.deepEqual(world.violations, ['client: replica'])
    })
  }
})

describe('an EXCHANGE', () => {
  const idFor = (i: number) => letterId(Uint8Array.of(i & 255, i >> 8))
  const side = fc.record({
    letters: fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }),
    tombstones: fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }),
  })
  const contentsOf = ({ letters, tombstones }: { letters: number[]; tombstones: number[] }): MailboxContents => ({
    letters: letters.filter((i) => !tombstones.includes(i)).map(idFor),
    tombstones: tombstones.map((i) => ({ letterId: idFor(i), signature: new Uint8Array(64), expiresMs: 0 })),
  })
  const without = (some: Set<string>, others: Set<string>) => new Set([...some].filter((id) => !others.has(id)))
  const names = (ids: readonly Uint8Array[]) => new Set(ids.map(toHex))

  it('finds exactly what each side lacks', () => {
    fc.assert(
      fc.property(side, side, (one, other) => {
        const [here, there] = [contentsOf(one), contentsOf(other)]
        const exchange = nextExchange(mailboxKey, here, { ids: sortedIds(here), after: END })
        const found = answerExchange(there, exchange)
        const ofHere = names(here.letters)
        const ofThere = names(there.letters)
        const dead = names([...here.tombstones, ...there.tombstones].map(({ letterId }) => letterId))
        const lacking = (letters: Set<string>, others: Set<string>) =>
          [...letters].filter((id) => !others.has(id) && !dead.has(id)).sort()
        assert.deepEqual(found.lettersWanted.map(toHex), lacking(ofHere, ofThere))
        assert.deepEqual(found.lettersOffered.map(toHex), lacking(ofThere, ofHere))
        assert.equal(found.through.length, 0)
        const deadHere = names(here.tombstones.map(({ letterId }) => letterId))
        const deadThere = names(there.tombstones.map(({ letterId }) => letterId))
        assert.deepEqual(names(found.tombstonesWanted), without(deadHere, deadThere))
        assert.deepEqual(names(found.tombstones.map(({ letterId }) => letterId)), without(deadThere, deadHere))
      }),
    )
  })

  it('and its answer fit a frame, however much there is', () => {
    const many = Array.from({ length: 4_000 }, (_, i) => i)
    const odd = many.filter((i) => i % 2 === 1)
    const here = contentsOf({ letters: many, tombstones: [] })
    const there = contentsOf({ letters: [], tombstones: odd })
    const exchange = nextExchange(mailboxKey, here, { ids: sortedIds(here), after: END })
    assert.ok(encodeRequest({ id: 1, exchange }).length <= FRAME_MAX_BYTES)
    const differences = answerExchange(there, exchange)
    assert.ok(encodeAnswer({ id: 1, differences }).length <= FRAME_MAX_BYTES)
  })

  it('with ids out of its range is malformed', () => {
    const low = new Uint8Array(32)
    const high = new Uint8Array(32).fill(255)
    const asked = { mailboxKey, after: low, through: high, letters: [], tombstones: [] }
    const none = { letters: [], tombstones: [] }
    answerExchange(none, asked)
    for (const change of [{ letters: [low] }, { after: low.subarray(1) }, { after: high, letters: [high] }]) {
      assert.throws(() => answerExchange(none, { ...asked, ...change }), { reason: 'malformed' })
    }
  })
})
