import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { generateKeyPair, generateKeyPairFromSeed, privateKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import fc from 'fast-check'
import { AccountKey } from '../../../src/identity/account-key.ts'
import { verify } from '../../../src/identity/ed25519.ts'
import { NodeKey } from '../../../src/identity/node-key.ts'
import { PEER_ID_LENGTH, peerIdFromPublicKey, publicKeyFromPeerId } from '../../../src/identity/peer-id.ts'
import { publicKeyFromXid, XID_DOMAIN, xidFromPublicKey } from '../../../src/identity/xid.ts'
import { fromHex, toHex } from '../../../src/util/bytes.ts'
import { loadVectors } from '../../vectors/load.ts'

const seed32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const seed = new Uint8Array(32).fill(1)
// XEP-0516 section 4.
const JULIET = '0003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8@id.internal'

describe('an account key', () => {
  test('gives the address of the example of XEP-0516', () => {
    const vector = loadVectors<{ name: string; seed: string }>('ed25519.json').find(({ name }) => /Juliet/.test(name))
    assert.equal(AccountKey.fromSeed(fromHex(vector?.seed ?? '')).address, JULIET)
  })

  test('signs, and gives its seed and public key back', () => {
    const key = AccountKey.fromSeed(seed)
    assert.deepEqual(key.seed, seed)
    assert.equal(xidFromPublicKey(key.publicKey), key.address)
    assert.ok(verify(key.publicKey, seed, key.sign(seed)))
  })

  test('does not show its seed in logs or JSON, nor follows changes of the array it came from', () => {
    const given = new Uint8Array(seed)
    for (const key of [AccountKey.fromSeed(given), NodeKey.fromSeed(given)]) {
      given.fill(9)
      assert.deepEqual(key.seed, seed)
      assert.doesNotMatch(
        JSON.stringify(key) + inspect(key, { showHidden: true }),
        /01010101|AQEBAQ|1, 1, 1|privateKey/i,
      )
      given.set(seed)
    }
  })
})

describe('an XID', () => {
  test('and its public key are two forms of one thing, in any case', () => {
    fc.assert(
      fc.property(seed32, (any) => {
        const { publicKey, address } = AccountKey.fromSeed(any)
        assert.equal(address, address.toLowerCase())
        assert.deepEqual(publicKeyFromXid(address), publicKey)
        assert.deepEqual(publicKeyFromXid(address.toUpperCase()), publicKey)
      }),
      { numRuns: 30 },
    )
  })

  const digits = JULIET.slice(2, 66)
  for (const [title, text] of [
    ['an empty text', ''],
    ['another algorithm', `01${digits}@${XID_DOMAIN}`],
    ['another domain', `00${digits}@id.internap`],
    ['a domain that only looks like it', `00${digits}@id-internal`],
    ['a longer domain', `00${digits}@${XID_DOMAIN}.`],
    ['a resource', `${JULIET}/phone`],
    ['a digit too few', `00${digits.slice(1)}@${XID_DOMAIN}`],
    ['a digit too many', `00${digits}0@${XID_DOMAIN}`],
    ['a letter that is no digit', `00g${digits.slice(1)}@${XID_DOMAIN}`],
    ['a full-width digit', `00０${digits.slice(1)}@${XID_DOMAIN}`],
    ['white space', `00 ${digits.slice(1)}@${XID_DOMAIN}`],
    ['a line break at the end', `${JULIET}\n`],
    ['a line break in place of the last letter', `${JULIET.slice(0, -1)}\n`],
    ['a key that is no point', `00${'02'.padEnd(64, '0')}@${XID_DOMAIN}`],
    ['the all-zero key', `00${'0'.repeat(64)}@${XID_DOMAIN}`],
    ['the neutral element', `00${'01'.padEnd(64, '0')}@${XID_DOMAIN}`],
    ['a megabyte', `00${'0'.repeat(1 << 20)}@${XID_DOMAIN}`],
  ] as const) {
    test(`is not ${title}`, () => {
      assert.equal(publicKeyFromXid(text), undefined)
    })
  }
})

describe('a node key', () => {
  test('has the PeerId that libp2p gives the same seed', async () => {
    await fc.assert(
      fc.asyncProperty(seed32, async (any) => {
        const ours = NodeKey.fromSeed(any)
        const theirs = await generateKeyPairFromSeed('Ed25519', any)
        assert.equal(ours.peerId, peerIdFromPrivateKey(theirs).toString())
        assert.equal(ours.peerId.length, PEER_ID_LENGTH)
        assert.equal(toHex(ours.publicKey), toHex(theirs.publicKey.raw))
        assert.deepEqual(publicKeyFromPeerId(ours.peerId), ours.publicKey)
        assert.equal(peerIdFromPublicKey(ours.publicKey), ours.peerId)
      }),
      { numRuns: 50 },
    )
  })

  test('and libp2p accept each other’s signatures', async () => {
    const ours = NodeKey.fromSeed(seed)
    const theirs = privateKeyFromRaw(Uint8Array.from([...ours.seed, ...ours.publicKey]))
    const data = Uint8Array.of(1, 2, 3)
    assert.equal(await theirs.publicKey.verify(data, ours.sign(data)), true)
    assert.equal(verify(ours.publicKey, data, await theirs.sign(data)), true)
  })
})

describe('the public key of a PeerId', () => {
  const { peerId, publicKey } = NodeKey.fromSeed(seed)

  test('is that which libp2p finds in it', () => {
    const theirs = peerIdFromString(peerId)
    assert.equal(theirs.type, 'Ed25519')
    assert.deepEqual(publicKeyFromPeerId(peerId), theirs.publicKey?.raw)
  })

  test('is not found in PeerIds of other key types', async () => {
    const other = peerIdFromPrivateKey(await generateKeyPair('secp256k1')).toString()
    assert.equal(publicKeyFromPeerId(other), undefined, other)
    assert.equal(publicKeyFromPeerId('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'), undefined)
  })

  test('is not found in other texts', () => {
    for (const text of [
      '',
      peerId.slice(1),
      `${peerId}1`,
      `1${peerId}`,
      ` ${peerId.slice(1)}`,
      `${peerId.slice(0, -1)}0`,
      `${peerId.slice(0, -1)}\n`,
      peerId.toLowerCase(),
      peerIdFromString(peerId).toCID().toString(),
      '1'.repeat(PEER_ID_LENGTH),
      'z'.repeat(PEER_ID_LENGTH),
      '1'.repeat(1 << 20),
    ]) {
      assert.equal(publicKeyFromPeerId(text), undefined, text.slice(0, 60))
    }
  })

  test('names exactly one text: no other one gives the same key', () => {
    fc.assert(
      fc.property(fc.nat(PEER_ID_LENGTH - 1), fc.constantFrom(...'123456789ABCXYZabcxyz'), (at, character) => {
        const changed = peerId.slice(0, at) + character + peerId.slice(at + 1)
        assert.equal(toHex(publicKeyFromPeerId(changed) ?? seed) === toHex(publicKey), changed === peerId)
      }),
      { numRuns: 500 },
    )
  })
})
