import { assert } from '../util/assert.ts'
import { fromHex, toHex } from '../util/bytes.ts'
import { isPublicKey, PUBLIC_KEY_BYTES } from './ed25519.ts'

/** The domainpart of every XID (XEP-0516 §4). */
export const XID_DOMAIN = 'id.internal'

/** The first byte of an XID's localpart: Ed25519 (XEP-0516 §4). */
const ED25519_PREFIX = '00'
const XID_LENGTH = 2 + 2 * PUBLIC_KEY_BYTES + 1 + XID_DOMAIN.length
const XID_PATTERN = /^00([0-9a-f]{64})@id\.internal$/i

/** The bare JID of an account key: `00` + 64 lower-case hex digits + `@id.internal` (XEP-0516 §4). */
export function xidFromPublicKey(publicKey: Uint8Array): string {
  assert(publicKey.length === PUBLIC_KEY_BYTES, `a public key has ${PUBLIC_KEY_BYTES} bytes`)
  return `${ED25519_PREFIX}${toHex(publicKey)}@${XID_DOMAIN}`
}

/**
 * The account key behind a bare JID, `undefined` when that is no XID of a usable Ed25519 key. Upper case is accepted,
 * for JIDs are compared without case (RFC 7622 §3.3).
 */
export function publicKeyFromXid(bareJid: string): Uint8Array | undefined {
  if (bareJid.length !== XID_LENGTH) {
    return undefined
  }
  const digits = XID_PATTERN.exec(bareJid)?.[1]
  if (digits === undefined) {
    return undefined
  }
  const publicKey = fromHex(digits.toLowerCase())
  return isPublicKey(publicKey) ? publicKey : undefined
}
