// biome-ignore lint/style/noRestrictedImports: importing the two functions by name would not link on Node before 24.7
import * as nodeCrypto from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import { assert } from '../util/assert.ts'
import { fromHex } from '../util/bytes.ts'
import { privateKeyFromDer, publicKeyBytes, publicKeyFromDer } from './der-key.ts'
import {
  ML_KEM_CIPHERTEXT_BYTES,
  ML_KEM_PUBLIC_KEY_BYTES,
  ML_KEM_SEED_BYTES,
  type MlKem768,
  type MlKemEncapsulation,
  type MlKemKeyPair,
} from './ml-kem.ts'

/** RFC 9935 §4 and §6: SubjectPublicKeyInfo without the key, PKCS #8 of the seed alone without the seed. */
const SPKI_PREFIX = fromHex('308204b2300b0609608648016503040402038204a100')
const PKCS8_PREFIX = fromHex('3054020100300b060960864801650304040204428040')

/** ML-KEM-768 of OpenSSL 3.5, several times as fast as the other; undefined where Node lacks it (before 24.7). */
export const nativeMlKem: MlKem768 | undefined = isAvailable()
  ? { name: 'native', keyFromSeed, encapsulate }
  : undefined

function isAvailable(): boolean {
  if (!('encapsulate' in nodeCrypto && 'decapsulate' in nodeCrypto)) {
    return false
  }
  try {
    keyFromSeed(new Uint8Array(ML_KEM_SEED_BYTES))
    return true
  } catch {
    // Node has the functions, the OpenSSL it was linked with (a distribution's, say) has not the algorithm.
    return false
  }
}

function keyFromSeed(seed: Uint8Array): MlKemKeyPair {
  assert(seed.length === ML_KEM_SEED_BYTES, `a seed of ML-KEM has ${ML_KEM_SEED_BYTES} bytes`)
  const key = privateKeyFromDer(concat([PKCS8_PREFIX, seed]))
  return {
    publicKey: publicKeyBytes(key, ML_KEM_PUBLIC_KEY_BYTES),
    decapsulate: (ciphertext) =>
      ciphertext.length === ML_KEM_CIPHERTEXT_BYTES
        ? new Uint8Array(nodeCrypto.decapsulate(key, ciphertext))
        : undefined,
  }
}

function encapsulate(publicKey: Uint8Array): MlKemEncapsulation | undefined {
  if (publicKey.length !== ML_KEM_PUBLIC_KEY_BYTES) {
    return undefined
  }
  const key = publicKeyFromDer(concat([SPKI_PREFIX, publicKey]))
  if (key === undefined) {
    return undefined
  }
  const { sharedKey, ciphertext } = nodeCrypto.encapsulate(key)
  return { sharedSecret: new Uint8Array(sharedKey), ciphertext: new Uint8Array(ciphertext) }
}
