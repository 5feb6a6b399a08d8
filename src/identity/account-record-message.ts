import { field, type ProtobufMessage, protobufMessage } from '../util/protobuf.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './ed25519.ts'
import { MULTIADDR_MAX_BYTES } from './multiaddr-text.ts'
import { PEER_ID_LENGTH } from './peer-id.ts'

/** An account record on the wire and at rest, at most. */
export const RECORD_MAX_BYTES: number = 32 * 1024
/** Nodes (devices) of an account; each is one more key wrap for every letter. */
export const RECORD_NODES_MAX = 16
/** Multiaddrs of a node: some interfaces, ports and relays. */
export const NODE_ADDRESSES_MAX = 16
/** Sealing prekeys of a node: the current one and those around its rotation. */
const NODE_PREKEYS_MAX = 4
/** A prekey is opaque here; X-Wing's public key has 1,216 bytes, the rest is for id, dates and signature. */
const NODE_PREKEY_MAX_BYTES = 1536
/** Capabilities of a node and the length of each word. */
const NODE_CAPABILITIES_MAX = 16
const CAPABILITY_MAX_BYTES = 64
/** Mailbox keys: the coming 44 days, and room for a longer look ahead. */
const MAILBOX_KEYS_MAX = 64
/** Public PEP items, their names and the XML text of each: an OMEMO device list and bundles. */
export const PROFILE_ITEMS_MAX = 32
export const PROFILE_NAME_MAX_BYTES = 256
export const PROFILE_PAYLOAD_MAX_BYTES: number = 16 * 1024
/** A nickname (XEP-0172), UTF-8. */
export const NICKNAME_MAX_BYTES = 256

/** One device that serves the account. */
export interface NodeEntry {
  readonly peerId: string
  /** Multiaddrs without the trailing `/p2p/…`, where the node was when it last renewed its entry. */
  readonly addresses: readonly string[]
  /** Words of what the node can do, `mailbox` say. */
  readonly capabilities: readonly string[]
  /** When the node itself last renewed this entry, ms since 1970 UTC. */
  readonly updatedMs: number
  /** Sealing prekeys, opaque here (the sealing folder reads them). */
  readonly prekeys: readonly Uint8Array[]
}

/** A public PEP item (XEP-0163). */
export interface ProfileItem {
  readonly node: string
  readonly id: string
  /** One XML element as text; whoever uses it parses it with limits. */
  readonly payload: string
}

/** What an account shows to everybody who knows its address. */
export interface Profile {
  /** Empty when there is none. */
  readonly nickname: string
  readonly items: readonly ProfileItem[]
  /** When its owner set it, on whichever device, ms since 1970 UTC; 0: never. Of two profiles the later one counts. */
  readonly updatedMs: number
}

/** The signed part of an account record. */
export interface RecordBody {
  readonly publicKey: Uint8Array
  /** Of two valid records the one with the higher number counts. */
  readonly sequence: number
  /** Ms since 1970 UTC. */
  readonly issuedMs: number
  readonly expiresMs: number
  readonly nodes: readonly NodeEntry[]
  /** Mailbox public keys of the coming days, 32 bytes each. */
  readonly mailboxKeys: readonly Uint8Array[]
  readonly profile?: Profile
}

/** The body as bytes and the account's signature over it. */
export interface RecordEnvelope {
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

// Field numbers are for ever. Free: 6 and above in a node, 8 and above in the body; older versions skip what they do not
// know there. Nothing may be added to the envelope, which is not signed as a whole.

/** A node of the account. */
export const nodeEntry: ProtobufMessage<NodeEntry> = protobufMessage({
  peerId: field.string(1, { minBytes: PEER_ID_LENGTH, maxBytes: PEER_ID_LENGTH }),
  addresses: field.repeated(field.string(2, { maxBytes: MULTIADDR_MAX_BYTES }), { maxItems: NODE_ADDRESSES_MAX }),
  capabilities: field.repeated(field.string(3, { minBytes: 1, maxBytes: CAPABILITY_MAX_BYTES }), {
    maxItems: NODE_CAPABILITIES_MAX,
  }),
  updatedMs: field.uint64(4),
  prekeys: field.repeated(field.bytes(5, { minBytes: 1, maxBytes: NODE_PREKEY_MAX_BYTES }), {
    maxItems: NODE_PREKEYS_MAX,
  }),
})

const profileItem: ProtobufMessage<ProfileItem> = protobufMessage({
  node: field.string(1, { minBytes: 1, maxBytes: PROFILE_NAME_MAX_BYTES }),
  id: field.string(2, { minBytes: 1, maxBytes: PROFILE_NAME_MAX_BYTES }),
  payload: field.string(3, { maxBytes: PROFILE_PAYLOAD_MAX_BYTES }),
})

const profile: ProtobufMessage<Profile> = protobufMessage({
  nickname: field.string(1, { maxBytes: NICKNAME_MAX_BYTES }),
  items: field.repeated(field.message(2, profileItem), { maxItems: PROFILE_ITEMS_MAX }),
  updatedMs: field.uint64(3),
})

/** protocols.md, "Account record". */
export const recordBody: ProtobufMessage<RecordBody> = protobufMessage({
  publicKey: field.bytes(1, { minBytes: PUBLIC_KEY_BYTES, maxBytes: PUBLIC_KEY_BYTES }),
  sequence: field.uint64(2),
  issuedMs: field.uint64(3),
  expiresMs: field.uint64(4),
  nodes: field.repeated(field.message(5, nodeEntry), { maxItems: RECORD_NODES_MAX }),
  mailboxKeys: field.repeated(field.bytes(6, { minBytes: PUBLIC_KEY_BYTES, maxBytes: PUBLIC_KEY_BYTES }), {
    maxItems: MAILBOX_KEYS_MAX,
  }),
  profile: field.message(7, profile),
})

/** What travels and is stored. */
export const recordEnvelope: ProtobufMessage<RecordEnvelope> = protobufMessage({
  body: field.bytes(1, { minBytes: 1, maxBytes: RECORD_MAX_BYTES }),
  signature: field.bytes(2, { minBytes: SIGNATURE_BYTES, maxBytes: SIGNATURE_BYTES }),
})
