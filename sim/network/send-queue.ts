import type { Packet, SegmentSender, TcpSegment } from './packet.ts'
import type { Scheduler } from './scheduler.ts'

/** Bytes under way or unread at the other end (a usual receive buffer). */
const WINDOW_BYTES: number = 256 * 1_024
/** Bytes that wait for the window, above which writers are told to wait. */
const SEND_BUFFER_BYTES: number = 64 * 1_024
/** Largest piece handed to the network at once (Linux segmentation offload). */
const MAX_PIECE_BYTES: number = 64 * 1_024
/** Writes of one moment are put together up to a segment. */
const SEGMENT_PAYLOAD_BYTES = 1_448
/** Linux `tcp_retries2`; with the waits below it gives up after about a quarter of an hour. */
const MAX_RETRANSMITS = 15
/** Linux `TCP_RTO_MAX`. */
const RETRANSMIT_MAX_MS = 120_000

/** What the queue needs of its socket. */
interface SendQueueParts {
  readonly scheduler: Scheduler
  transmit(
    segment: TcpSegment,
    notBeforeMs: number,
  ): { readonly packet: Packet; readonly arrivalMs: number | undefined }
  extend(packet: Packet, bytes: number): void
  retransmitMs(): number
  onDrain(): void
  onGiveUp(): void
  /** All segments and the FIN arrived. */
  onFinished(): void
  /** The FIN has been sent. */
  onFlushed(): void
}

/** The sending half of a connection: window, backpressure, and sending again what boxes or partitions swallowed. */
export class SendQueue {
  readonly #sender: SegmentSender
  readonly #parts: SendQueueParts
  /** Written but outside the window. */
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** Sent and not yet arrived, in order. */
  readonly #underWay: TcpSegment[] = []
  #windowBytes = WINDOW_BYTES
  /** Window that becomes free when the acknowledgement is here. */
  #credits: { readonly atMs: number; bytes: number }[] = []
  #last: { readonly segment: TcpSegment; readonly packet: Packet } | undefined
  #sequence = 0
  #lastArrivalMs = 0
  #attempts = 0
  #retransmitTimer: { cancel(): void } | undefined
  #wakeTimer: { cancel(): void } | undefined
  #needsDrain = false
  #isFinishing = false
  #isFinSent = false
  #isStopped = false

  constructor(sender: SegmentSender, parts: SendQueueParts) {
    this.#sender = sender
    this.#parts = parts
  }

  /** False: wait for `onDrain`. */
  write(data: Uint8Array): boolean {
    if (this.#waitingBytes > 0 || !this.#join(data)) {
      this.#waiting.push(data)
      this.#waitingBytes += data.byteLength
      this.#pump()
    }
    this.#needsDrain = this.#waitingBytes >= SEND_BUFFER_BYTES
    return !this.#needsDrain
  }

  /** Sends a FIN after everything that waits. */
  finish(): void {
    this.#isFinishing = true
    this.#pump()
  }

  stop(): void {
    this.#isStopped = true
    this.#retransmitTimer?.cancel()
    this.#wakeTimer?.cancel()
    this.#waiting = []
    this.#waitingBytes = 0
  }

  onLost(segment: TcpSegment): void {
    segment.isLost = true
    if (this.#isStopped || this.#retransmitTimer !== undefined) {
      return
    }
    const delayMs = Math.min(this.#parts.retransmitMs() * 2 ** this.#attempts, RETRANSMIT_MAX_MS)
    this.#retransmitTimer = this.#parts.scheduler.schedule(delayMs, () => {
      this.#retransmitTimer = undefined
      this.#attempts += 1
      if (this.#attempts > MAX_RETRANSMITS) {
        this.#parts.onGiveUp()
      } else if (this.#underWay[0]?.isLost) {
        this.#send(this.#underWay[0])
      }
    })
  }

  onDelivered(segment: TcpSegment): void {
    if (this.#isStopped || this.#underWay[0] !== segment) {
      return
    }
    this.#underWay.shift()
    this.#attempts = 0
    this.#retransmitTimer?.cancel()
    this.#retransmitTimer = undefined
    if (segment.isFin) {
      this.#parts.onFinished()
      return
    }
    for (const other of this.#underWay) {
      if (other.isLost) {
        this.#send(other)
      }
    }
    this.#pump()
  }

  onConsumed(payloadBytes: number, delayMs: number): void {
    const atMs = this.#parts.scheduler.now() + delayMs
    const last = this.#credits.at(-1)
    if (last?.atMs === atMs) {
      last.bytes += payloadBytes
    } else {
      this.#credits.push({ atMs, bytes: payloadBytes })
    }
    this.#settle()
    if (this.#waitingBytes > 0) {
      this.#wakeLater()
    }
  }

  #pump(): void {
    this.#settle()
    while (this.#waitingBytes > 0 && this.#windowBytes > 0 && !this.#isStalled()) {
      const chunks = this.#take(Math.min(this.#windowBytes, MAX_PIECE_BYTES))
      this.#sendNew(chunks, false)
    }
    if (this.#waitingBytes > 0) {
      this.#wakeLater()
      return
    }
    if (this.#needsDrain) {
      this.#needsDrain = false
      this.#parts.onDrain()
    }
    if (this.#isFinishing && !this.#isFinSent && !this.#isStalled()) {
      this.#isFinSent = true
      this.#sendNew([], true)
      this.#parts.onFlushed()
    }
  }

  /** What is under way is lost; the rest would be too. */
  #isStalled(): boolean {
    return this.#isStopped || this.#underWay[0]?.isLost === true
  }

  /** Adds to the segment that left at this very moment; libp2p writes a frame in several pieces. */
  #join(data: Uint8Array): boolean {
    const last = this.#last
    const fits =
      last !== undefined &&
      last.segment.sentMs === this.#parts.scheduler.now() &&
      !last.segment.isLost &&
      !last.segment.hasArrived &&
      last.segment.payloadBytes + data.byteLength <= SEGMENT_PAYLOAD_BYTES &&
      data.byteLength <= this.#windowBytes
    if (fits) {
      last.segment.chunks.push(data)
      last.segment.payloadBytes += data.byteLength
      this.#windowBytes -= data.byteLength
      this.#parts.extend(last.packet, data.byteLength)
    }
    return fits
  }

  #sendNew(chunks: Uint8Array[], isFin: boolean): void {
    const payloadBytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    this.#windowBytes -= payloadBytes
    const segment: TcpSegment = {
      sequence: this.#sequence++,
      chunks,
      payloadBytes,
      isFin,
      sentMs: this.#parts.scheduler.now(),
      transitMs: 0,
      isLost: false,
      hasArrived: false,
      sender: this.#sender,
    }
    this.#underWay.push(segment)
    this.#send(segment)
  }

  #send(segment: TcpSegment): void {
    segment.isLost = false
    const { packet, arrivalMs } = this.#parts.transmit(segment, this.#lastArrivalMs)
    this.#last = isStillWhole(segment, packet)
    if (arrivalMs !== undefined) {
      segment.transitMs = arrivalMs - this.#parts.scheduler.now()
      this.#lastArrivalMs = arrivalMs
    }
  }

  #settle(): void {
    const nowMs = this.#parts.scheduler.now()
    while (this.#credits[0] !== undefined && this.#credits[0].atMs <= nowMs) {
      this.#windowBytes += this.#credits.shift()!.bytes
    }
  }

  #wakeLater(): void {
    const first = this.#credits[0]
    if (first === undefined || this.#wakeTimer !== undefined || this.#isStopped) {
      return
    }
    this.#wakeTimer = this.#parts.scheduler.schedule(Math.max(0, first.atMs - this.#parts.scheduler.now()), () => {
      this.#wakeTimer = undefined
      this.#pump()
    })
  }

  #take(limitBytes: number): Uint8Array[] {
    const chunks: Uint8Array[] = []
    let left = limitBytes
    while (left > 0 && this.#waiting[0] !== undefined) {
      const first = this.#waiting[0]
      if (first.byteLength <= left) {
        chunks.push(first)
        this.#waiting.shift()
      } else {
        chunks.push(first.subarray(0, left))
        this.#waiting[0] = first.subarray(left)
      }
      left -= Math.min(left, first.byteLength)
    }
    this.#waitingBytes -= limitBytes - left
    return chunks
  }
}

function isStillWhole(
  segment: TcpSegment,
  packet: Packet,
): { readonly segment: TcpSegment; readonly packet: Packet } | undefined {
  return segment.isLost || segment.isFin ? undefined : { segment, packet }
}
