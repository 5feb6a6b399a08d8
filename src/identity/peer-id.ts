import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { assert } from '../util/assert.ts'
import { fromBase58, toBase58 } from '../util/bytes.ts'
import { PUBLIC_KEY_BYTES } from './ed25519.ts'

/** A PeerId of an Ed25519 key always has 52 characters: base58btc of 38 bytes that begin with a zero byte. */
export const PEER_ID_LENGTH = 52

/**
 * What precedes the key: identity multihash (0x00) of 36 bytes, in them protobuf: key type 1 (Ed25519), data of 32 bytes.
 * https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md
 */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

/** The libp2p PeerId of an Ed25519 key in text form, `12D3KooW…`. */
export function peerIdFromPublicKey(publicKey: Uint8Array): string {
  assert(publicKey.length === PUBLIC_KEY_BYTES, `a public key has ${PUBLIC_KEY_BYTES} bytes`)
  return toBase58(concat([PREFIX, publicKey]))
}

/**
 * The Ed25519 key in a PeerId, `undefined` for every other text: other key types, hashes of keys, CIDs. Whether the key is
 * a point on the curve is not checked here; that shows in the handshake, where the peer has to sign with it.
 */
export function publicKeyFromPeerId(text: string): Uint8Array | undefined {
  // The length first: decoding base58 takes time quadratic in it.
  if (text.length !== PEER_ID_LENGTH || !/^[1-9A-HJ-NP-Za-km-z]+$/.test(text)) {
    return undefined
  }
  const bytes = fromBase58(text)
  const isEd25519 =
    bytes.length === PREFIX.length + PUBLIC_KEY_BYTES && equals(bytes.subarray(0, PREFIX.length), PREFIX)
  return isEd25519 ? new Uint8Array(bytes.subarray(PREFIX.length)) : undefined
}
