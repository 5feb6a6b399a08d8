import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { AccountKey } from '../../../src/identity/account-key.ts'
import { mailboxKey, signForMailbox } from '../../../src/identity/mailbox-key.ts'
import {
  decodePermitBundle,
  encodePermitBundle,
  issuePermit,
  issuePermits,
  PERMIT_DAYS_MAX,
  permitMessage,
  permitOfDay,
  verifyPermit,
} from '../../../src/identity/permit.ts'
import { AssertionError } from '../../../src/util/assert.ts'
import { toHex } from '../../../src/util/bytes.ts'

const DAY = 20_000
const alice = AccountKey.fromSeed(new Uint8Array(32).fill(1))
const random = new SeededRandom('permits')
const mailbox = mailboxKey(alice, DAY)

describe('a permit', () => {
  const permit = issuePermit(mailbox, random)

  test('is good for the mailbox of its day', () => {
    assert.equal(verifyPermit(mailbox.publicKey, permit), true)
  })

  test('is not good for another day, another id or another signature', () => {
    assert.equal(verifyPermit(mailboxKey(alice, DAY + 1).publicKey, permit), false)
    assert.equal(verifyPermit(mailbox.publicKey, { ...permit, id: random.bytes(16) }), false)
    assert.equal(verifyPermit(mailbox.publicKey, { ...permit, id: permit.id.subarray(1) }), false)
    assert.equal(verifyPermit(mailbox.publicKey, { ...permit, signature: random.bytes(64) }), false)
    assert.equal(verifyPermit(new Uint8Array(32), permit), false)
  })

  test('cannot be made from what the mailbox key signs when it collects', () => {
    const id = random.bytes(16)
    assert.equal(verifyPermit(mailbox.publicKey, { id, signature: signForMailbox(mailbox, 'collect', id) }), false)
  })

  test('comes through its encoding of 84 bytes', () => {
    const encoded = permitMessage.encode(permit)
    assert.equal(encoded.length, 84)
    assert.deepEqual(permitMessage.decode(encoded), permit)
  })
})

describe('a bundle of permits', () => {
  const bundle = issuePermits(alice, { fromDay: DAY, days: PERMIT_DAYS_MAX }, random)

  test('has a good permit for every day and none for others', () => {
    for (let day = DAY; day < DAY + PERMIT_DAYS_MAX; day++) {
      const permit = permitOfDay(bundle, day)
      assert.ok(permit && verifyPermit(mailboxKey(alice, day).publicKey, permit), `day ${day}`)
    }
    assert.equal(permitOfDay(bundle, DAY - 1), undefined)
    assert.equal(permitOfDay(bundle, DAY + PERMIT_DAYS_MAX), undefined)
  })

  test('has nothing in two permits by which they could be told to belong together', () => {
    assert.equal(new Set(bundle.permits.map(({ id }) => toHex(id))).size, PERMIT_DAYS_MAX)
  })

  test('comes through its encoding in under 4 KB', () => {
    const encoded = encodePermitBundle(bundle)
    assert.ok(encoded.length < 4000, `${encoded.length} bytes`)
    assert.deepEqual(decodePermitBundle(encoded), bundle)
  })

  test('is not read from bytes that are none', () => {
    const encoded = encodePermitBundle(bundle)
    assert.equal(decodePermitBundle(encoded.subarray(0, -1)), undefined)
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodePermitBundle(bytes)))
  })

  test('is for 1 to 44 days', () => {
    for (const days of [0, PERMIT_DAYS_MAX + 1]) {
      assert.throws(() => issuePermits(alice, { fromDay: DAY, days }, random), AssertionError)
    }
  })
})
