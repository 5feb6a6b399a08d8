import { createPrivateKey, createPublicKey } from 'node:crypto'
// @libp2p/noise is its renamed, wire-equal successor: swap the next line (docs/decisions).
import { noise } from '@chainsafe/libp2p-noise'
import type { ConnectionEncrypter } from '@libp2p/interface'
import type { Random } from '../system/random.ts'
import { assert } from '../util/assert.ts'

/** What a key of type Ed25519 begins with: `Type` = 1, `Data` of 32 bytes (libp2p peer-ids spec, "Keys"). */
const ED25519_KEY_PREFIX = [0x08, 0x01, 0x12, 0x20]
const ED25519_KEY_BYTES = 36
/** The static key of the remote, the other thing that is decrypted in a handshake. */
const STATIC_KEY_BYTES = 32
const IDENTITY_KEY_FIELD = 1
const LENGTH_DELIMITED = 2
/** RFC 7748 §5. */
const X25519_BYTES = 32
/** RFC 8410 §4 and §7: PKCS #8 without the key, SubjectPublicKeyInfo without the key. */
const PKCS8_PREFIX: Buffer = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI_PREFIX_BYTES = 12

interface NoiseInside {
  crypto: {
    generateKeypair(): { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array }
    decrypt(ciphertext: unknown, nonce: unknown, ad: Bytes, ...rest: unknown[]): Bytes
  }
}
/** What this file uses of an encrypted connection of noise 17.0 that its type hides. */
interface EncryptedInside {
  readonly decoder: { lengthDecoder: (data: { byteLength: number; get(index: number): number }) => number }
}
type Bytes = { byteLength: number; subarray(): Uint8Array }

/**
 * Noise that refuses any identity key but Ed25519 before it is parsed: RSA blobs have stalled parsers (security.md L2).
 * Its keys come from `random`, not from OpenSSL's own generator, so that a simulation can be repeated.
 */
export function guardedNoise(
  random: Pick<Random, 'bytes'>,
): (components: Parameters<ReturnType<typeof noise>>[0]) => ConnectionEncrypter {
  const create = noise({ staticNoiseKey: random.bytes(X25519_BYTES) })
  return (components) => {
    const encrypter = create(components)
    const inside = encrypter as unknown as NoiseInside
    assert(
      typeof inside.crypto?.decrypt === 'function' && typeof inside.crypto.generateKeypair === 'function',
      'noise has changed inside',
    )
    const { decrypt } = inside.crypto
    inside.crypto.generateKeypair = () => x25519KeyPair(random.bytes(X25519_BYTES))
    inside.crypto.decrypt = (ciphertext, nonce, ad, ...rest) => {
      const plaintext = decrypt(ciphertext, nonce, ad, ...rest)
      // Only the handshake authenticates additional data (Noise §5.2); transport messages have none.
      if (ad.byteLength > 0 && plaintext.byteLength !== STATIC_KEY_BYTES) {
        assertEd25519Identity(plaintext.subarray())
      }
      return plaintext
    }
    const { secureInbound, secureOutbound } = encrypter
    encrypter.secureInbound = async (...args) => cheaper(await secureInbound.apply(encrypter, args))
    encrypter.secureOutbound = async (...args) => cheaper(await secureOutbound.apply(encrypter, args))
    return encrypter
  }
}

/** One for all: making it anew after each message is 4 % of an idle node's work. */
const INCOMPLETE_LENGTH = new RangeError('the length of a noise message is not complete')

/** After each message noise asks its decoder for the length of the next, and is told by an error that there is none. */
function cheaper<Secured extends { readonly connection: unknown }>(secured: Secured): Secured {
  const { decoder } = secured.connection as EncryptedInside
  assert(typeof decoder?.lengthDecoder === 'function', 'noise has changed inside')
  decoder.lengthDecoder = (data) => {
    if (data.byteLength < 2) {
      throw INCOMPLETE_LENGTH
    }
    return data.get(0) * 256 + data.get(1)
  }
  return secured
}

function x25519KeyPair(privateKey: Uint8Array): { publicKey: Uint8Array; privateKey: Uint8Array } {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, privateKey]), type: 'pkcs8', format: 'der' })
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(SPKI_PREFIX_BYTES)
  return { publicKey, privateKey }
}

/** Throws unless every identity key in the handshake payload (libp2p noise spec, "The Libp2p Handshake Payload") is Ed25519. */
export function assertEd25519Identity(payload: Uint8Array): void {
  let offset = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = payload[offset++]
      if (byte === undefined) {
        break
      }
      value += (byte & 0x7f) * factor
      if (byte < 0x80) {
        return value
      }
    }
    throw new Error('a noise handshake payload is malformed')
  }
  while (offset < payload.byteLength) {
    const tag = varint()
    if (tag % 8 !== LENGTH_DELIMITED) {
      throw new Error('a noise handshake payload has an unknown field')
    }
    const length = varint()
    if (Math.floor(tag / 8) === IDENTITY_KEY_FIELD && !isEd25519Key(payload.subarray(offset, offset + length))) {
      throw new Error('the identity key of the remote is not an Ed25519 key')
    }
    offset += length
  }
}

function isEd25519Key(key: Uint8Array): boolean {
  return key.byteLength === ED25519_KEY_BYTES && ED25519_KEY_PREFIX.every((byte, index) => key[index] === byte)
}
