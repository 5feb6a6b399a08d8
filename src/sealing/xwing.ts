import { createHash } from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import type { Random } from '../system/random.ts'
import { assert } from '../util/assert.ts'
import { toUtf8 } from '../util/bytes.ts'
import type { HpkeKem, HpkeKeyPair } from './hpke.ts'
import { ML_KEM_CIPHERTEXT_BYTES, ML_KEM_PUBLIC_KEY_BYTES, ML_KEM_SEED_BYTES, type MlKem768 } from './ml-kem.ts'
import { X25519_BYTES, x25519KeyPair } from './x25519.ts'

/** draft-connolly-cfrg-xwing-kem-10 §5.1 (sizes) and §5.6 (use in HPKE). */
export const XWING_SEED_BYTES = 32
export const XWING_PUBLIC_KEY_BYTES: number = ML_KEM_PUBLIC_KEY_BYTES + X25519_BYTES
export const XWING_CIPHERTEXT_BYTES: number = ML_KEM_CIPHERTEXT_BYTES + X25519_BYTES
const XWING_KEM_ID = 0x647a

/** §5.3: `\./` over `/^\`, an X-Wing fighter. */
const LABEL = toUtf8('\\.//^\\')
const EXPANDED_BYTES: number = ML_KEM_SEED_BYTES + X25519_BYTES

/** The X-Wing KEM: X25519 and ML-KEM-768, safe as long as one of them is. */
export interface XWing extends HpkeKem {
  /** The key pair of a 32-byte seed, which is the private key in the form that is stored. */
  keyFromSeed(seed: Uint8Array): HpkeKeyPair
}

/** X-Wing over an implementation of ML-KEM-768. https://datatracker.ietf.org/doc/draft-connolly-cfrg-xwing-kem/ */
export function xwing(mlKem: MlKem768): XWing {
  return {
    id: XWING_KEM_ID,
    keyFromSeed: (seed) => keyFromSeed(mlKem, seed),
    encapsulate: (publicKey, random) => encapsulate(mlKem, publicKey, random),
  }
}

/** §5.2 */
function keyFromSeed(mlKem: MlKem768, seed: Uint8Array): HpkeKeyPair {
  assert(seed.length === XWING_SEED_BYTES, `a seed of X-Wing has ${XWING_SEED_BYTES} bytes`)
  const expanded = new Uint8Array(createHash('shake256', { outputLength: EXPANDED_BYTES }).update(seed).digest())
  const m = mlKem.keyFromSeed(expanded.subarray(0, ML_KEM_SEED_BYTES))
  const x = x25519KeyPair(expanded.subarray(ML_KEM_SEED_BYTES))
  return {
    kemId: XWING_KEM_ID,
    publicKey: concat([m.publicKey, x.publicKey]),
    decapsulate: (ciphertext) => {
      const ctX = ciphertext.subarray(ML_KEM_CIPHERTEXT_BYTES)
      const ssX = x.sharedSecret(ctX)
      const ssM = ssX && m.decapsulate(ciphertext.subarray(0, ML_KEM_CIPHERTEXT_BYTES))
      return ssM && combine(ssM, ssX, ctX, x.publicKey)
    },
  }
}

/** §5.4; with ML-KEM from noble this is EncapsulateDerand of §5.4.1 on the next 64 bytes of `random`. */
function encapsulate(mlKem: MlKem768, publicKey: Uint8Array, random: Random): ReturnType<HpkeKem['encapsulate']> {
  const pkX = publicKey.subarray(ML_KEM_PUBLIC_KEY_BYTES)
  const m = mlKem.encapsulate(publicKey.subarray(0, ML_KEM_PUBLIC_KEY_BYTES), random)
  const ephemeral = x25519KeyPair(random.bytes(X25519_BYTES))
  const ssX = ephemeral.sharedSecret(pkX)
  if (m === undefined || ssX === undefined) {
    return undefined
  }
  return {
    sharedSecret: combine(m.sharedSecret, ssX, ephemeral.publicKey, pkX),
    encapsulated: concat([m.ciphertext, ephemeral.publicKey]),
  }
}

/** §5.3 */
function combine(ssM: Uint8Array, ssX: Uint8Array, ctX: Uint8Array, pkX: Uint8Array): Uint8Array {
  return new Uint8Array(
    createHash('sha3-256')
      .update(concat([ssM, ssX, ctX, pkX, LABEL]))
      .digest(),
  )
}
