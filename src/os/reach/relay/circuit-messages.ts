import { field, type MessageOf, type ProtobufMessage, protobufMessage } from '../../../util/protobuf.ts'

// https://github.com/libp2p/specs/blob/master/relay/circuit-v2.md

/** Between a peer and a relay: reserve, or connect to somebody who has reserved. */
export const HOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/hop'
/** Between a relay and who has reserved: somebody wants to connect. */
export const STOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/stop'

/** A hop or stop message: as much as go-libp2p reads. */
export const MESSAGE_MAX_BYTES = 4_096
/** Addresses of a peer or relay in one message. */
const ADDRESSES_MAX = 64
const ADDRESS_MAX_BYTES = 512
const PEER_ID_MAX_BYTES = 64

/** `HopMessage.Type` and `StopMessage.Type` of the specification; a stop message has no RESERVE. */
export const HOP_TYPE = { reserve: 0, connect: 1, status: 2 } as const
export const STOP_TYPE = { connect: 0, status: 1 } as const

/** `Status` of the specification. */
export const STATUS = {
  ok: 100,
  reservationRefused: 200,
  resourceLimitExceeded: 201,
  permissionDenied: 202,
  connectionFailed: 203,
  noReservation: 204,
  malformedMessage: 400,
  unexpectedMessage: 401,
} as const

const peerFields: ProtobufMessage<{ id: Uint8Array; addrs: Uint8Array[] }> = protobufMessage({
  id: field.bytes(1, { minBytes: 1, maxBytes: PEER_ID_MAX_BYTES }),
  addrs: field.repeated(field.bytes(2, { maxBytes: ADDRESS_MAX_BYTES }), { maxItems: ADDRESSES_MAX }),
})

/** The voucher is left out: nobody asks for it. */
const reservationFields: ProtobufMessage<{ expire: number; addrs: Uint8Array[] }> = protobufMessage({
  expire: field.uint64(1),
  addrs: field.repeated(field.bytes(2, { maxBytes: ADDRESS_MAX_BYTES }), { maxItems: ADDRESSES_MAX }),
})

const limitFields: ProtobufMessage<{ duration: number; data: number }> = protobufMessage({
  duration: field.uint32(1),
  data: field.uint64(2),
})

const hopFields = {
  type: field.optional(field.uint32(1)),
  peer: field.message(2, peerFields),
  reservation: field.message(3, reservationFields),
  limit: field.message(4, limitFields),
  status: field.optional(field.uint32(5)),
}

const stopFields = {
  type: field.optional(field.uint32(1)),
  peer: field.message(2, peerFields),
  limit: field.message(3, limitFields),
  status: field.optional(field.uint32(4)),
}

/** What a relay puts into a limited circuit: seconds and bytes each way, 0 is without bound. */
export type CircuitLimit = MessageOf<typeof limitFields>

/** What a peer and a relay say to each other. */
export interface HopMessage {
  type?: number
  peer?: MessageOf<typeof peerFields>
  reservation?: MessageOf<typeof reservationFields>
  limit?: CircuitLimit
  status?: number
}

/** What a relay and who has reserved say to each other. */
export interface StopMessage {
  type?: number
  peer?: MessageOf<typeof peerFields>
  limit?: CircuitLimit
  status?: number
}

/** `HopMessage` of the specification. */
export const hopMessage: ProtobufMessage<HopMessage> = protobufMessage(hopFields)
/** `StopMessage` of the specification. */
export const stopMessage: ProtobufMessage<StopMessage> = protobufMessage(stopFields)
