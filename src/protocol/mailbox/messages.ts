import { field, type ProtobufMessage, protobufMessage } from '../../util/protobuf.ts'
import { ProtocolViolation } from '../../util/protocol-violation.ts'
import { MailboxViolation } from './errors.ts'
import { FRAME_MAX_BYTES } from './protocol.ts'

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
  /** To GET_RECORD. */
  readonly notFound?: Readonly<Record<string, never>>
}

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
    // 4 to 15 are for DEPOSIT, COLLECT, ACKNOWLEDGE and SYNC.
  },
  { exactlyOne: ['putRecord', 'getRecord'] },
)

const answer: ProtobufMessage<Answer> = protobufMessage(
  {
    id: field.uint32(1),
    refused: field.message(2, refusalMessage),
    stored: field.message(3, emptyMessage),
    found: field.message(4, recordMessage),
    notFound: field.message(5, emptyMessage),
    // 6 to 15 are for the answers about letters.
  },
  { exactlyOne: ['refused', 'stored', 'found', 'notFound'] },
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
  try {
    return kind.decode(frame)
  } catch (error) {
    if (error instanceof ProtocolViolation) {
      throw new MailboxViolation('malformed', error.message, { cause: error })
    }
    throw error
  }
}
