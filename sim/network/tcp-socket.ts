import { type Endpoint, endpointKey, type PacketKind } from '../nat/packet.ts'
import type { Packet, SegmentSender, TcpSegment } from './packet.ts'
import type { Scheduler } from './scheduler.ts'
import { SendQueue } from './send-queue.ts'
import { SocketError } from './socket-error.ts'

/** First wait for the answer to a SYN, doubled each time (RFC 6298 §2.1). */
const SYN_TIMEOUT_MS = 1_000
/** Linux `tcp_syn_retries` and `tcp_synack_retries`. */
const SYN_RETRIES = 6
const SYN_ACK_RETRIES = 5
const SYN_BYTES = 60
const CONTROL_BYTES = 52
const RESET_BYTES = 40

/** What a socket tells its owner; `onClose` is the last, with an error unless the owner closed it himself. */
export interface SocketEvents {
  onConnect?(): void
  onData?(data: Uint8Array): void
  /** More can be written. */
  onDrain?(): void
  /** The remote closed. */
  onEnd?(): void
  onClose?(error: SocketError): void
}

/** The host of a socket, as the socket sees it. */
export interface SocketHost {
  readonly scheduler: Scheduler
  /** Sends a packet from this host; gives the time of arrival, undefined if it is lost at once. */
  transmit(packet: Packet): number | undefined
  /** A packet that has just been sent got longer. */
  extend(packet: Packet, bytes: number): void
  retransmitMs(remote: Endpoint): number
  forget(socket: TcpSocket): void
  /** The end of a dial; once for each. */
  concluded(socket: TcpSocket, outcome: 'direct' | 'punched' | 'failed'): void
}

/** One end of a TCP-like connection (RFC 9293 §3.3.2): handshake, order, flow control, reset. */
export class TcpSocket implements SegmentSender {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly #host: SocketHost
  readonly #send: SendQueue
  #events: SocketEvents
  #state: 'idle' | 'syn-sent' | 'syn-received' | 'established' | 'closing' | 'closed' = 'idle'
  #isDialler = false
  #isSecond = false
  #isSimultaneous = false
  #timer: { cancel(): void } | undefined
  #expected = 0
  #isPaused = false
  #held: TcpSegment[] = []
  #onFlushed: (() => void) | undefined

  constructor(host: SocketHost, local: Endpoint, remote: Endpoint, events: SocketEvents) {
    this.#host = host
    this.local = local
    this.remote = remote
    this.#events = events
    this.#send = new SendQueue(this, {
      scheduler: host.scheduler,
      transmit: (segment, notBeforeMs) => this.#transmit(segment, notBeforeMs),
      extend: (packet, bytes) => host.extend(packet, bytes),
      retransmitMs: () => host.retransmitMs(remote),
      onDrain: () => this.#events.onDrain?.(),
      onGiveUp: () => this.#end(new SocketError('ETIMEDOUT', endpointKey(remote))),
      onFinished: () => this.#finish(),
      onFlushed: () => this.#flushed(),
    })
  }

  /** Whether both ends dialled each other at once (RFC 9293 §3.5, figure 7). */
  get isSimultaneous(): boolean {
    return this.#isSimultaneous
  }

  get isOpen(): boolean {
    return this.#state === 'established'
  }

  /** Hands the socket to another owner. */
  attach(events: SocketEvents): void {
    this.#events = events
  }

  /** Whether the remote's dial is the one to count. */
  get isSecond(): boolean {
    return this.#isSecond
  }

  /** Dials. */
  open(isSecond = false): void {
    this.#isSecond = isSecond
    this.#isDialler = true
    this.#state = 'syn-sent'
    this.#knock('syn', SYN_RETRIES, 0)
  }

  /** Answers a SYN. */
  answer(): void {
    this.#state = 'syn-received'
    this.#knock('syn-ack', SYN_ACK_RETRIES, 0)
  }

  /** Sends bytes, which must not change any more; false: wait for `onDrain` before more. */
  write(data: Uint8Array): boolean {
    return this.#state === 'established' && this.#send.write(data)
  }

  /** Stops and resumes reading; a sender stalls when the window is full. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    const held = this.#held
    this.#held = []
    for (const segment of held) {
      this.#accept(segment)
    }
  }

  /** Ends in good order: `onFlushed` is called when everything has left; `onClose` is not. */
  close(onFlushed: () => void): void {
    if (this.#state !== 'established') {
      this.reset()
      onFlushed()
      return
    }
    this.#state = 'closing'
    this.#onFlushed = onFlushed
    this.#events = { onClose: onFlushed }
    this.#send.finish()
  }

  /** Ends at once, with an RST if the remote can know of it; `onClose` is not called. */
  reset(): void {
    this.vanish(true)
    this.#host.forget(this)
  }

  /** Ends at once; the host forgets it by itself. */
  vanish(withReset: boolean): void {
    if (this.#state === 'closed') {
      return
    }
    const wasHeard = this.#state !== 'syn-sent'
    this.#stop()
    // RFC 9293 §3.10.5: who has only sent a SYN goes without a word.
    if (withReset && wasHeard) {
      this.#control('rst')
    }
  }

  /** A packet for this socket arrived. */
  receive(kind: PacketKind, { segment, isCrossed = false }: Pick<Packet, 'segment' | 'isCrossed'>): void {
    if (kind === 'rst') {
      const code = this.#state === 'syn-sent' ? 'ECONNREFUSED' : 'ECONNRESET'
      this.#end(new SocketError(code, endpointKey(this.remote)))
    } else if (kind === 'syn') {
      this.#receiveSyn()
    } else if (kind === 'syn-ack') {
      this.#isSimultaneous ||= isCrossed
      this.#control('ack')
      this.#establish()
    } else if (this.#state === 'syn-sent') {
      // The remote has an older connection under these ports: RFC 9293 §3.5.1.
      this.#control('rst')
    } else {
      this.#establish()
      if (segment !== undefined) {
        this.#receiveSegment(segment)
      }
    }
  }

  onLost(segment: TcpSegment): void {
    this.#send.onLost(segment)
  }

  onDelivered(segment: TcpSegment): void {
    this.#send.onDelivered(segment)
  }

  onConsumed(payloadBytes: number, delayMs: number): void {
    this.#send.onConsumed(payloadBytes, delayMs)
  }

  #receiveSyn(): void {
    if (this.#state === 'syn-sent') {
      this.#isSimultaneous = true
      this.#timer?.cancel()
      this.answer()
    } else {
      this.#control(this.#state === 'syn-received' ? 'syn-ack' : 'ack')
    }
  }

  #receiveSegment(segment: TcpSegment): void {
    if (segment.sequence < this.#expected) {
      return
    }
    if (segment.sequence > this.#expected) {
      segment.sender.onLost(segment)
      return
    }
    this.#expected += 1
    segment.hasArrived = true
    segment.sender.onDelivered(segment)
    this.#accept(segment)
  }

  #accept(segment: TcpSegment): void {
    if (this.#isPaused) {
      this.#held.push(segment)
      return
    }
    segment.sender.onConsumed(segment.payloadBytes, segment.transitMs)
    if (segment.isFin) {
      this.#receiveFin()
      return
    }
    for (const chunk of segment.chunks) {
      this.#events.onData?.(chunk)
    }
  }

  #receiveFin(): void {
    if (this.#state === 'established') {
      const { onEnd } = this.#events
      this.#finish()
      this.#control('fin')
      onEnd?.()
    }
  }

  #establish(): void {
    if (this.#state !== 'syn-sent' && this.#state !== 'syn-received') {
      return
    }
    this.#timer?.cancel()
    this.#state = 'established'
    if (this.#isDialler) {
      this.#isDialler = false
      this.#host.concluded(this, this.#isSimultaneous ? 'punched' : 'direct')
    }
    this.#events.onConnect?.()
  }

  #knock(kind: 'syn' | 'syn-ack', retries: number, attempt: number): void {
    this.#control(kind)
    this.#timer = this.#host.scheduler.schedule(SYN_TIMEOUT_MS * 2 ** attempt, () => {
      if (attempt === retries) {
        this.#end(new SocketError('ETIMEDOUT', endpointKey(this.remote)))
      } else {
        this.#knock(kind, retries, attempt + 1)
      }
    })
  }

  #control(kind: PacketKind): void {
    const bytes = kind === 'syn' || kind === 'syn-ack' ? SYN_BYTES : kind === 'rst' ? RESET_BYTES : CONTROL_BYTES
    const isCrossed = kind === 'syn-ack' && this.#isSimultaneous
    this.#host.transmit({ header: { kind, source: this.local, destination: this.remote }, bytes, isCrossed })
  }

  #transmit(segment: TcpSegment, notBeforeMs: number): { packet: Packet; arrivalMs: number | undefined } {
    const kind = segment.isFin ? 'fin' : 'ack'
    const packet: Packet = {
      header: { kind, source: this.local, destination: this.remote },
      bytes: 0,
      segment,
      notBeforeMs,
      onLost: () => this.#send.onLost(segment),
    }
    return { packet, arrivalMs: this.#host.transmit(packet) }
  }

  #flushed(): void {
    const onFlushed = this.#onFlushed
    this.#onFlushed = undefined
    this.#events = {}
    onFlushed?.()
  }

  /** Everything arrived, or the remote closed. */
  #finish(): void {
    this.#stop()
    this.#host.forget(this)
  }

  #end(error: SocketError): void {
    if (this.#state === 'closed') {
      return
    }
    const { onClose } = this.#events
    this.#finish()
    onClose?.(error)
  }

  #stop(): void {
    this.#state = 'closed'
    this.#timer?.cancel()
    this.#send.stop()
    this.#events = {}
    this.#held = []
    if (this.#isDialler) {
      this.#isDialler = false
      this.#host.concluded(this, 'failed')
    }
  }
}
