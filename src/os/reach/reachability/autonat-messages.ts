import type { Stream } from '@libp2p/interface'
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils'
import { field, type ProtobufMessage, protobufMessage } from '../../../util/protobuf.ts'

// https://github.com/libp2p/specs/blob/master/autonat/autonat-v2.md

/** Asks a peer to dial one of the asker's addresses. */
export const DIAL_REQUEST_PROTOCOL = '/libp2p/autonat/2/dial-request'
/** On the new connection: the nonce of the request, which proves that it was dialled. */
export const DIAL_BACK_PROTOCOL = '/libp2p/autonat/2/dial-back'

/** One message: a few addresses. What others send to prove their bandwidth is asked of nobody here. */
const AUTONAT_MESSAGE_MAX_BYTES = 4_096
/** Addresses looked at in one request; others are ignored by refusing the message. */
const AUTONAT_ADDRESSES_MAX = 16
const AUTONAT_ADDRESS_MAX_BYTES = 256

/** `DialResponse.ResponseStatus` of the specification. */
export const RESPONSE_STATUS = { internalError: 0, requestRejected: 100, dialRefused: 101, ok: 200 } as const
/** `DialStatus` of the specification. */
export const DIAL_STATUS = { unused: 0, dialError: 100, dialBackError: 101, ok: 200 } as const

const dialRequest = {
  addrs: field.repeated(field.bytes(1, { maxBytes: AUTONAT_ADDRESS_MAX_BYTES }), { maxItems: AUTONAT_ADDRESSES_MAX }),
  nonce: field.fixed64(2),
}
const dialResponse = { status: field.uint32(1), addrIdx: field.uint32(2), dialStatus: field.uint32(3) }
const dialDataRequest = { addrIdx: field.uint32(1), numBytes: field.uint64(2) }

const autonatFields = {
  dialRequest: field.message(1, protobufMessage(dialRequest)),
  dialResponse: field.message(2, protobufMessage(dialResponse)),
  dialDataRequest: field.message(3, protobufMessage(dialDataRequest)),
}

/** A message on a dial-request stream. */
export const autonatMessage: ProtobufMessage<AutonatMessage> = protobufMessage(autonatFields)
export interface AutonatMessage {
  dialRequest?: { addrs: Uint8Array[]; nonce: bigint }
  dialResponse?: { status: number; addrIdx: number; dialStatus: number }
  dialDataRequest?: { addrIdx: number; numBytes: number }
}

/** The only message of the dialler on a dial-back stream. */
export const dialBack: ProtobufMessage<{ nonce: bigint }> = protobufMessage({ nonce: field.fixed64(1) })
/** Its answer; its only status is OK, the default. */
export const dialBackResponse: ProtobufMessage<{ status: number }> = protobufMessage({ status: field.uint32(1) })

/** Messages of one stream, each with its length before it and none longer than allowed. */
export class AutonatStream {
  readonly #stream: LengthPrefixedStream<Stream>

  constructor(stream: Stream) {
    this.#stream = lpStream(stream, { maxDataLength: AUTONAT_MESSAGE_MAX_BYTES })
  }

  /** Rejects when the message is malformed or too long, the stream breaks or `signal` aborts. */
  async read<T>(message: ProtobufMessage<T>, signal: AbortSignal): Promise<T> {
    return message.decode((await this.#stream.read({ signal })).subarray())
  }

  async write<T>(message: ProtobufMessage<T>, value: T, signal: AbortSignal): Promise<void> {
    await this.#stream.write(message.encode(value), { signal })
  }
}
