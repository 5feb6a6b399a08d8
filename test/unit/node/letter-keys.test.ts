import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dayOf, mailboxOfDay } from '../../../src/identity/mailbox-key.ts'
import { LetterError } from '../../../src/sealing/letter-error.ts'
import { decodePrekey, encodePrekey } from '../../../src/sealing/prekey.ts'
import { toHex, toUtf8 } from '../../../src/util/bytes.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { aliceAndBob, KeyHolder } from './letter-keys-world.ts'
import { DAY_MS, HOUR_MS, peerIdOf } from './record-world.ts'

function reasonOf(fn: () => unknown): string {
  try {
    fn()
  } catch (error) {
    assert.ok(error instanceof LetterError, String(error))
    return error.reason
  }
  return 'opened'
}

describe('what the record says for letters', () => {
  it('is a prekey of this node and the mailbox keys of 44 days, from the start on', async () => {
    const bob = new KeyHolder(new VirtualClock(), 'bob')
    assert.equal(bob.keys.recordPart(bob.address), undefined)
    await bob.keys.start()
    const part = bob.keys.recordPart(bob.address)!
    assert.equal(decodePrekey(part.prekey)?.createdMs, bob.clock.wallMs())
    assert.equal(part.mailboxKeys.length, 44)
    const record = bob.record()
    for (const ahead of [0, 1, 43]) {
      const key = bob.keys.mailboxKey(bob.address, bob.today + ahead)
      assert.deepEqual(mailboxOfDay(record, bob.today + ahead), key.publicKey)
    }
    assert.equal(bob.keys.recordPart('nobody@example.org'), undefined)
    await bob.keys.stop()
  })

  it('stays the same over a restart and a power failure', async () => {
    const { alice, bob } = await aliceAndBob()
    const before = bob.keys.recordPart(bob.address)
    const { letter } = await alice.seal(bob.record())
    for (const how of ['stop', 'crash'] as const) {
      await bob.restart(how)
      assert.deepEqual(bob.keys.recordPart(bob.address), before)
      assert.equal(bob.keys.open(bob.address, letter).messageId, 'm1')
    }
  })

  it('changes once a day, for the mailboxes, and every seventh day for the prekey', async () => {
    const { clock, bob } = await aliceAndBob()
    const prekeys = new Set<string>()
    for (let day = 0; day < 15; day++) {
      prekeys.add(toHex(bob.keys.recordPart(bob.address)!.prekey))
      assert.deepEqual(
        bob.keys.recordPart(bob.address)!.mailboxKeys[0],
        bob.keys.mailboxKey(bob.address, dayOf(clock.wallMs())).publicKey,
      )
      await clock.advance(DAY_MS)
    }
    assert.equal(prekeys.size, 3)
    const daily = Array.from({ length: 15 }, (_, day) => day)
    assert.deepEqual(
      bob.changedDays.toSorted((a, b) => a - b),
      [...daily, 7, 14].sort((a, b) => a - b),
    )
  })

  it('stays as it was when the disk is full, and changes an hour later', async () => {
    const { clock, bob } = await aliceAndBob()
    const before = bob.keys.recordPart(bob.address)!.prekey
    await clock.advance(7 * DAY_MS - 30 * 60_000)
    bob.store.failNextCommit('full')
    await clock.advance(HOUR_MS)
    assert.deepEqual(bob.keys.recordPart(bob.address)!.prekey, before)
    assert.equal(bob.logger.lines.filter(({ level }) => level === 'error').length, 1)
    await clock.advance(HOUR_MS)
    assert.notDeepEqual(bob.keys.recordPart(bob.address)!.prekey, before)
  })

  it('is not renewed by a node that was stopped', async () => {
    const { clock, alice, bob } = await aliceAndBob()
    await Promise.all([alice.keys.stop(), bob.keys.stop(), bob.keys.stop()])
    assert.equal(clock.pendingTimers, 0)
    await clock.advance(8 * DAY_MS)
    assert.deepEqual(bob.changedDays, [])
  })

  it('follows a clock that is set right after it was a year ahead', async () => {
    const clock = new VirtualClock(Date.UTC(2027, 10, 22))
    const bob = new KeyHolder(clock, 'bob')
    await bob.keys.start()
    const wrong = decodePrekey(bob.keys.recordPart(bob.address)!.prekey)!
    await bob.keys.setCollectedThrough(bob.address, bob.today)
    clock.setWallMs(Date.UTC(2026, 10, 22))
    await clock.advance(HOUR_MS)
    const right = decodePrekey(bob.keys.recordPart(bob.address)!.prekey)!
    assert.ok(right.createdMs < wrong.createdMs)
    assert.equal(bob.keys.collectedThrough(bob.address), undefined)
  })
})

describe('letters', () => {
  it('open for the recipient, who knows the sender by them, and for nobody else', async () => {
    const { alice, bob } = await aliceAndBob()
    const { letter, mailboxKey, permit } = await alice.seal(bob.record())
    const opened = bob.keys.open(bob.address, letter)
    assert.deepEqual(opened.sender, alice.account.publicKey)
    assert.deepEqual(opened.stanza, toUtf8('<message/>'))
    assert.equal(opened.singleUse, false)
    assert.equal(opened.recordSequence, 0)
    assert.deepEqual(mailboxKey, bob.keys.mailboxKey(bob.address, bob.today).publicKey)
    assert.equal(permit, undefined)
    assert.equal(
      reasonOf(() => alice.keys.open(alice.address, letter)),
      'not-for-us',
    )
  })

  it('to somebody new bring the sender’s record along', async () => {
    const { alice, bob } = await aliceAndBob()
    const { letter } = await alice.seal(bob.record(), { senderRecord: alice.record().encoded })
    const opened = bob.keys.open(bob.address, letter)
    assert.equal(opened.senderRecord?.address, alice.address)
    assert.equal(opened.recordSequence, 7)
  })

  it('open on every node of the recipient', async () => {
    const { clock, alice, bob } = await aliceAndBob()
    const phone = new KeyHolder(clock, 'bob', 'bob’s phone')
    await phone.keys.start()
    const { letter } = await alice.seal(bob.record([phone]))
    assert.equal((await bob.take(letter)).messageId, 'm1')
    assert.equal((await phone.take(letter)).messageId, 'm1')
  })

  it('open although the prekey was replaced while they were under way', async () => {
    const { clock, alice, bob } = await aliceAndBob()
    await clock.advance(6.9 * DAY_MS)
    const { letter } = await alice.seal(bob.record())
    for (let day = 0; day < 14; day++) {
      await clock.advance(DAY_MS)
      await bob.keys.setCollectedThrough(bob.address, bob.today)
      assert.equal(bob.keys.open(bob.address, letter).messageId, 'm1')
    }
  })

  it('do not open any more, and the seed is gone, once 22 days have passed and all was collected', async () => {
    const { clock, alice, bob } = await aliceAndBob()
    const [seed] = bob.secrets()
    const { letter } = await alice.seal(bob.record())
    await clock.advance(22 * DAY_MS)
    assert.ok(
      bob.secrets().some((secret) => toHex(secret) === toHex(seed!)),
      'kept for a collection',
    )
    await bob.keys.setCollectedThrough(bob.address, bob.today)
    assert.ok(bob.secrets().every((secret) => toHex(secret) !== toHex(seed!)))
    assert.equal(bob.keys.collectedThrough(bob.address), bob.today)
    assert.equal(
      reasonOf(() => bob.keys.open(bob.address, letter)),
      'not-for-us',
    )
  })

  it('are not sealed without a mailbox, without a prekey, or with too much in them', async () => {
    const { alice, bob } = await aliceAndBob()
    const record = bob.record()
    const bare = { ...record, nodes: record.nodes.map((node) => ({ ...node, prekeys: [Uint8Array.of(1)] })) }
    const cases = [
      [record, { day: bob.today + 44 }, 'no-keys'],
      [record, { day: bob.today - 3 }, 'no-keys'],
      [bare, {}, 'no-keys'],
      [{ ...record, nodes: [] }, {}, 'no-keys'],
      [record, { stanza: new Uint8Array(65_000).fill(0x20) }, 'too-large'],
    ] as const
    for (const [to, more, expected] of cases) {
      assert.equal(await alice.keys.seal(alice.order(to, more)), expected)
    }
  })

  it('go to the first mailbox of a recipient whose clock is ahead', async () => {
    const { alice } = await aliceAndBob()
    const bob = new KeyHolder(new VirtualClock(alice.clock.wallMs() + 26 * HOUR_MS), 'bob')
    await bob.keys.start()
    assert.equal(bob.today, alice.today + 2 - 1)
    const { letter, mailboxKey } = await alice.seal(bob.record())
    assert.deepEqual(mailboxKey, bob.keys.mailboxKey(bob.address, bob.today).publicKey)
    assert.equal(bob.keys.open(bob.address, letter).messageId, 'm1')
  })

  it('reach the other nodes when one lists a prekey that is none', async () => {
    const { alice, bob } = await aliceAndBob()
    const record = bob.record()
    const nonsense = encodePrekey({ id: new Uint8Array(8), publicKey: new Uint8Array(1216).fill(255), createdMs: 1 })
    const broken = { ...record.nodes[0]!, peerId: peerIdOf('broken'), prekeys: [nonsense] }
    const { letter } = await alice.seal({ ...record, nodes: [broken, ...record.nodes] })
    assert.equal(bob.keys.open(bob.address, letter).messageId, 'm1')
    assert.equal(await alice.keys.seal(alice.order({ ...record, nodes: [broken] })), 'no-keys')
  })
})
