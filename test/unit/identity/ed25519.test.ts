import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import {
  isPublicKey,
  PUBLIC_KEY_CACHE_MAX_KEYS,
  sign,
  signingKeyFromSeed,
  verify,
} from '../../../src/identity/ed25519.ts'
import { AssertionError } from '../../../src/util/assert.ts'
import { fromHex, toHex } from '../../../src/util/bytes.ts'
import { loadVectors } from '../../vectors/load.ts'

interface Vector {
  readonly name: string
  readonly seed: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
}

const vectors = loadVectors<Vector>('ed25519.json')
const key = signingKeyFromSeed(new Uint8Array(32).fill(7))
const message = Uint8Array.of(1, 2, 3)
const signature = sign(key, message)

describe('Ed25519', () => {
  for (const vector of vectors) {
    test(`agrees with ${vector.name}`, () => {
      const pair = signingKeyFromSeed(fromHex(vector.seed))
      assert.equal(toHex(pair.publicKey), vector.publicKey)
      assert.equal(toHex(sign(pair, fromHex(vector.message))), vector.signature)
      assert.equal(verify(pair.publicKey, fromHex(vector.message), fromHex(vector.signature)), true)
    })
  }

  test('refuses a signature with any one bit changed', () => {
    assert.equal(verify(key.publicKey, message, signature), true)
    for (let bit = 0; bit < 512; bit++) {
      const changed = new Uint8Array(signature)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(verify(key.publicKey, message, changed), false, `bit ${bit}`)
    }
  })

  test('refuses the same signature with S + L, which would make two of one', () => {
    const order = ed25519.Point.Fn.ORDER
    const raised = littleEndian(littleEndianNumber(signature.subarray(32)) + order)
    assert.equal(verify(key.publicKey, message, Uint8Array.from([...signature.subarray(0, 32), ...raised])), false)
  })

  test('answers false for keys and signatures of a wrong length, and never throws', () => {
    for (const length of [0, 1, 31, 33, 64, 1000]) {
      assert.equal(verify(new Uint8Array(length), message, signature), false)
      assert.equal(isPublicKey(new Uint8Array(length)), false)
    }
    for (const length of [0, 1, 63, 65, 1000]) {
      assert.equal(verify(key.publicKey, message, new Uint8Array(length)), false)
    }
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 30, maxLength: 34 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (publicKey, anything) => {
          assert.equal(verify(publicKey, message, anything), false)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('refuses keys under which anybody can sign: points of small order, and encodings that are no point', () => {
    const points = smallOrderPoints()
    assert.equal(points.length, 8)
    assert.ok(points.includes('00'.repeat(32)))
    for (const point of points) {
      assert.equal(isPublicKey(fromHex(point)), false, point)
      // R the neutral element and S zero, the forgery that needs no secret.
      const forged = fromHex(`01${'00'.repeat(63)}`)
      assert.equal(verify(fromHex(point), message, forged), false, point)
    }
    const noPoints = [
      // y of no point on the curve
      `02${'00'.repeat(31)}`,
      // y = p, p + 1 and 2^255 - 1: not canonical
      `ed${'ff'.repeat(30)}7f`,
      `ee${'ff'.repeat(30)}7f`,
      `${'ff'.repeat(31)}7f`,
      'ff'.repeat(32),
    ]
    for (const hex of noPoints) {
      assert.equal(isPublicKey(fromHex(hex)), false, hex)
    }
  })

  test('accepts the key of any seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array(), (seed, data) => {
        const pair = signingKeyFromSeed(seed)
        assert.ok(isPublicKey(pair.publicKey))
        assert.ok(verify(pair.publicKey, data, sign(pair, data)))
        assert.equal(verify(pair.publicKey, Uint8Array.from([...data, 0]), sign(pair, data)), false)
      }),
    )
  })

  test('answers alike after more keys than are kept', () => {
    const keys = Array.from({ length: PUBLIC_KEY_CACHE_MAX_KEYS + 10 }, (_, i) => {
      const seed = new Uint8Array(32)
      seed.set([i & 255, i >> 8])
      return signingKeyFromSeed(seed)
    })
    for (const { publicKey } of keys) {
      assert.ok(isPublicKey(publicKey))
    }
    assert.ok(keys.slice(0, 3).every((pair) => verify(pair.publicKey, message, sign(pair, message))))
  })

  test('wants a seed of 32 bytes', () => {
    assert.throws(() => signingKeyFromSeed(new Uint8Array(31)), AssertionError)
  })

  test('gives plain bytes', () => {
    assert.equal(signature.constructor, Uint8Array)
    assert.equal(key.publicKey.constructor, Uint8Array)
  })
})

/** Multiples of a point of order 8: any curve point times the order of the large subgroup is of small order. */
function smallOrderPoints(): string[] {
  const { Point } = ed25519
  const found = new Set<string>()
  for (let y = 2; found.size < 8 && y < 64; y++) {
    try {
      const torsion = Point.fromBytes(littleEndian(BigInt(y))).multiplyUnsafe(Point.Fn.ORDER - 1n)
      // [L - 1]P + P = [L]P, since multiplyUnsafe takes scalars below L only.
      let point = torsion.add(Point.fromBytes(littleEndian(BigInt(y))))
      for (let i = 0; i < 8; i++) {
        found.add(toHex(point.toBytes()))
        point = point.add(torsion.add(Point.fromBytes(littleEndian(BigInt(y)))))
      }
    } catch {
      // No point has this y.
    }
  }
  return [...found]
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
}

function littleEndianNumber(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
}
