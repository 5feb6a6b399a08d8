import type { PacketHeader } from '../nat/packet.ts'

/** A piece of a TCP stream. Loss and acknowledgement come back by calls: an event for each would cost twice the time. */
export interface TcpSegment {
  readonly sequence: number
  readonly chunks: Uint8Array[]
  payloadBytes: number
  readonly isFin: boolean
  readonly sentMs: number
  /** From sending to arrival. */
  transitMs: number
  isLost: boolean
  hasArrived: boolean
  readonly sender: SegmentSender
}

/** The socket that sent a segment, as the receiver sees it. */
export interface SegmentSender {
  /** Arrived out of turn: has to be sent again. */
  onLost(segment: TcpSegment): void
  /** Arrived in turn. */
  onDelivered(segment: TcpSegment): void
  /** Read by the application: so many bytes of the window are free again, `delayMs` from now. */
  onConsumed(payloadBytes: number, delayMs: number): void
}

/** A packet on its way. */
export interface Packet {
  readonly header: PacketHeader
  /** On the wire; grows while segments sent at the same moment are put together. */
  bytes: number
  /** Piece of a TCP stream: loss is delay. */
  readonly segment?: TcpSegment
  /** Payload of a UDP datagram. */
  readonly datagram?: Uint8Array
  /** A SYN-ACK whose sender had dialled too: so both ends know, whichever SYN came first. */
  readonly isCrossed?: boolean
  /** Not to arrive before that: streams keep their order. */
  readonly notBeforeMs?: number
  /** Called when the packet gets lost: boxes, partitions, hosts that are off. */
  readonly onLost?: () => void
}
