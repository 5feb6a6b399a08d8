import assert from 'node:assert/strict'
import { createHash, hkdfSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { concat } from 'uint8arrays/concat'
import { AccountKey } from '../../../src/identity/account-key.ts'
import { RECORD_VALIDITY_MS } from '../../../src/identity/account-record.ts'
import { signingKeyFromSeed } from '../../../src/identity/ed25519.ts'
import {
  DAY_MS,
  dayOf,
  MAILBOX_KEYS_AHEAD_DAYS,
  MAILBOX_KEYS_DERIVED_MAX,
  mailboxKey,
  mailboxKeysFrom,
  mailboxOfDay,
  mailboxPlace,
  signForMailbox,
  verifyForMailbox,
} from '../../../src/identity/mailbox-key.ts'
import { AssertionError } from '../../../src/util/assert.ts'
import { toHex, toUtf8 } from '../../../src/util/bytes.ts'

const NOW_MS = 1_900_000_000_000
const alice = AccountKey.fromSeed(new Uint8Array(32).fill(1))
const bob = AccountKey.fromSeed(new Uint8Array(32).fill(2))

describe('the mailbox of a day', () => {
  test('is the key of HKDF-SHA256 with label and day', () => {
    const info = concat([toUtf8('kabber-mailbox'), Uint8Array.of(0, 0, 0x55, 0xe6)])
    const seed = new Uint8Array(hkdfSync('sha256', alice.seed, new Uint8Array(0), info, 32))
    assert.deepEqual(mailboxKey(alice, 0x55e6).publicKey, signingKeyFromSeed(seed).publicKey)
  })

  test('is another one every day and for every account, and always the same for one', () => {
    const keys = [mailboxKey(alice, 20_000), mailboxKey(alice, 20_001), mailboxKey(bob, 20_000)]
    assert.equal(new Set(keys.map(({ publicKey }) => toHex(publicKey))).size, 3)
    assert.deepEqual(mailboxKey(alice, 20_000).publicKey, keys[0]?.publicKey)
  })

  test('does not change while a UTC day lasts', () => {
    const midnightMs = 20_000 * DAY_MS
    assert.equal(dayOf(midnightMs), 20_000)
    assert.equal(dayOf(midnightMs + DAY_MS - 1), 20_000)
    assert.equal(dayOf(midnightMs + DAY_MS), 20_001)
  })

  test('exists for whole days from 1970 on only', () => {
    for (const day of [-1, 0.5, 2 ** 32, Number.NaN]) {
      assert.throws(() => mailboxKey(alice, day), AssertionError)
    }
    assert.throws(() => mailboxKeysFrom(alice, 0, MAILBOX_KEYS_DERIVED_MAX + 1), AssertionError)
  })

  test('lies where the hash of its public key says', () => {
    const { publicKey } = mailboxKey(alice, 20_000)
    const place = createHash('sha256').update('kabber-mailbox:').update(publicKey).digest('hex')
    assert.equal(toHex(mailboxPlace(publicKey)), place)
  })

  test('is found in the account record on every day that the record names', () => {
    const fromDay = dayOf(NOW_MS)
    const keys = mailboxKeysFrom(alice, fromDay, MAILBOX_KEYS_AHEAD_DAYS)
    const record = { issuedMs: NOW_MS, mailboxKeys: keys.map(({ publicKey }) => publicKey) }
    for (const { day, publicKey } of keys) {
      assert.equal(mailboxOfDay(record, day), publicKey)
    }
    assert.equal(mailboxOfDay(record, fromDay - 1), undefined)
    assert.equal(mailboxOfDay(record, fromDay + MAILBOX_KEYS_AHEAD_DAYS), undefined)
    assert.ok(mailboxOfDay(record, dayOf(NOW_MS + RECORD_VALIDITY_MS)), 'as long as the record is valid')
  })
})

describe('what a mailbox key signs', () => {
  const key = mailboxKey(alice, 20_000)
  const challenge = toUtf8('challenge')
  const signature = signForMailbox(key, 'collect', challenge)

  test('is verified with the public key alone', () => {
    assert.equal(verifyForMailbox(key.publicKey, 'collect', challenge, signature), true)
  })

  test('serves for nothing else', () => {
    assert.equal(verifyForMailbox(key.publicKey, 'acknowledge', challenge, signature), false)
    assert.equal(verifyForMailbox(key.publicKey, 'collect', toUtf8('challengf'), signature), false)
    assert.equal(verifyForMailbox(mailboxKey(alice, 20_001).publicKey, 'collect', challenge, signature), false)
    assert.equal(verifyForMailbox(alice.publicKey, 'collect', challenge, signature), false)
    assert.equal(verifyForMailbox(key.publicKey, 'collect', challenge, signature.subarray(1)), false)
  })
})
