import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { concat } from 'uint8arrays/concat'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { fastestMlKem } from '../../../src/sealing/choose-ml-kem.ts'
import {
  ML_KEM_CIPHERTEXT_BYTES,
  ML_KEM_COINS_BYTES,
  ML_KEM_PUBLIC_KEY_BYTES,
  ML_KEM_SEED_BYTES,
  ML_KEM_SHARED_SECRET_BYTES,
  type MlKem768,
} from '../../../src/sealing/ml-kem.ts'
import { nativeMlKem } from '../../../src/sealing/native-ml-kem.ts'
import { nobleMlKem } from '../../../src/sealing/noble-ml-kem.ts'
import { AssertionError } from '../../../src/util/assert.ts'
import { fromHex, toHex } from '../../../src/util/bytes.ts'
import { loadVectors } from '../../vectors/load.ts'
import { scriptedRandom } from './scripted-random.ts'

interface KeyVector {
  readonly name: string
  readonly d: string
  readonly z: string
  readonly publicKeySha256: string
}

const random = new SeededRandom('ml-kem')
const implementations: readonly MlKem768[] = nativeMlKem === undefined ? [nobleMlKem] : [nobleMlKem, nativeMlKem]

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function shake256(bytes: Uint8Array): string {
  return createHash('shake256', { outputLength: 32 }).update(bytes).digest('hex')
}

/** The accumulated vectors of C2SP/CCTV: keys and decapsulation by `mlKem`, encapsulation by noble, which takes coins. */
function accumulated(mlKem: MlKem768, rounds: number): string {
  const perRound = ML_KEM_SEED_BYTES + ML_KEM_COINS_BYTES + ML_KEM_CIPHERTEXT_BYTES
  const input = createHash('shake128', { outputLength: rounds * perRound }).digest()
  const output = createHash('shake128', { outputLength: 32 })
  for (let round = 0; round < rounds; round++) {
    const drawn = input.subarray(round * perRound, (round + 1) * perRound)
    const keyPair = mlKem.keyFromSeed(drawn.subarray(0, 64))
    const sealed = nobleMlKem.encapsulate(keyPair.publicKey, scriptedRandom(drawn.subarray(64, 96)))
    assert.ok(sealed)
    assert.deepEqual(keyPair.decapsulate(sealed.ciphertext), sealed.sharedSecret)
    output.update(keyPair.publicKey).update(sealed.ciphertext).update(sealed.sharedSecret)
    output.update(keyPair.decapsulate(drawn.subarray(96)) ?? '')
  }
  return output.digest('hex')
}

test('the native implementation is preferred where Node has it', () => {
  assert.equal(fastestMlKem(), nativeMlKem ?? nobleMlKem)
})

for (const mlKem of implementations) {
  describe(`ML-KEM-768, ${mlKem.name}`, () => {
    for (const { name, d, z, publicKeySha256 } of loadVectors<KeyVector>('ml-kem-768.json')) {
      test(`makes the public key of NIST's ${name}`, () => {
        assert.equal(sha256(mlKem.keyFromSeed(fromHex(d + z)).publicKey), publicKeySha256)
      })
    }

    for (const { rounds, digest } of loadVectors<{ rounds: number; digest: string }>('ml-kem-768-accumulated.json')) {
      test(`gives the accumulated vector of ${rounds} rounds`, () => {
        assert.equal(accumulated(mlKem, rounds), digest)
      })
    }

    for (const other of implementations) {
      test(`opens what ${other.name} encapsulated`, () => {
        const keyPair = mlKem.keyFromSeed(random.bytes(ML_KEM_SEED_BYTES))
        const sealed = other.encapsulate(keyPair.publicKey, random)
        assert.ok(sealed)
        assert.equal(sealed.ciphertext.length, ML_KEM_CIPHERTEXT_BYTES)
        assert.equal(sealed.sharedSecret.length, ML_KEM_SHARED_SECRET_BYTES)
        assert.deepEqual(keyPair.decapsulate(sealed.ciphertext), sealed.sharedSecret)
      })
    }

    test('answers a changed ciphertext with the secret of implicit rejection', () => {
      const seed = random.bytes(ML_KEM_SEED_BYTES)
      const ciphertext = random.bytes(ML_KEM_CIPHERTEXT_BYTES)
      const secret = mlKem.keyFromSeed(seed).decapsulate(ciphertext)
      assert.ok(secret)
      // FIPS 203, algorithm 18: J(z ‖ c)
      assert.equal(toHex(secret), shake256(concat([seed.subarray(32), ciphertext])))
    })

    test('refuses keys and ciphertexts of a wrong length', () => {
      const keyPair = mlKem.keyFromSeed(random.bytes(ML_KEM_SEED_BYTES))
      for (const length of [0, 1, ML_KEM_CIPHERTEXT_BYTES - 1, ML_KEM_CIPHERTEXT_BYTES + 1]) {
        assert.equal(keyPair.decapsulate(new Uint8Array(length)), undefined)
      }
      for (const length of [0, 32, ML_KEM_PUBLIC_KEY_BYTES - 1, ML_KEM_PUBLIC_KEY_BYTES + 1]) {
        assert.equal(mlKem.encapsulate(new Uint8Array(length), random), undefined)
      }
      assert.throws(() => mlKem.keyFromSeed(new Uint8Array(32)), AssertionError)
    })

    test('refuses a public key with a coefficient that is not reduced', () => {
      const { publicKey } = mlKem.keyFromSeed(random.bytes(ML_KEM_SEED_BYTES))
      const bad = new Uint8Array(publicKey)
      bad.set([0xff, 0xff, 0xff], 300)
      assert.equal(mlKem.encapsulate(bad, random), undefined)
    })
  })
}

test('the noble implementation takes its coins from the random that is handed in', () => {
  const { publicKey } = nobleMlKem.keyFromSeed(random.bytes(ML_KEM_SEED_BYTES))
  const seal = (seed: number): unknown => nobleMlKem.encapsulate(publicKey, new SeededRandom(seed))
  assert.deepEqual(seal(1), seal(1))
  assert.notDeepEqual(seal(1), seal(2))
})
