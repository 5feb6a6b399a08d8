import { fromString } from 'uint8arrays/from-string'
import { decodePermitBundle, encodePermitBundle, type PermitBundle } from '../identity/permit.ts'
import { decodeSingleUseBundle, encodeSingleUseBundle, type SingleUseBundle } from '../sealing/single-use-prekey.ts'
import { toBase64 } from '../util/bytes.ts'
import { decodedOr } from '../util/decoded-or.ts'
import { field, type ProtobufMessage, protobufMessage } from '../util/protobuf.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'

/** 16 single-use prekeys take 19,900 bytes. *ours* */
const SINGLE_USE_BUNDLE_MAX_BYTES = 24 * 1024
/** Permits for 44 days take 3,800 bytes. *ours* */
const PERMIT_BUNDLE_MAX_BYTES = 6 * 1024
/** Of the text: base64 of both bundles, a date and tags. *ours* */
const TEXT_MAX_CHARACTERS = 41 * 1024

/** Keys of one node for one contact. */
export interface HandedKeys {
  /** Ms since 1970 UTC by the clock of the node that hands them over. */
  readonly issuedMs: number
  readonly singleUse: SingleUseBundle | undefined
  readonly permits: PermitBundle | undefined
}

interface KeysMessage {
  readonly issuedMs: number
  readonly singleUse: Uint8Array
  readonly permits: Uint8Array
}

const keysMessage: ProtobufMessage<KeysMessage> = protobufMessage({
  issuedMs: field.uint64(1),
  singleUse: field.bytes(2, { maxBytes: SINGLE_USE_BUNDLE_MAX_BYTES }),
  permits: field.bytes(3, { maxBytes: PERMIT_BUNDLE_MAX_BYTES }),
})

/** The text of a `<keys/>`: base64 of both bundles. docs/protocol/sealed-letters.md */
export function writeHandedKeys({ issuedMs, singleUse, permits }: HandedKeys): string {
  const nothing = new Uint8Array(0)
  const bytes = keysMessage.encode({
    issuedMs,
    singleUse: singleUse ? encodeSingleUseBundle(singleUse) : nothing,
    permits: permits ? encodePermitBundle(permits) : nothing,
  })
  return toBase64(bytes)
}

/**
 * Reads the text of a `<keys/>` that a contact sent.
 *
 * @throws StanzaError `bad-request`, and nothing else
 */
export function readHandedKeys(text: string): HandedKeys {
  const { issuedMs, singleUse, permits } = decode(text)
  return {
    issuedMs,
    singleUse: singleUse.length === 0 ? undefined : (decodeSingleUseBundle(singleUse) ?? refuse()),
    permits: permits.length === 0 ? undefined : (decodePermitBundle(permits) ?? refuse()),
  }
}

function decode(text: string): KeysMessage {
  if (text.length > TEXT_MAX_CHARACTERS || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    refuse()
  }
  let bytes: Uint8Array
  try {
    bytes = fromString(text, 'base64pad')
  } catch (error) {
    // The library throws a SyntaxError for a length or last bits that no encoder makes.
    return refuse(error)
  }
  return decodedOr(keysMessage, bytes, refuse)
}

function refuse(cause?: unknown): never {
  throw new StanzaError('bad-request', 'these are no keys for letters', { cause })
}
