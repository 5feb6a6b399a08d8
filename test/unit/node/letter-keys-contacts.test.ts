import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { issuePermits, verifyPermit } from '../../../src/identity/permit.ts'
import { writeHandedKeys } from '../../../src/node/handed-keys.ts'
import { NS_KEYS } from '../../../src/node/letter-keys.ts'
import {
  contactPermitsTable,
  contactPrekeysTable,
  singleUsePrekeysTable,
} from '../../../src/node/tables/letter-keys.ts'
import { LetterError } from '../../../src/sealing/letter-error.ts'
import { createPrekey } from '../../../src/sealing/prekey.ts'
import { StoreError } from '../../../src/system/store.ts'
import { element } from '../../../src/xml/element.ts'
import { StanzaError } from '../../../src/xmpp/stanza-error.ts'
import { aliceAndBob, KeyHolder } from './letter-keys-world.ts'
import { DAY_MS, HOUR_MS, peerIdOf } from './record-world.ts'

const random = new SeededRandom('contacts')

/** Single-use prekeys as anybody may write them. */
function handed(node: string, issuedMs: number, dates: readonly number[]): string {
  const prekeys = dates.map((createdMs) => ({ ...createPrekey(random, createdMs), publicKey: random.bytes(1216) }))
  return writeHandedKeys({ issuedMs, singleUse: { peerId: peerIdOf(node), prekeys }, permits: undefined })
}

async function receive(holder: KeyHolder, contact: string, text: string): Promise<void> {
  const keys = element('keys', NS_KEYS, {}, [text])
  await holder.store.transaction((transaction) => holder.keys.receiveKeys(transaction, holder.address, contact, keys))
}

describe('single-use prekeys between contacts', () => {
  it('seal a letter each, which opens once', async () => {
    const { alice, bob } = await aliceAndBob()
    assert.equal(await bob.handTo(alice), true)
    const record = bob.record()
    for (let i = 0; i < 16; i++) {
      const { letter } = await alice.seal(record)
      const opened = await bob.take(letter)
      assert.equal(opened.singleUse, true)
      assert.throws(() => bob.keys.open(bob.address, letter), { name: 'LetterError', reason: 'not-for-us' })
    }
    assert.equal((await bob.take((await alice.seal(record)).letter)).singleUse, false)
    assert.equal(bob.store.read.count(singleUsePrekeysTable), 0)
    assert.equal(alice.store.read.count(contactPrekeysTable), 0)
  })

  it('are shared among the nodes of the sender, who were all given the same', async () => {
    const { clock, alice, bob } = await aliceAndBob()
    const phone = new KeyHolder(clock, 'alice', 'alice’s phone')
    await phone.keys.start()
    const keys = await bob.store.transaction((transaction) => bob.keys.keysFor(transaction, bob.address, alice.address))
    const senderRecord = alice.record([phone]).encoded
    for (const node of [alice, phone]) {
      await receive(node, bob.address, keys!.text())
    }
    let singleUse = 0
    for (let i = 0; i < 20; i++) {
      for (const node of [alice, phone]) {
        const { letter } = await node.seal(bob.record(), { senderRecord })
        singleUse += (await bob.take(letter)).singleUse ? 1 : 0
      }
    }
    assert.equal(singleUse, 16)
  })

  it('are left alone by a repetition, which takes the published prekeys', async () => {
    const { alice, bob } = await aliceAndBob()
    await bob.handTo(alice)
    const { letter } = await alice.seal(bob.record(), { fresh: false })
    assert.equal(bob.keys.open(bob.address, letter).singleUse, false)
    assert.equal(alice.store.read.count(contactPrekeysTable), 16)
  })

  it('are gone from the sender’s disk when the letter may leave, and only then', async () => {
    const { alice, bob } = await aliceAndBob()
    await bob.handTo(alice)
    const record = bob.record()
    alice.store.failNextCommit('full')
    await assert.rejects(alice.seal(record), StoreError)
    assert.equal(alice.store.read.count(contactPrekeysTable), 16)
    assert.equal(await alice.keys.seal(alice.order(record, { stanza: new Uint8Array(65_000) })), 'too-large')
    assert.equal(alice.store.read.count(contactPrekeysTable), 16)
    await alice.seal(record)
    await alice.restart('crash')
    assert.equal(alice.store.read.count(contactPrekeysTable), 15)
  })

  it('are handed over again when fewer than 8 are left', async () => {
    const { alice, bob } = await aliceAndBob()
    await bob.handTo(alice)
    const record = bob.record()
    for (let used = 1; used <= 9; used++) {
      assert.equal(await bob.handTo(alice), false)
      await bob.take((await alice.seal(record)).letter)
      await bob.clock.advance(1)
    }
    assert.equal(await bob.handTo(alice), true)
    assert.equal(alice.store.read.count(contactPrekeysTable), 16)
    assert.equal(bob.store.read.count(singleUsePrekeysTable), 16)
  })

  it('do not come back when the same keys arrive again', async () => {
    const { alice, bob } = await aliceAndBob()
    const text = handed('bob', alice.clock.wallMs(), [alice.clock.wallMs()])
    await receive(alice, bob.address, text)
    assert.equal(alice.store.read.count(contactPrekeysTable), 1)
    await alice.seal(bob.record())
    await receive(alice, bob.address, text)
    assert.equal(alice.store.read.count(contactPrekeysTable), 0)
  })

  it('that are no keys at all do not stop the letter', async () => {
    const { alice, bob } = await aliceAndBob()
    const nowMs = alice.clock.wallMs()
    const prekeys = [{ ...createPrekey(random, nowMs), publicKey: new Uint8Array(1216).fill(255) }]
    const singleUse = { peerId: bob.peerId, prekeys }
    await receive(alice, bob.address, writeHandedKeys({ issuedMs: nowMs, singleUse, permits: undefined }))
    assert.equal((await bob.take((await alice.seal(bob.record())).letter)).singleUse, false)
  })

  it('are kept for 4 nodes of a contact, 16 each, unless they are too old or of the future', async () => {
    const { alice, bob } = await aliceAndBob()
    const nowMs = alice.clock.wallMs()
    await receive(alice, bob.address, handed('bob', nowMs, [nowMs - 30 * DAY_MS, nowMs + 27 * HOUR_MS]))
    await receive(alice, bob.address, handed('bob', nowMs + 27 * HOUR_MS, [nowMs]))
    assert.equal(alice.store.read.count(contactPrekeysTable), 0)
    for (let round = 1; round <= 3; round++) {
      for (let node = 0; node < 6; node++) {
        await receive(alice, bob.address, handed(`node ${node}`, nowMs + round, Array(16).fill(nowMs - node)))
      }
    }
    assert.equal(alice.store.read.count(contactPrekeysTable), 4 * 16)
  })

  it('are not used after 30 days and destroyed after 45', async () => {
    const { clock, alice, bob } = await aliceAndBob()
    await bob.handTo(alice)
    await clock.advance(30 * DAY_MS)
    assert.equal((await bob.take((await alice.seal(bob.record())).letter)).singleUse, false)
    await clock.advance(HOUR_MS)
    assert.equal(alice.store.read.count(contactPrekeysTable), 0)
    assert.equal(bob.store.read.count(singleUsePrekeysTable), 16)
    await clock.advance(15 * DAY_MS)
    assert.equal(bob.store.read.count(singleUsePrekeysTable), 0)
  })
})

describe('permits between contacts', () => {
  it('are good for the mailbox of each day, until new ones come a week before the end', async () => {
    const { clock, alice, bob } = await aliceAndBob()
    let given = 0
    for (let day = 0; day < 80; day += 4) {
      given += (await bob.handTo(alice)) ? 1 : 0
      const { mailboxKey, permit } = await alice.seal(bob.record(), { fresh: false })
      assert.ok(permit !== undefined && verifyPermit(mailboxKey, permit), `day ${day}`)
      await clock.advance(4 * DAY_MS)
    }
    assert.ok(given >= 3 && given <= 6, `${given} times`)
    assert.ok(alice.store.read.count(contactPermitsTable) <= 48)
  })

  it('that are not by the owner of the mailbox are not used', async () => {
    const { alice, bob } = await aliceAndBob()
    const permits = issuePermits(alice.account, { fromDay: alice.today, days: 44 }, random)
    await receive(alice, bob.address, writeHandedKeys({ issuedMs: 1, singleUse: undefined, permits }))
    assert.equal((await alice.seal(bob.record())).permit, undefined)
  })

  it('for days that are far are not kept', async () => {
    const { alice, bob } = await aliceAndBob()
    for (const fromDay of [0, alice.today - 46, alice.today + 46, 0xffff_ffff]) {
      const { permits } = issuePermits(bob.account, { fromDay: 20_000, days: 44 }, random)
      const text = writeHandedKeys({ issuedMs: 1, singleUse: undefined, permits: { fromDay, permits } })
      await receive(alice, bob.address, text)
    }
    assert.equal(alice.store.read.count(contactPermitsTable), 0)
  })
})

describe('keys between contacts', () => {
  it('are destroyed on both sides when the contact is removed, and given anew later', async () => {
    const { alice, bob } = await aliceAndBob()
    await bob.handTo(alice)
    await alice.handTo(bob)
    const { letter } = await alice.seal(bob.record())
    const secretsBefore = bob.secrets().length
    await bob.store.transaction((transaction) => bob.keys.forget(transaction, bob.address, alice.address))
    assert.equal(bob.secrets().length, secretsBefore - 16)
    assert.equal(bob.store.read.count(contactPrekeysTable) + bob.store.read.count(contactPermitsTable), 0)
    assert.throws(() => bob.keys.open(bob.address, letter), LetterError)
    await bob.clock.advance(1)
    assert.equal(await bob.handTo(alice), true)
  })

  it('make the sender’s record in a letter needless', async () => {
    const { alice, bob } = await aliceAndBob()
    await bob.handTo(alice)
    const { letter } = await alice.seal(bob.record(), { senderRecord: alice.record().encoded })
    const opened = await bob.take(letter)
    assert.equal(opened.senderRecord, undefined)
    assert.equal(opened.recordSequence, 7)
    assert.equal(letter.length, 2048)
  })

  it('are refused as a bad request when they are anything else', async () => {
    const { alice, bob } = await aliceAndBob()
    const good = handed('bob', 1, [1])
    const texts = ['', '=', '!', 'AAA', `${good}\n`, good.slice(4), good.slice(0, -8), 'A'.repeat(50_000), 'EgEA']
    for (const text of texts) {
      await assert.rejects(receive(alice, bob.address, text), { name: 'StanzaError', condition: 'bad-request' }, text)
    }
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.base64String(), fc.string()), async (text) => {
        await receive(alice, bob.address, text).catch((error: unknown) => assert.ok(error instanceof StanzaError))
      }),
      { numRuns: 300 },
    )
  })
})
