import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { verify } from '../../../../src/identity/ed25519.ts'
import type { MailboxClient } from '../../../../src/protocol/mailbox/client.ts'
import type { Credential } from '../../../../src/protocol/mailbox/letter-keeper.ts'
import { LETTER_MAX_BYTES, LETTER_RETENTION_MS } from '../../../../src/protocol/mailbox/letter-limits.ts'
import { decodeRequest, encodeAnswer, type Request } from '../../../../src/protocol/mailbox/messages.ts'
import { WAITING_MAX_REQUESTS, WRONG_SIGNATURES_MAX } from '../../../../src/protocol/mailbox/protocol.ts'
import { provenBits } from '../../../../src/protocol/mailbox/proven-bits.ts'
import { MailboxServer } from '../../../../src/protocol/mailbox/server.ts'
import { receiptBytes } from '../../../../src/protocol/mailbox/signed-bytes.ts'
import { letterId } from '../../../../src/sealing/letter-key.ts'
import { ProofOfWork } from '../../../../src/sealing/proof-of-work.ts'
import type { MemoryLetters } from '../../../support/memory-letters.ts'
import { RecordingLogger } from '../../../support/recording-logger.ts'
import { LetterWorld, letterOf, mailboxOf, never, nodeKeyOf, noRecords, peerOf, permitFor } from './letter-world.ts'

const alice = mailboxOf('alice')
const carol = peerOf('carol')
const letter = letterOf('hello')
const mailboxKey = alice.publicKey

/** A stranger's proof. */
function prove(bits: number, bytes = letter): Credential {
  const work = new ProofOfWork({ mailbox: mailboxKey, letterId: letterId(bytes) }, bits)
  let nonce = work.step()
  while (nonce === undefined) {
    nonce = work.step()
  }
  return { proofOfWork: nonce }
}

describe('DEPOSIT', () => {
  let world: LetterWorld
  let keeper: MemoryLetters
  let client: MailboxClient
  const deposit = (credential: Credential, bytes = letter) =>
    world.clock.run(client.deposit(carol, { mailboxKey, letter: bytes, credential }, never))

  beforeEach(async () => {
    world = new LetterWorld()
    keeper = (await world.custodian()).keeper
    client = await world.client()
  })

  it('is answered with a receipt that anybody can check', async () => {
    const receipt = await deposit(permitFor(alice))
    assert.ok('signature' in receipt)
    assert.deepEqual(receipt.letterId, letterId(letter))
    assert.equal(receipt.expiresMs - receipt.depositedMs, LETTER_RETENTION_MS)
    const statement = { mailboxKey, letterId: receipt.letterId, expiresMs: receipt.expiresMs, custodian: carol.peerId }
    assert.ok(verify(nodeKeyOf('carol').publicKey, receiptBytes(statement), receipt.signature))
    assert.equal(keeper.count(mailboxKey), 1)
    assert.equal(keeper.requests[0]?.fromPeerId, peerOf('bob').peerId)
    assert.deepEqual(world.violations, [])
  })

  it('of a letter that is there already gives the same receipt', async () => {
    const first = await deposit(permitFor(alice))
    await world.clock.advance(1_000)
    assert.deepEqual(await deposit(permitFor(alice, 'another')), first)
    assert.equal(keeper.count(mailboxKey), 1)
  })

  it('tells the keeper how much work a stranger has done', async () => {
    const credential = prove(17)
    const proven = provenBits({ mailbox: mailboxKey, letterId: letterId(letter) }, credential.proofOfWork!)
    assert.ok(proven >= 17)
    assert.ok('signature' in (await deposit(credential)))
    assert.equal(keeper.requests[0]?.proofBits, proven)
    keeper.refusal = { refused: 'proof-of-work-required', difficultyBits: 16 }
    assert.deepEqual(await deposit({ proofOfWork: new Uint8Array(8) }), {
      refused: 'proof-of-work-required',
      difficultyBits: 16,
    })
    assert.equal(keeper.requests[1]?.proofBits, 0)
  })

  it('passes on every refusal of the keeper, with what goes with it', async () => {
    for (const refused of ['mailbox-full', 'too-large', 'no-storage'] as const) {
      keeper.refusal = { refused }
      assert.deepEqual(await deposit(permitFor(alice)), { refused })
    }
    keeper.refusal = { refused: 'rate-limited', retryAfterMs: 1_234 }
    assert.deepEqual(await deposit(permitFor(alice)), { refused: 'rate-limited', retryAfterMs: 1_234 })
    assert.deepEqual(world.refused, ['mailbox-full', 'too-large', 'no-storage', 'rate-limited'])
  })

  it('never asks a sender for more work than the most there is, whatever a custodian says', async () => {
    keeper.refusal = { refused: 'proof-of-work-required', difficultyBits: 4_000_000 }
    assert.deepEqual(await deposit(prove(16)), { refused: 'proof-of-work-required', difficultyBits: 22 })
  })

  it('refuses a letter that is too large before anything else, on both sides', async () => {
    const large = letterOf('large', LETTER_MAX_BYTES + 1)
    assert.deepEqual(await deposit(permitFor(alice), large), { refused: 'too-large' })
    const mallory = await world.attacker()
    mallory.send(1, { deposit: { mailboxKey, letter: large, ...permitFor(mailboxOf('mallory')) } })
    await world.clock.advance(50)
    assert.equal(mallory.answers[0]?.letterRefused?.reason, 'too-large')
    assert.equal(keeper.requests.length, 0)
    assert.ok('signature' in (await deposit(permitFor(alice), letterOf('largest', LETTER_MAX_BYTES))))
  })

  it('refuses a permit for another mailbox, and whoever keeps trying', async () => {
    for (let i = 0; i < WRONG_SIGNATURES_MAX; i++) {
      assert.deepEqual(await deposit(permitFor(mailboxOf('dora'), `${i}`)), { refused: 'signature' })
    }
    await assert.rejects(deposit(permitFor(mailboxOf('dora'))), { name: 'MailboxError' })
    assert.ok(world.violations.includes('server: signature'))
    assert.equal(keeper.requests.length, 0)
  })

  it('is refused by a node that keeps no letters', async () => {
    const network = world.network.createNetwork(peerOf('emil').peerId)
    const { clock } = world
    new MailboxServer({ clock, network, logger: new RecordingLogger('emil') }, { records: noRecords }).start()
    await network.start()
    const answer = client.deposit(peerOf('emil'), { mailboxKey, letter, credential: permitFor(alice) }, never)
    assert.deepEqual(await clock.run(answer), { refused: 'no-storage' })
    const collected = client.collect(peerOf('emil'), alice, { follow: false }, never).next()
    await assert.rejects(clock.run(collected), /no-storage/)
  })

  it('sends 1,200 deposits over one stream, a bounded number at a time', async () => {
    const credential = permitFor(alice)
    const outcomes = Array.from({ length: 1_200 }, (_, i) =>
      client.deposit(carol, { mailboxKey, letter: letterOf(i, 1024), credential }, never),
    )
    const settled = await world.clock.run(Promise.all(outcomes))
    assert.ok(settled.every((outcome) => 'signature' in outcome))
    assert.equal(keeper.count(mailboxKey), 1_200)
    assert.deepEqual(world.violations, [])
  })

  it('sends the largest letters without flooding a custodian that reads slowly', async () => {
    const credential = permitFor(alice)
    const outcomes = Array.from({ length: 60 }, (_, i) =>
      client.deposit(carol, { mailboxKey, letter: letterOf(i, LETTER_MAX_BYTES), credential }, never),
    )
    const settled = await world.clock.run(Promise.all(outcomes))
    assert.ok(settled.every((outcome) => 'signature' in outcome))
    assert.deepEqual(world.violations, [])
  })

  it('says `busy` when more deposits wait than may', async () => {
    const letters = Array.from({ length: WAITING_MAX_REQUESTS + 300 }, (_, i) => letterOf(i, 64))
    const credential = permitFor(alice)
    const outcomes = await world.clock.run(
      Promise.allSettled(
        letters.map((bytes) => client.deposit(carol, { mailboxKey, letter: bytes, credential }, never)),
      ),
    )
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.failure] : []))
    assert.ok(failures.length > 0 && failures.every((failure) => failure === 'busy'), failures.join())
  })
})

describe('a receipt', () => {
  const forgeries: [string, (request: Request) => { expiresMs: number; signature: Uint8Array; depositedMs: number }][] =
    [
      ['that is made up', () => ({ depositedMs: 1, expiresMs: 2, signature: new Uint8Array(64) })],
      ['signed by another node', (request) => signed(request, 'mallory', {})],
      ['in the name of another custodian', (request) => signed(request, 'carol', { custodian: peerOf('dora').peerId })],
      ['for another letter', (request) => signed(request, 'carol', { letterId: letterId(letterOf('other')) })],
      ['for another mailbox', (request) => signed(request, 'carol', { mailboxKey: mailboxOf('dora').publicKey })],
      ['for another time', (request) => ({ ...signed(request, 'carol', {}), expiresMs: 2_000 })],
      ['for longer than letters are kept', (request) => signed(request, 'carol', { expiresMs: 10 ** 12 })],
    ]

  for (const [what, forge] of forgeries) {
    it(`${what} is a violation`, async () => {
      const world = new LetterWorld()
      await world.liar((frame, send) => {
        const request = decodeRequest(frame)
        send(encodeAnswer({ id: request.id, receipt: forge(request) }))
      })
      const client = await world.client()
      const answer = client.deposit(carol, { mailboxKey, letter, credential: permitFor(alice) }, never)
      await assert.rejects(world.clock.run(answer), { failure: 'violation' })
      assert.deepEqual(world.violations, ['client: receipt'])
    })
  }

  it('signed as it should be is none', async () => {
    const world = new LetterWorld()
    await world.liar((frame, send) => {
      const request = decodeRequest(frame)
      send(encodeAnswer({ id: request.id, receipt: signed(request, 'carol', {}) }))
    })
    const client = await world.client()
    const answer = client.deposit(carol, { mailboxKey, letter, credential: permitFor(alice) }, never)
    assert.equal((await world.clock.run(answer as Promise<{ expiresMs: number }>)).expiresMs, 1_000)
  })
})

function signed({ deposit }: Request, signer: string, changes: object) {
  const statement = {
    mailboxKey: deposit!.mailboxKey,
    letterId: letterId(deposit!.letter),
    expiresMs: 1_000,
    custodian: carol.peerId,
    ...changes,
  }
  const signature = nodeKeyOf(signer).sign(receiptBytes(statement))
  return { depositedMs: 1, expiresMs: statement.expiresMs, signature }
}
