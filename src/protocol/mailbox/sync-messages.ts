import { field, type ProtobufMessage, protobufMessage } from '../../util/protobuf.ts'
import type { Tombstone } from './letter-keeper.ts'
import { KEY_BYTES, LETTER_ID_BYTES, tombstoneMessage } from './letter-messages.ts'
import { EXCHANGED_IDS_MAX, EXCHANGED_TOMBSTONES_MAX } from './protocol.ts'

/** SYNC: `mailboxDigest` of what the asking custodian has. */
export interface Sync {
  readonly mailboxKey: Uint8Array
  readonly digest: Uint8Array
}

/** EXCHANGE: all that the asking custodian has with ids above `after` up to and with `through`, in the order of ids. */
export interface Exchange {
  readonly mailboxKey: Uint8Array
  /** 32 bytes, or none: from the beginning. */
  readonly after: Uint8Array
  /** 32 bytes, or none: to the end. */
  readonly through: Uint8Array
  /** At most EXCHANGED_IDS_MAX together with `tombstones`. */
  readonly letters: readonly Uint8Array[]
  readonly tombstones: readonly Uint8Array[]
}

/** Answer to EXCHANGE, in the order of ids. */
export interface Differences {
  /** Up to which id it was compared: 32 bytes, or none: up to the end that was asked for. */
  readonly through: Uint8Array
  /** Ids of letters that the answering custodian lacks, and of those that it has and the asking one lacks. */
  readonly lettersWanted: readonly Uint8Array[]
  readonly lettersOffered: readonly Uint8Array[]
  readonly tombstonesWanted: readonly Uint8Array[]
  /** Those that the asking custodian lacks. */
  readonly tombstones: readonly Tombstone[]
}

/** FETCH: one letter that was offered. */
export interface Fetch {
  readonly mailboxKey: Uint8Array
  readonly letterId: Uint8Array
}

const key = (number: number) => field.bytes(number, { minBytes: KEY_BYTES, maxBytes: KEY_BYTES })
const id = (number: number) => field.bytes(number, { minBytes: LETTER_ID_BYTES, maxBytes: LETTER_ID_BYTES })
const ids = (number: number) => field.repeated(id(number), { maxItems: EXCHANGED_IDS_MAX })
/** An id, or empty for the beginning or end of all. */
const idOrEnd = (number: number) => field.bytes(number, { maxBytes: LETTER_ID_BYTES })

export const syncMessage: ProtobufMessage<Sync> = protobufMessage({ mailboxKey: key(1), digest: id(2) })

export const exchangeMessage: ProtobufMessage<Exchange> = protobufMessage({
  mailboxKey: key(1),
  after: idOrEnd(2),
  through: idOrEnd(3),
  letters: ids(4),
  tombstones: ids(5),
})

export const fetchMessage: ProtobufMessage<Fetch> = protobufMessage({ mailboxKey: key(1), letterId: id(2) })

export const comparedMessage: ProtobufMessage<{ readonly equal: boolean }> = protobufMessage({ equal: field.bool(1) })

export const differencesMessage: ProtobufMessage<Differences> = protobufMessage({
  through: idOrEnd(1),
  lettersWanted: ids(2),
  lettersOffered: ids(3),
  tombstonesWanted: ids(4),
  tombstones: field.repeated(field.message(5, tombstoneMessage), { maxItems: EXCHANGED_TOMBSTONES_MAX }),
})
