import { hash } from 'node:crypto'
import type { PeerAddresses } from '../system/network.ts'
import { assert } from '../util/assert.ts'
import { fromHex, toBase32, toUtf8 } from '../util/bytes.ts'
import { IdentityError } from './identity-error.ts'
import { splitPeerAddress } from './multiaddr-text.ts'
import { publicKeyFromXid, xidFromPublicKey } from './xid.ts'
import { decodeValue, encodeValue, splitXmppUri, type XmppUri } from './xmpp-uri.ts'

/** A whole contact URI: with 3 KiB a QR code ends, and nobody types more. */
export const CONTACT_URI_MAX_BYTES = 4096
/** `addr` parts of a contact URI: a few devices with a few addresses each. */
export const CONTACT_HINTS_MAX = 16
/** A contact's name, UTF-8. */
export const CONTACT_NAME_MAX_BYTES = 256

/**
 * 5 characters of base32, 25 bits: one wrong address in 3 * 10^7 gets through unnoticed, on top of the half of all wrong
 * ones that are no key at all.
 */
const CHECK_CHARACTERS = 5
const CHECK_PREFIX = 'kabber-contact-check:'

/** Control characters, line separators, and those that turn the direction of the text around them. */
const UNSAFE_IN_NAME = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u

/** Somebody to add to the roster. */
export interface Contact {
  /** Bare JID (XID), lower case. */
  readonly address: string
  readonly name?: string
  /** Where the contact's nodes were when the URI was made; possibly none. */
  readonly hints: readonly PeerAddresses[]
}

/** What goes into a contact URI. */
export interface ContactUriParts {
  readonly address: string
  readonly name?: string | undefined
  /** Multiaddrs with `/p2p/…` at the end, best first. */
  readonly addresses?: readonly string[] | undefined
}

/**
 * `xmpp:00…@id.internal?roster;name=…;check=…;addr=…` (RFC 5122 §2, XEP-0147 `roster`). Addresses that `parseContactUri`
 * would refuse, and the last ones when there is no room for all (count or length), are left out.
 *
 * @throws IdentityError for a name that is too long or has control characters
 */
export function formatContactUri(parts: ContactUriParts): string {
  const address = parts.address.toLowerCase()
  assert(publicKeyFromXid(address) !== undefined, 'a contact URI is made for an XID')
  const name = parts.name === undefined || parts.name === '' ? '' : `;name=${encodeValue(checkedName(parts.name))}`
  let uri = `xmpp:${address}?roster${name};check=${checkOf(address)}`
  const hints = (parts.addresses ?? []).filter((hint) => splitPeerAddress(hint) !== undefined)
  for (const hint of hints.slice(0, CONTACT_HINTS_MAX)) {
    const part = `;addr=${encodeValue(hint)}`
    if (uri.length + part.length > CONTACT_URI_MAX_BYTES) {
      break
    }
    uri += part
  }
  return uri
}

/**
 * Reads what `formatContactUri` writes; parts it does not know are ignored.
 *
 * @throws IdentityError: `too-long`, `malformed`, `checksum-missing`, `checksum` (any wrong character in address or check),
 * `address`
 */
export function parseContactUri(text: string): Contact {
  const uri = splitXmppUri(bounded(text))
  const check = single(uri, 'check')
  if (check === undefined) {
    throw new IdentityError(
      'checksum-missing',
      'this contact URI has no checksum: it was cut off, or made by another program',
    )
  }
  // Before anything else is said about the address: whatever is wrong in it, the cause is a wrong character.
  if (check.toLowerCase() !== checkOf(uri.path.toLowerCase())) {
    throw new IdentityError('checksum', 'the checksum does not fit the address: a character is wrong or missing')
  }
  if (uri.queryType?.toLowerCase() !== 'roster') {
    throw new IdentityError('malformed', 'this xmpp: URI is not for adding a contact (no ?roster)')
  }
  const address = checkedAddress(uri.path)
  const name = decodeValue('name', single(uri, 'name') ?? '')
  const hints = readHints(uri)
  return name === '' ? { address, hints } : { address, name: checkedName(name), hints }
}

/**
 * Reads a contact URI or a bare address (`00…@id.internal`, with or without `xmpp:`). The latter has no checksum
 * (`checked` false): a wrong character may have made it somebody else's address, so ask before trusting it.
 *
 * @throws IdentityError as `parseContactUri`
 */
export function parseAddress(text: string): Contact & { readonly checked: boolean } {
  const input = bounded(text)
  if (input.includes('?')) {
    return { ...parseContactUri(input), checked: true }
  }
  const address = checkedAddress(/^xmpp:/i.test(input) ? splitXmppUri(input).path : input)
  return { address, hints: [], checked: false }
}

function bounded(text: string): string {
  // The first test keeps the second one short.
  if (text.length > CONTACT_URI_MAX_BYTES || toUtf8(text).length > CONTACT_URI_MAX_BYTES) {
    throw new IdentityError('too-long', `a contact URI has at most ${CONTACT_URI_MAX_BYTES} bytes`)
  }
  return text.trim()
}

function checkOf(address: string): string {
  return toBase32(fromHex(hash('sha256', CHECK_PREFIX + address, 'hex'))).slice(0, CHECK_CHARACTERS)
}

function checkedAddress(text: string): string {
  const publicKey = publicKeyFromXid(text)
  if (publicKey === undefined) {
    throw new IdentityError(
      'address',
      'this is not an address: 00, 64 digits of 0-9 and a-f and @id.internal, and not every such number is one',
    )
  }
  return xidFromPublicKey(publicKey)
}

function checkedName(name: string): string {
  if (!name.isWellFormed() || UNSAFE_IN_NAME.test(name)) {
    throw new IdentityError('malformed', 'the name has characters that cannot be shown')
  }
  if (toUtf8(name).length > CONTACT_NAME_MAX_BYTES) {
    throw new IdentityError('too-long', `a name has at most ${CONTACT_NAME_MAX_BYTES} bytes`)
  }
  return name
}

/** The undecoded value of a part that may occur once. */
function single(uri: XmppUri, key: string): string | undefined {
  const values = uri.pairs.filter(([name]) => name === key)
  if (values.length > 1) {
    throw new IdentityError('malformed', `the contact URI has ${key}= more than once`)
  }
  return values[0]?.[1]
}

function readHints(uri: XmppUri): PeerAddresses[] {
  const values = uri.pairs.filter(([key]) => key === 'addr')
  if (values.length > CONTACT_HINTS_MAX) {
    throw new IdentityError('too-long', `a contact URI has at most ${CONTACT_HINTS_MAX} addr= parts`)
  }
  const byPeer = new Map<string, string[]>()
  for (const [key, value] of values) {
    const hint = splitPeerAddress(decodeValue(key, value))
    if (hint === undefined) {
      throw new IdentityError(
        'malformed',
        'an addr= part of the contact URI is no multiaddr of a node (…/p2p/12D3KooW…)',
      )
    }
    const addresses = byPeer.get(hint.peerId) ?? []
    byPeer.set(hint.peerId, hint.address === '' ? addresses : [...addresses, hint.address])
  }
  return Array.from(byPeer, ([peerId, addresses]) => ({ peerId, addresses }))
}
