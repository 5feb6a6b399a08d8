import { concat } from 'uint8arrays/concat'
import { type HpkeKem, type HpkeKeyPair, labeledExpand, labeledExtract } from '../../../src/sealing/hpke.ts'
import { x25519KeyPair } from '../../../src/sealing/x25519.ts'
import { toUtf8 } from '../../../src/util/bytes.ts'

/** DHKEM(X25519, HKDF-SHA256) of RFC 9180 §4.1, only to check the rest of HPKE with that RFC's vectors. */
export const DHKEM_X25519_ID = 0x0020

const SUITE_ID = concat([toUtf8('KEM'), Uint8Array.of(0, DHKEM_X25519_ID)])
const NOTHING = new Uint8Array(0)

export const dhkemX25519: HpkeKem = {
  id: DHKEM_X25519_ID,
  encapsulate: (publicKey, random) => {
    // The vectors name the ephemeral private key itself, so this skips DeriveKeyPair.
    const ephemeral = x25519KeyPair(random.bytes(32))
    const dh = ephemeral.sharedSecret(publicKey)
    return (
      dh && { sharedSecret: extractAndExpand(dh, ephemeral.publicKey, publicKey), encapsulated: ephemeral.publicKey }
    )
  },
}

export function dhkemKeyPair(privateKey: Uint8Array): HpkeKeyPair {
  const keyPair = x25519KeyPair(privateKey)
  return {
    kemId: DHKEM_X25519_ID,
    publicKey: keyPair.publicKey,
    decapsulate: (encapsulated) => {
      const dh = keyPair.sharedSecret(encapsulated)
      return dh && extractAndExpand(dh, encapsulated, keyPair.publicKey)
    },
  }
}

function extractAndExpand(dh: Uint8Array, encapsulated: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const prk = labeledExtract(SUITE_ID, NOTHING, 'eae_prk', dh)
  return labeledExpand(SUITE_ID, prk, 'shared_secret', concat([encapsulated, publicKey]), 32)
}
