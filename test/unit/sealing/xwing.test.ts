import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { fastestMlKem } from '../../../src/sealing/choose-ml-kem.ts'
import { nobleMlKem } from '../../../src/sealing/noble-ml-kem.ts'
import { x25519KeyPair } from '../../../src/sealing/x25519.ts'
import { XWING_CIPHERTEXT_BYTES, XWING_PUBLIC_KEY_BYTES, XWING_SEED_BYTES, xwing } from '../../../src/sealing/xwing.ts'
import { fromHex, toHex } from '../../../src/util/bytes.ts'
import { loadVectors } from '../../vectors/load.ts'
import { scriptedRandom } from './scripted-random.ts'

interface XWingVector {
  readonly seed: string
  readonly eseed: string
  readonly sharedSecret: string
  readonly publicKeySha256: string
  readonly ciphertextSha256: string
}

interface X25519Vector {
  readonly name: string
  readonly privateKey: string
  readonly publicKey: string
  readonly sharedSecret: string
}

/** RFC 7748 §6.1 and the list at https://cr.yp.to/ecdh.html#validate: points that give zero with every key. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

const random = new SeededRandom('xwing')
const noble = xwing(nobleMlKem)
const fastest = xwing(fastestMlKem())

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

describe('X25519', () => {
  for (const { name, privateKey, publicKey, sharedSecret } of loadVectors<X25519Vector>('x25519.json')) {
    test(`gives the secret of RFC 7748, ${name}`, () => {
      const secret = x25519KeyPair(fromHex(privateKey)).sharedSecret(fromHex(publicKey))
      assert.equal(secret && toHex(secret), sharedSecret)
    })
  }

  test('gives no secret for points of small order and wrong lengths', () => {
    const keyPair = x25519KeyPair(random.bytes(32))
    for (const point of [...SMALL_ORDER, '', '09']) {
      assert.equal(keyPair.sharedSecret(fromHex(point)), undefined)
    }
  })
})

describe('X-Wing', () => {
  loadVectors<XWingVector>('xwing.json').forEach((vector, index) => {
    test(`agrees with vector ${index + 1} of the draft`, () => {
      for (const kem of [noble, fastest]) {
        const keyPair = kem.keyFromSeed(fromHex(vector.seed))
        assert.equal(sha256(keyPair.publicKey), vector.publicKeySha256)
        const sealed = noble.encapsulate(keyPair.publicKey, scriptedRandom(fromHex(vector.eseed)))
        assert.ok(sealed)
        assert.equal(sha256(sealed.encapsulated), vector.ciphertextSha256)
        assert.equal(toHex(sealed.sharedSecret), vector.sharedSecret)
        assert.deepEqual(keyPair.decapsulate(sealed.encapsulated), sealed.sharedSecret)
      }
    })
  })

  test('works between both implementations of ML-KEM', () => {
    const seed = random.bytes(XWING_SEED_BYTES)
    for (const [sender, recipient] of [
      [noble, fastest],
      [fastest, noble],
    ] as const) {
      const keyPair = recipient.keyFromSeed(seed)
      assert.equal(keyPair.publicKey.length, XWING_PUBLIC_KEY_BYTES)
      const sealed = sender.encapsulate(keyPair.publicKey, random)
      assert.ok(sealed)
      assert.equal(sealed.encapsulated.length, XWING_CIPHERTEXT_BYTES)
      assert.deepEqual(keyPair.decapsulate(sealed.encapsulated), sealed.sharedSecret)
    }
  })

  test('gives no secret for an invalid public key or a ciphertext with a point of small order', () => {
    for (const kem of [noble, fastest]) {
      const keyPair = kem.keyFromSeed(random.bytes(XWING_SEED_BYTES))
      for (const point of SMALL_ORDER) {
        const key = new Uint8Array(keyPair.publicKey)
        key.set(fromHex(point), XWING_PUBLIC_KEY_BYTES - 32)
        assert.equal(kem.encapsulate(key, random), undefined)
        const ciphertext = random.bytes(XWING_CIPHERTEXT_BYTES)
        ciphertext.set(fromHex(point), XWING_CIPHERTEXT_BYTES - 32)
        assert.equal(keyPair.decapsulate(ciphertext), undefined)
      }
      for (const length of [0, 32, XWING_CIPHERTEXT_BYTES - 1, XWING_CIPHERTEXT_BYTES + 1]) {
        assert.equal(keyPair.decapsulate(random.bytes(length)), undefined)
        assert.equal(kem.encapsulate(random.bytes(length), random), undefined)
      }
    }
  })
})
