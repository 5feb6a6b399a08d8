import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAITHLESS_RECORDS, FaithlessCustodian } from '../../../../../sim/stack/adversary/faithless-custodian.ts'
import { LETTER_RETENTION_MS } from '../../../../../src/protocol/mailbox/letter-limits.ts'
import { mailboxDigest } from '../../../../../src/protocol/mailbox/sync-digest.ts'

const mailboxKey = new Uint8Array(32).fill(1)
const letterId = new Uint8Array(32).fill(2)
const request = {
  mailboxKey,
  letterId,
  letter: Uint8Array.of(3),
  credential: { proofOfWork: new Uint8Array(8) },
  proofBits: 16,
  fromPeerId: '12D3KooWsomebody',
}

test('a faithless custodian signs for a letter, claims it towards custodians, and has nothing for the recipient', async () => {
  const custodian = new FaithlessCustodian({ wallMs: () => 1_000 })
  const kept = { depositedMs: 1_000, expiresMs: 1_000 + LETTER_RETENTION_MS }
  assert.deepEqual(await custodian.deposit(request), { kept })
  const claimed = { letters: [letterId], tombstones: [] }
  assert.deepEqual(await custodian.contents(mailboxKey), claimed)
  assert.deepEqual(await custodian.digest(mailboxKey), mailboxDigest(claimed))
  assert.deepEqual(await custodian.letters(), [])
  assert.equal(await custodian.replica(), undefined)
  assert.equal(custodian.accepted, 1)
})

test('it takes every record and finds none', async () => {
  assert.equal(await FAITHLESS_RECORDS.put(Uint8Array.of(1), '12D3KooWsomebody'), 'stored')
  assert.equal(await FAITHLESS_RECORDS.get(mailboxKey, '12D3KooWsomebody'), undefined)
})
