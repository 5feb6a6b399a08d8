import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { type MailboxKey, signForMailbox } from '../../../../src/identity/mailbox-key.ts'
import type { MailboxClient } from '../../../../src/protocol/mailbox/client.ts'
import type { Collected } from '../../../../src/protocol/mailbox/collection.ts'
import { LETTER_MAX_BYTES } from '../../../../src/protocol/mailbox/letter-limits.ts'
import { type Answer, decodeRequest, encodeAnswer } from '../../../../src/protocol/mailbox/messages.ts'
import {
  COLLECT_PROGRESS_MS,
  COLLECT_WINDOW_BYTES,
  COLLECTIONS_MAX_PER_STREAM,
  FOLLOWS_MAX_PER_PEER,
  STREAM_WINDOW_BYTES,
} from '../../../../src/protocol/mailbox/protocol.ts'
import { collectBytes } from '../../../../src/protocol/mailbox/signed-bytes.ts'
import { letterId } from '../../../../src/sealing/letter-key.ts'
import { toHex } from '../../../../src/util/bytes.ts'
import type { MemoryLetters } from '../../../support/memory-letters.ts'
import { type Attacker, LetterWorld, letterOf, mailboxOf, never, peerOf, permitFor } from './letter-world.ts'

const alice = mailboxOf('alice')
const carol = peerOf('carol')
const mailboxKey = alice.publicKey

describe('COLLECT', () => {
  let world: LetterWorld
  let keeper: MemoryLetters
  let client: MailboxClient

  beforeEach(async () => {
    world = new LetterWorld()
    keeper = (await world.custodian()).keeper
    client = await world.client()
  })

  /** Puts a letter straight into the keeper. */
  async function put(content: number | string, bytes = 2048, mailbox: MailboxKey = alice): Promise<Uint8Array> {
    const letter = letterOf(content, bytes)
    const request = { letterId: letterId(letter), credential: permitFor(mailbox), proofBits: 0, fromPeerId: 'x' }
    await keeper.deposit({ mailboxKey: mailbox.publicKey, letter, ...request })
    return letter
  }

  async function all(letters: AsyncIterable<Collected>): Promise<Collected[]> {
    const items: Collected[] = []
    for await (const item of letters) {
      items.push(item)
    }
    return items
  }

  const collect = (options: { after?: number; follow: boolean } = { follow: false }, signal = never) =>
    client.collect(carol, alice, options, signal)

  it('gives every letter once, in the order of arrival, then the end', async () => {
    const letters = await Promise.all(Array.from({ length: 300 }, (_, i) => put(i)))
    const items = await world.clock.run(all(collect()))
    assert.deepEqual(items.pop(), { type: 'collected' })
    assert.deepEqual(
      items.map((item) => item.type === 'letter' && toHex(item.letter)),
      letters.map(toHex),
    )
    const [first] = items
    assert.ok(first?.type === 'letter')
    assert.deepEqual(first.letterId, letterId(letters[0]!))
    assert.deepEqual(world.violations, [])
  })

  it('gives only letters that came after the one named', async () => {
    await put(1)
    const second = await put(2)
    const depositedMs = world.clock.wallMs()
    const items = await world.clock.run(all(collect({ after: 1, follow: false })))
    assert.deepEqual(items, [
      { type: 'letter', letterId: letterId(second), letter: second, depositedMs, arrival: 2 },
      { type: 'collected' },
    ])
  })

  it('of several mailboxes at once shares one stream', async () => {
    const mailboxes = Array.from({ length: 15 }, (_, i) => mailboxOf(`day ${i}`))
    for (const mailbox of mailboxes) {
      for (let i = 0; i < 20; i++) {
        await put(i, 16_384, mailbox)
      }
    }
    const collections = mailboxes.map((mailbox) => all(client.collect(carol, mailbox, { follow: false }, never)))
    for (const items of await world.clock.run(Promise.all(collections))) {
      assert.equal(items.length, 21)
    }
    assert.deepEqual(world.violations, [])
  })

  it('gives an empty mailbox and an unknown one the same end', async () => {
    assert.deepEqual(await world.clock.run(all(collect())), [{ type: 'collected' }])
  })

  it('follows: letters are pushed as they come, until the signal aborts', async () => {
    await put('before')
    const controller = new AbortController()
    const items: Collected[] = []
    const following = (async () => {
      for await (const item of collect({ follow: true }, controller.signal)) {
        items.push(item)
      }
    })()
    await world.clock.advance(100)
    assert.deepEqual(
      items.map(({ type }) => type),
      ['letter', 'collected'],
    )
    for (let i = 0; i < 5; i++) {
      await world.clock.advance(600_000)
      const letter = await put(i)
      await world.clock.advance(5)
      const last = items.at(-1)
      assert.deepEqual(last?.type === 'letter' && last.letter, letter)
    }
    controller.abort(new Error('enough'))
    await assert.rejects(following, /enough/)
    await world.clock.advance(100)
    assert.equal(keeper.watched.size, 0)
    assert.deepEqual(world.violations, [])
  })

  it('follows without missing what comes while letters are read', async () => {
    const items: Collected[] = []
    const controller = new AbortController()
    const following = (async () => {
      for await (const item of collect({ follow: true }, controller.signal)) {
        items.push(item)
        if (items.length < 200) {
          await put(`answer ${items.length}`)
        }
      }
    })().catch(() => {})
    await put('first')
    await world.clock.runUntil(() => items.length >= 200, 60_000)
    const ids = new Set(items.map((item) => item.type === 'letter' && toHex(item.letterId)))
    assert.equal(ids.size, items.length)
    controller.abort()
    await world.clock.run(following)
  })

  it('ends when the iteration is left, and frees the place', async () => {
    await put(1)
    for (let i = 0; i < COLLECTIONS_MAX_PER_STREAM + FOLLOWS_MAX_PER_PEER; i++) {
      await world.clock.run(
        (async () => {
          for await (const item of collect({ follow: true })) {
            assert.equal(item.type, 'letter')
            break
          }
        })(),
      )
      await world.clock.advance(5)
    }
    assert.equal(keeper.watched.size, 0)
    assert.deepEqual(world.refused, [])
  })

  it('waits for a collector that takes letters slowly, with no more than a window under way', async () => {
    for (let i = 0; i < 40; i++) {
      await put(i, LETTER_MAX_BYTES)
    }
    const slow = collect()
    let taken = 0
    for (;;) {
      const { done, value } = await world.clock.run(slow.next())
      if (done === true || value.type !== 'letter') {
        break
      }
      taken++
      await world.clock.advance(30_000)
    }
    assert.equal(taken, 40)
    assert.deepEqual(world.violations, [])
  })

  it('sends a collector that grants nothing one window of letters, and one stream no more than its share', async () => {
    const mailboxes = Array.from({ length: 12 }, (_, i) => mailboxOf(`day ${i}`))
    for (const mailbox of mailboxes) {
      for (let i = 0; i < 10; i++) {
        await put(i, 30_000, mailbox)
      }
    }
    const mallory = await world.attacker()
    await openAll(mallory, mailboxes)
    const letters = mallory.answers.filter(({ letter }) => letter !== undefined)
    const bytesOf = (id: number) => letters.filter((answer) => answer.id === id).length * 30_000
    assert.ok(mailboxes.every((_, id) => bytesOf(id) <= COLLECT_WINDOW_BYTES))
    assert.ok(letters.length * 30_000 <= STREAM_WINDOW_BYTES)
    assert.ok(letters.length * 30_000 > STREAM_WINDOW_BYTES / 2)
    assert.equal(mallory.end, 'open')
    mailboxes.forEach((_, id) => {
      mallory.send(id, { stop: {} })
    })
    await world.clock.advance(50)
    assert.equal(mallory.answers.filter(({ ended }) => ended?.reason === 'stopped').length, 12)
  })

  /** Collects as the owner of the mailboxes, ids 0 and so on, and grants nothing. */
  async function openAll(peer: Attacker, mailboxes: readonly MailboxKey[], follow = false) {
    mailboxes.forEach((mailbox, id) => {
      peer.send(id, { collect: { mailboxKey: mailbox.publicKey, after: 0, follow } })
    })
    await world.clock.advance(10)
    mailboxes.forEach((mailbox, id) => {
      const nonce = peer.answers.find((answer) => answer.id === id)?.challenge?.nonce
      peer.send(id, { prove: { signature: answerOf(mailbox, nonce!) } })
    })
    await world.clock.advance(200)
  }

  const answerOf = (
    mailbox: MailboxKey,
    nonce: Uint8Array,
    { collector = peerOf('mallory').peerId, custodian = carol.peerId } = {},
  ) => signForMailbox(mailbox, 'collect', collectBytes({ nonce, mailboxKey: mailbox.publicKey, collector, custodian }))

  async function challenged(peer: Attacker, id: number, key = mailboxKey): Promise<Uint8Array> {
    peer.send(id, { collect: { mailboxKey: key, after: 0, follow: false } })
    await world.clock.advance(10)
    return peer.answers.findLast((answer) => answer.id === id)?.challenge?.nonce ?? new Uint8Array(0)
  }

  describe('by somebody else', () => {
    const wrong: [string, (nonce: Uint8Array) => Uint8Array][] = [
      ['no signature', () => new Uint8Array(64)],
      ['the key of another mailbox', (nonce) => answerOf(mailboxOf('mallory'), nonce)],
      ['an answer made for another collector', (nonce) => answerOf(alice, nonce, { collector: peerOf('bob').peerId })],
      ['an answer made for another custodian', (nonce) => answerOf(alice, nonce, { custodian: peerOf('dora').peerId })],
      ['an answer to another challenge', () => answerOf(alice, new Uint8Array(32))],
      [
        'a signature for another purpose',
        (nonce) => {
          const { peerId: collector } = peerOf('mallory')
          const bytes = collectBytes({ nonce, mailboxKey, collector, custodian: carol.peerId })
          return signForMailbox(alice, 'acknowledge', bytes)
        },
      ],
    ]
    for (const [what, forge] of wrong) {
      it(`with ${what} is refused and counted`, async () => {
        await put(1)
        const mallory = await world.attacker()
        mallory.send(1, { prove: { signature: forge(await challenged(mallory, 1)) } })
        await world.clock.advance(50)
        assert.deepEqual(mallory.answers.slice(1), [{ id: 1, ended: { reason: 'signature' } }])
        assert.deepEqual(world.refused, ['signature'])
      })
    }

    it('shows nothing: byte for byte the same for a mailbox with letters, an empty one and an unknown one', async () => {
      await put(1)
      await put(2)
      await put(3, 2048, mailboxOf('emptied'))
      const { letters } = await keeper.contents(mailboxOf('emptied').publicKey)
      await keeper.acknowledge(
        mailboxOf('emptied').publicKey,
        letters.map((id) => ({ letterId: id, signature: new Uint8Array(64), expiresMs: 0 })),
        'x',
      )
      const conversations: string[] = []
      for (const [index, name] of ['alice', 'emptied', 'nobody'].entries()) {
        const mallory = await world.attacker(`mallory ${index}`)
        const key = mailboxOf(name).publicKey
        world.random.bytes = () => new Uint8Array(32).fill(9)
        mallory.send(7, { collect: { mailboxKey: key, after: 0, follow: true } })
        mallory.send(8, { collect: { mailboxKey: key, after: 0, follow: false } })
        mallory.send(9, { sync: { mailboxKey: key, digest: new Uint8Array(32) } })
        keeper.custodians = new Set()
        mallory.send(10, { exchange: { mailboxKey: key, after: END, through: END, letters: [], tombstones: [] } })
        mallory.send(11, { fetch: { mailboxKey: key, letterId: letterId(letterOf(1)) } })
        mallory.send(12, {
          acknowledge: {
            mailboxKey: key,
            tombstones: [{ letterId: letterId(letterOf(1)), signature: new Uint8Array(64), expiresMs: 0 }],
          },
        })
        const replica = { mailboxKey: key, letter: letterOf(1), depositedMs: 5, ...permitFor(mailboxOf(name)) }
        mallory.send(13, { replicate: replica })
        await world.clock.advance(20)
        mallory.send(7, { prove: { signature: new Uint8Array(64) } })
        await world.clock.advance(70_000)
        conversations.push(mallory.frames.map(toHex).join('\n'))
        assert.equal(mallory.frames.length, 9)
      }
      assert.equal(conversations[0], conversations[2])
      assert.equal(conversations[1], conversations[2])
    })
  })

  it('lets a challenge be answered once', async () => {
    await put(1)
    const mallory = await world.attacker()
    const signature = answerOf(alice, await challenged(mallory, 1))
    mallory.send(1, { prove: { signature } })
    await world.clock.advance(50)
    assert.ok(mallory.answers.some(({ collected }) => collected !== undefined))
    mallory.send(1, { stop: {} })
    await challenged(mallory, 2)
    mallory.send(2, { prove: { signature } })
    await world.clock.advance(50)
    assert.deepEqual(mallory.answers.at(-1), { id: 2, ended: { reason: 'signature' } })
  })

  it('breaks with whoever answers a challenge again while letters come', async () => {
    const mallory = await world.attacker()
    await openAll(mallory, [alice], true)
    mallory.send(0, { prove: { signature: new Uint8Array(64) } })
    await world.clock.advance(50)
    assert.equal(mallory.end, 'broken')
    assert.deepEqual(world.violations, ['server: unexpected-request'])
  })

  it('lets a challenge expire after a minute', async () => {
    await put(1)
    const mallory = await world.attacker()
    const signature = answerOf(alice, await challenged(mallory, 1))
    await world.clock.advance(60_000)
    assert.deepEqual(mallory.answers.at(-1), { id: 1, ended: { reason: 'expired' } })
    mallory.send(1, { prove: { signature } })
    await world.clock.advance(50)
    assert.equal(mallory.answers.length, 2)
    assert.equal(mallory.end, 'open')
  })

  it('gives nothing for the answer of another stream', async () => {
    await put(1)
    const bob = await world.attacker('bob')
    const mallory = await world.attacker()
    const nonce = await challenged(bob, 1)
    await challenged(mallory, 1)
    mallory.send(1, { prove: { signature: answerOf(alice, nonce, { collector: peerOf('bob').peerId }) } })
    await world.clock.advance(50)
    assert.deepEqual(mallory.answers.at(-1), { id: 1, ended: { reason: 'signature' } })
  })

  it('lets one peer follow a bounded number of mailboxes', async () => {
    const mallory = await world.attacker()
    const mailboxes = Array.from({ length: FOLLOWS_MAX_PER_PEER + 3 }, (_, i) => mailboxOf(`day ${i}`))
    await openAll(mallory, mailboxes, true)
    const refused = mallory.answers.filter(({ ended }) => ended?.reason === 'rate-limited')
    assert.equal(refused.length, 3)
    assert.equal(keeper.watched.size, FOLLOWS_MAX_PER_PEER)
    mallory.channel.abort(new Error('gone'))
    await world.clock.advance(50)
    assert.equal(keeper.watched.size, 0)
  })

  const misbehaviour: [string, string, (peer: Attacker) => void][] = [
    ['opens more collections than a stream may have', 'too-many-requests', (peer) => tooMany(peer)],
    [
      'grants what it was not sent',
      'flow-control',
      (peer) => {
        peer.send(1, { collect: { mailboxKey, after: 0, follow: false } })
        peer.send(1, { grant: { bytes: 1 } })
      },
    ],
    ['grants without a collection', 'unexpected-request', (peer) => peer.send(1, { grant: { bytes: 1 } })],
    ['stops without a collection', 'unexpected-request', (peer) => peer.send(1, { stop: {} })],
    [
      'proves without a collection',
      'unexpected-request',
      (peer) => peer.send(1, { prove: { signature: new Uint8Array(64) } }),
    ],
    [
      'uses the id of a collection again',
      'repeated-request',
      (peer) => {
        peer.send(1, { collect: { mailboxKey, after: 0, follow: false } })
        peer.send(1, { collect: { mailboxKey, after: 0, follow: false } })
      },
    ],
  ]
  for (const [what, reason, misbehave] of misbehaviour) {
    it(`breaks with a peer that ${what}`, async () => {
      const mallory = await world.attacker()
      misbehave(mallory)
      await world.clock.advance(50)
      assert.equal(mallory.end, 'broken')
      assert.deepEqual(world.violations, [`server: ${reason}`])
    })
  }

  function tooMany(peer: Attacker): void {
    for (let id = 0; id <= COLLECTIONS_MAX_PER_STREAM; id++) {
      peer.send(id, { collect: { mailboxKey, after: 0, follow: false } })
    }
  }
})

const END = new Uint8Array(0)

describe('a custodian that lies to a collector', () => {
  const challenge = { nonce: new Uint8Array(32) }
  const letter = { arrival: 1, depositedMs: 1, letter: letterOf(1) }
  const large = { arrival: 1, depositedMs: 1, letter: letterOf(1, LETTER_MAX_BYTES) }
  const lies: [string, string, readonly Omit<Answer, 'id'>[]][] = [
    ['by sending letters before its challenge was answered', 'violation', [{ letter }]],
    ['by challenging twice', 'violation', [{ challenge }, { challenge }]],
    ['by saying twice that all has come', 'violation', [{ challenge }, { collected: {} }, { collected: {} }]],
    ['by going on after the end of what it had', 'violation', [{ challenge }, { collected: {} }, { letter }]],
    ['by ending before all has come', 'refused', [{ challenge }, { letter }, { ended: { reason: 'done' } }]],
    ['by a receipt', 'violation', [{ done: {} }]],
    [
      'by sending more than the window',
      'violation',
      [{ challenge }, { letter: large }, { letter: large }, { letter: large }],
    ],
    ['by silence', 'timeout', []],
    ['by silence after the answer', 'timeout', [{ challenge }]],
    ['by silence instead of the end', 'timeout', [{ challenge }, { letter }, { collected: {} }]],
    ['by silence after some letters', 'timeout', [{ challenge }, { letter }]],
  ]
  for (const [what, failure, answers] of lies) {
    it(`${what} is ${failure === 'refused' ? 'left' : 'broken with'}`, async () => {
      const world = new LetterWorld()
      await world.liar((frame, send) => {
        const { id, collect, prove } = decodeRequest(frame)
        const [first, ...rest] = answers
        for (const answer of collect !== undefined && first !== undefined ? [first] : prove !== undefined ? rest : []) {
          send(encodeAnswer({ ...answer, id }))
        }
      })
      const client = await world.client()
      const collecting = (async () => {
        for await (const _item of client.collect(carol, alice, { follow: false }, never)) {
          await world.clock.sleep(what.includes('window') ? 10 : 0)
        }
      })()
      const startMs = world.clock.monotonicMs()
      await assert.rejects(world.clock.run(collecting), { name: 'MailboxError', failure })
      assert.ok(world.clock.monotonicMs() - startMs <= COLLECT_PROGRESS_MS + 1_000)
      assert.equal(world.violations.length, failure === 'violation' ? 1 : 0)
    })
  }
})
