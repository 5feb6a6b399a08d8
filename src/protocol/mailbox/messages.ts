import { decodedOr } from '../../util/decoded-or.ts'
import { field, type ProtobufMessage, protobufMessage } from '../../util/protobuf.ts'
import type { ProtocolViolation } from '../../util/protocol-violation.ts'
import { MailboxViolation } from './errors.ts'
import type { CollectedLetter } from './letter-keeper.ts'
import {
  type Acknowledge,
  acknowledgeMessage,
  type Collect,
  type CollectionEnd,
  challengeMessage,
  collectedLetterMessage,
  collectMessage,
  type Deposit,
  depositMessage,
  endedMessage,
  grantMessage,
  type LetterRefused,
  letterRefusedMessage,
  proveMessage,
  type Receipt,
  type ReplicaFields,
  type Replicate,
  receiptMessage,
  replicaMessage,
  replicateMessage,
} from './letter-messages.ts'
import { FRAME_MAX_BYTES } from './protocol.ts'
import {
  comparedMessage,
  type Differences,
  differencesMessage,
  type Exchange,
  exchangeMessage,
  type Fetch,
  fetchMessage,
  type Sync,
  syncMessage,
} from './sync-messages.ts'

/** RFC 8032 §5.1.5. */
const PUBLIC_KEY_BYTES = 32

/** Why a keeper does not take a record, in the order of their numbers on the wire; new ones are added at the end. */
export const RECORD_REFUSALS = [
  /** No account record. */
  'malformed',
  /** Not signed by the account. */
  'signature',
  'expired',
  /** Issued later than now. */
  'not-yet-valid',
  'too-large',
  /** The keeper has a newer one. */
  'older',
  /** Too many requests from this peer. */
  'rate-limited',
  /** This node keeps no records, or has no room for this one. */
  'no-storage',
] as const

/**
 * Why a record is refused. `wrong-account`, the record of another account than the one asked for, is never on the wire:
 * it is how the asking side refuses an answer.
 */
export type RecordRefusal = (typeof RECORD_REFUSALS)[number] | 'wrong-account'

/** What the client asks: exactly one of the verbs is set. */
export interface Request {
  /** Chosen by the client, unique among its unanswered requests on this stream. */
  readonly id: number
  readonly putRecord?: { readonly record: Uint8Array }
  readonly getRecord?: { readonly publicKey: Uint8Array }
  readonly deposit?: Deposit
  /** Begins a collection; what belongs to it has the same id, in both directions, until both have ended it. */
  readonly collect?: Collect
  /** Answer to the challenge of a collection. */
  readonly prove?: { readonly signature: Uint8Array }
  /** So many bytes of a collection were taken; as many more may be sent. */
  readonly grant?: { readonly bytes: number }
  /** The collector's end of a collection. */
  readonly stop?: Readonly<Record<string, never>>
  readonly acknowledge?: Acknowledge
  readonly sync?: Sync
  readonly exchange?: Exchange
  readonly fetch?: Fetch
  readonly replicate?: Replicate
}

/** What the server answers: exactly one of the outcomes is set. */
export interface Answer {
  /** That of the request. */
  readonly id: number
  readonly refused?: { readonly reason: (typeof RECORD_REFUSALS)[number] }
  /** To PUT_RECORD: on disk. */
  readonly stored?: Readonly<Record<string, never>>
  /** To GET_RECORD. */
  readonly found?: { readonly record: Uint8Array }
  /** To GET_RECORD and FETCH. */
  readonly notFound?: Readonly<Record<string, never>>
  /** To DEPOSIT: on disk. */
  readonly receipt?: Receipt
  /** To every question about letters, save collections. */
  readonly letterRefused?: LetterRefused
  /** To COLLECT. */
  readonly challenge?: { readonly nonce: Uint8Array }
  readonly letter?: CollectedLetter
  /** All letters that were there have been sent. */
  readonly collected?: Readonly<Record<string, never>>
  /** The custodian's end of a collection. */
  readonly ended?: { readonly reason: CollectionEnd }
  /** To ACKNOWLEDGE and REPLICATE: on disk. */
  readonly done?: Readonly<Record<string, never>>
  /** To SYNC. */
  readonly compared?: { readonly equal: boolean }
  /** To EXCHANGE. */
  readonly differences?: Differences
  /** To FETCH. */
  readonly replica?: ReplicaFields
}

/** A question without its id. */
export type Verb = Omit<Request, 'id'>

// Records longer than an account record may be are let in, so that the keeper can say `too-large`.
const recordMessage = protobufMessage({ record: field.bytes(1, { maxBytes: FRAME_MAX_BYTES }) })
const accountMessage = protobufMessage({
  publicKey: field.bytes(1, { minBytes: PUBLIC_KEY_BYTES, maxBytes: PUBLIC_KEY_BYTES }),
})
const refusalMessage = protobufMessage({ reason: field.enumeration(1, RECORD_REFUSALS) })
const emptyMessage = protobufMessage({})

const request: ProtobufMessage<Request> = protobufMessage(
  {
    id: field.uint32(1),
    putRecord: field.message(2, recordMessage),
    getRecord: field.message(3, accountMessage),
    deposit: field.message(4, depositMessage),
    collect: field.message(5, collectMessage),
    prove: field.message(6, proveMessage),
    grant: field.message(7, grantMessage),
    stop: field.message(8, emptyMessage),
    acknowledge: field.message(9, acknowledgeMessage),
    sync: field.message(10, syncMessage),
    exchange: field.message(11, exchangeMessage),
    fetch: field.message(12, fetchMessage),
    replicate: field.message(13, replicateMessage),
  },
  {
    exactlyOne: [
      'putRecord',
      'getRecord',
      'deposit',
      'collect',
      'prove',
      'grant',
      'stop',
      'acknowledge',
      'sync',
      'exchange',
      'fetch',
      'replicate',
    ],
  },
)

const answer: ProtobufMessage<Answer> = protobufMessage(
  {
    id: field.uint32(1),
    refused: field.message(2, refusalMessage),
    stored: field.message(3, emptyMessage),
    found: field.message(4, recordMessage),
    notFound: field.message(5, emptyMessage),
    receipt: field.message(6, receiptMessage),
    letterRefused: field.message(7, letterRefusedMessage),
    challenge: field.message(8, challengeMessage),
    letter: field.message(9, collectedLetterMessage),
    collected: field.message(10, emptyMessage),
    ended: field.message(11, endedMessage),
    done: field.message(12, emptyMessage),
    compared: field.message(13, comparedMessage),
    differences: field.message(14, differencesMessage),
    replica: field.message(15, replicaMessage),
  },
  {
    exactlyOne: [
      'refused',
      'stored',
      'found',
      'notFound',
      'receipt',
      'letterRefused',
      'challenge',
      'letter',
      'collected',
      'ended',
      'done',
      'compared',
      'differences',
      'replica',
    ],
  },
)

export function encodeRequest(message: Request): Uint8Array {
  return request.encode(message)
}

/** @throws MailboxViolation `malformed` */
export function decodeRequest(frame: Uint8Array): Request {
  return decoded(request, frame)
}

export function encodeAnswer(message: Answer): Uint8Array {
  return answer.encode(message)
}

/** @throws MailboxViolation `malformed` */
export function decodeAnswer(frame: Uint8Array): Answer {
  return decoded(answer, frame)
}

function decoded<Message>(kind: ProtobufMessage<Message>, frame: Uint8Array): Message {
  const refuse = (violation: ProtocolViolation): never => {
    throw new MailboxViolation('malformed', violation.message, { cause: violation })
  }
  return decodedOr(kind, frame, refuse)
}
