import { createPrivateKey, createPublicKey } from 'node:crypto'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { assert } from '../util/assert.ts'

const SEED_BYTES = 32
/** PKCS #8 of an Ed25519 private key up to the seed (RFC 8410 §7). */
const PKCS8_PREFIX = Uint8Array.of(0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32)

/** The libp2p private key that `seed` (32 bytes, RFC 8032) stands for. */
export function privateKeyFromSeed(seed: Uint8Array): Ed25519PrivateKey {
  assert(seed.byteLength === SEED_BYTES, 'a node key has a seed of 32 bytes')
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  const spki = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
    format: 'der',
    type: 'spki',
  })
  const key = privateKeyFromRaw(Buffer.concat([seed, spki.subarray(-SEED_BYTES)]))
  assert(key.type === 'Ed25519', 'a seed gives an Ed25519 key')
  return key
}
