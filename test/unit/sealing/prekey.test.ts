import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { RECORD_VALIDITY_MS, signAccountRecord } from '../../../src/identity/account-record.ts'
import { RECORD_MAX_BYTES, RECORD_NODES_MAX } from '../../../src/identity/account-record-message.ts'
import { NodeKey } from '../../../src/identity/node-key.ts'
import {
  createPrekey,
  decodePrekey,
  encodePrekey,
  PREKEY_ID_BYTES,
  prekeyPair,
  publicPrekey,
} from '../../../src/sealing/prekey.ts'
import {
  PREKEY_RETENTION_MS,
  PREKEY_ROTATION_MS,
  PREKEYS_KEPT_MAX,
  type PrekeyRow,
  planPrekeys,
  prekeyById,
} from '../../../src/sealing/prekey-plan.ts'
import {
  decodeSingleUseBundle,
  encodeSingleUseBundle,
  isSingleUseValid,
  planSingleUse,
  SINGLE_USE_KEPT_MS,
  SINGLE_USE_PER_CONTACT_MAX,
  SINGLE_USE_VALIDITY_MS,
} from '../../../src/sealing/single-use-prekey.ts'
import { account, kem, NOW_MS } from './letters.ts'

const DAY_MS = 24 * 3_600_000
const random = new SeededRandom('prekeys')
const peerIdOf = (index: number): string => NodeKey.fromSeed(new Uint8Array(32).fill(index + 1)).peerId

/** A table of prekeys that follows the plans. */
class PrekeyTable {
  rows: PrekeyRow[] = []
  collectedMs: number | undefined

  follow(nowMs: number): number {
    const collected = this.collectedMs === undefined ? {} : { collectedMs: this.collectedMs }
    const plan = planPrekeys({ prekeys: this.rows, ...collected }, nowMs)
    this.rows = this.rows.map((row) =>
      prekeyById(
        plan.replace.map((id) => ({ ...row, id })),
        row.id,
      )
        ? { ...row, replacedMs: nowMs }
        : row,
    )
    if (plan.create) {
      this.rows.push(createPrekey(random, nowMs))
    }
    this.rows = this.rows.filter(({ id }) => !plan.destroy.some((gone) => Buffer.from(gone).equals(id)))
    return plan.nextMs
  }

  collect(nowMs: number): void {
    this.collectedMs = nowMs
  }

  get current(): PrekeyRow[] {
    return this.rows.filter(({ replacedMs }) => replacedMs === undefined)
  }
}

describe('a prekey', () => {
  test('comes through its encoding', () => {
    const prekey = publicPrekey(createPrekey(random, NOW_MS), kem)
    assert.deepEqual(decodePrekey(encodePrekey(prekey)), prekey)
    assert.equal(prekey.id.length, PREKEY_ID_BYTES)
  })

  test('has the same public half whenever it is made from its row', () => {
    const secret = createPrekey(random, NOW_MS)
    assert.deepEqual(prekeyPair(secret, kem).keyPair.publicKey, publicPrekey(secret, kem).publicKey)
  })

  test('is not read from any other bytes', () => {
    const encoded = encodePrekey(publicPrekey(createPrekey(random, NOW_MS), kem))
    assert.equal(decodePrekey(encoded.subarray(0, 1000)), undefined)
    assert.equal(decodePrekey(new Uint8Array(0)), undefined)
    fc.assert(fc.property(fc.uint8Array(), (bytes) => decodePrekey(bytes) === undefined))
  })

  test('fits the account record once for each of 16 nodes with 4 addresses, and 44 mailbox keys', () => {
    const nodes = Array.from({ length: RECORD_NODES_MAX }, (_, index) => ({
      peerId: peerIdOf(index),
      addresses: Array.from(
        { length: 4 },
        (_unused, port) => `/ip6/2001:db8:1234:5678:9abc:def0:1234:5678/tcp/400${port}`,
      ),
      capabilities: ['mailbox', 'storage'],
      updatedMs: NOW_MS,
      prekeys: [encodePrekey(publicPrekey(createPrekey(random, NOW_MS), kem))],
    }))
    const mailboxKeys = Array.from({ length: 44 }, () => random.bytes(32))
    const times = { issuedMs: NOW_MS, expiresMs: NOW_MS + RECORD_VALIDITY_MS }
    const encoded = signAccountRecord(account('alice'), { sequence: 1, ...times, nodes, mailboxKeys })
    assert.ok(encoded.length < RECORD_MAX_BYTES - 4096, `${encoded.length} bytes`)
  })
})

describe('rotation of prekeys', () => {
  test('begins with a prekey', () => {
    assert.deepEqual(planPrekeys({ prekeys: [] }, NOW_MS), {
      create: true,
      replace: [],
      destroy: [],
      nextMs: NOW_MS + PREKEY_ROTATION_MS,
    })
  })

  test('replaces a prekey after 7 days and destroys it after 21', () => {
    const table = new PrekeyTable()
    table.follow(NOW_MS)
    const first = table.current[0]?.id as Uint8Array
    for (let hour = 0; hour < 30 * 24; hour++) {
      const nowMs = NOW_MS + hour * 3_600_000
      table.collect(nowMs)
      table.follow(nowMs)
      assert.equal(table.current.length, 1)
      assert.equal(prekeyById(table.rows, first) !== undefined, hour < 21 * 24, `hour ${hour}`)
      assert.ok(nowMs - (table.current[0]?.createdMs ?? 0) < PREKEY_ROTATION_MS)
      assert.ok(table.rows.length <= 3)
    }
  })

  test('never destroys before a collection that came after the end', () => {
    const table = new PrekeyTable()
    table.follow(NOW_MS)
    const first = table.current[0]?.id as Uint8Array
    table.collect(NOW_MS + 6 * DAY_MS)
    table.follow(NOW_MS + 8 * DAY_MS)
    const backMs = NOW_MS + 8 * DAY_MS + PREKEY_RETENTION_MS + DAY_MS
    table.follow(backMs)
    assert.ok(prekeyById(table.rows, first), 'still there to open what is collected now')
    table.collect(backMs)
    table.follow(backMs)
    assert.equal(prekeyById(table.rows, first), undefined)
  })

  test('keeps the prekey of a node that was away for as long as letters for it may be under way', () => {
    const table = new PrekeyTable()
    table.follow(NOW_MS)
    const first = table.current[0]?.id as Uint8Array
    const backMs = NOW_MS + 40 * DAY_MS
    for (const sinceMs of [0, PREKEY_RETENTION_MS - 1]) {
      table.collect(backMs + sinceMs)
      table.follow(backMs + sinceMs)
      assert.ok(prekeyById(table.rows, first))
    }
  })

  test('replaces a prekey that was made by a clock far ahead', () => {
    const table = new PrekeyTable()
    table.follow(NOW_MS + 365 * DAY_MS)
    table.follow(NOW_MS)
    assert.equal(table.current.length, 1)
    assert.equal(table.current[0]?.createdMs, NOW_MS)
  })

  test('plans again when something is due, and never in the past', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60 * 24 }), { maxLength: 80 }),
        fc.boolean(),
        (hours, collects) => {
          const table = new PrekeyTable()
          for (const hour of hours) {
            const nowMs = NOW_MS + hour * 3_600_000
            if (collects) {
              table.collect(nowMs)
            }
            const nextMs = table.follow(nowMs)
            assert.ok(nextMs > nowMs)
            assert.equal(table.current.length, 1)
            assert.ok(table.rows.length <= PREKEYS_KEPT_MAX)
          }
        },
      ),
    )
  })

  test('keeps at most 8 even if nothing can be collected for a year', () => {
    const table = new PrekeyTable()
    for (let day = 0; day < 365; day++) {
      table.follow(NOW_MS + day * DAY_MS)
      assert.ok(table.rows.length <= PREKEYS_KEPT_MAX)
    }
    assert.equal(table.rows.length, PREKEYS_KEPT_MAX)
  })
})

describe('single-use prekeys', () => {
  const rows = (count: number, createdMs: number): PrekeyRow[] =>
    Array.from({ length: count }, () => createPrekey(random, createdMs))

  test('are made up to 16 when fewer than 8 are left', () => {
    assert.equal(planSingleUse([], NOW_MS).create, SINGLE_USE_PER_CONTACT_MAX)
    assert.equal(planSingleUse(rows(8, NOW_MS), NOW_MS).create, 0)
    assert.equal(planSingleUse(rows(7, NOW_MS), NOW_MS).create, 9)
  })

  test('that are too old for the contact count as gone, and are destroyed when no letter can be under way', () => {
    const old = rows(10, NOW_MS - SINGLE_USE_VALIDITY_MS)
    assert.deepEqual(planSingleUse(old, NOW_MS), { create: 16, destroy: [] })
    const over = rows(2, NOW_MS - SINGLE_USE_KEPT_MS)
    assert.deepEqual(
      planSingleUse(over, NOW_MS).destroy,
      over.map(({ id }) => id),
    )
    assert.equal(isSingleUseValid({ createdMs: NOW_MS - SINGLE_USE_VALIDITY_MS + 1 }, NOW_MS), true)
    assert.equal(isSingleUseValid({ createdMs: NOW_MS - SINGLE_USE_VALIDITY_MS }, NOW_MS), false)
  })

  test('come through the encoding of their bundle', () => {
    const prekeys = rows(16, NOW_MS).map((row) => publicPrekey(row, kem))
    const bundle = { peerId: peerIdOf(1), prekeys }
    const encoded = encodeSingleUseBundle(bundle)
    assert.deepEqual(decodeSingleUseBundle(encoded), bundle)
    assert.ok(encoded.length < 20_480, `${encoded.length} bytes`)
    assert.equal(decodeSingleUseBundle(encoded.subarray(0, -1)), undefined)
    assert.equal(decodeSingleUseBundle(new Uint8Array(3)), undefined)
  })
})
