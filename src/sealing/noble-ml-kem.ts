import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { assert } from '../util/assert.ts'
import {
  ML_KEM_CIPHERTEXT_BYTES,
  ML_KEM_COINS_BYTES,
  ML_KEM_PUBLIC_KEY_BYTES,
  ML_KEM_SEED_BYTES,
  type MlKem768,
} from './ml-kem.ts'

/**
 * ML-KEM-768 in JavaScript, with its coins from `random`: for the simulator, where the same seed must give the same
 * letters, and for Node before 24.7. Not constant in time, as nothing in JavaScript is.
 */
export const nobleMlKem: MlKem768 = {
  name: 'noble',
  keyFromSeed: (seed) => {
    assert(seed.length === ML_KEM_SEED_BYTES, `a seed of ML-KEM has ${ML_KEM_SEED_BYTES} bytes`)
    const { publicKey, secretKey } = ml_kem768.keygen(seed)
    return {
      publicKey,
      decapsulate: (ciphertext) =>
        ciphertext.length === ML_KEM_CIPHERTEXT_BYTES ? ml_kem768.decapsulate(ciphertext, secretKey) : undefined,
    }
  },
  encapsulate: (publicKey, random) => {
    // Drawn first: what a peer's key is like must not change what later draws give.
    const coins = random.bytes(ML_KEM_COINS_BYTES)
    if (publicKey.length !== ML_KEM_PUBLIC_KEY_BYTES) {
      return undefined
    }
    try {
      const { sharedSecret, cipherText } = ml_kem768.encapsulate(publicKey, coins)
      return { sharedSecret, ciphertext: cipherText }
    } catch {
      // With the lengths right it throws for one thing: a coefficient that is not reduced (FIPS 203 §7.2).
      return undefined
    }
  },
}
