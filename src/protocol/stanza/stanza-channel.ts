import type { Clock, Timer } from '../../system/clock.ts'
import type { NetworkStream, Path, PeerIdText } from '../../system/network.ts'
import { FrameChannel } from '../../util/frame-channel.ts'
import type { Element } from '../../xml/element.ts'
import { parseElement } from '../../xml/parser.ts'
import { serialize } from '../../xml/serializer.ts'
import { DEFAULT_XML_LIMITS, type XmlLimits } from '../../xml/xml-limits.ts'
import type { StreamError } from '../../xmpp/stream-error.ts'
import { decodeFrame, type StreamFrame } from './messages.ts'
import { CLOSE_TIMEOUT_MS, MAX_FRAME_BYTES, MAX_QUEUED_BYTES } from './protocol.ts'

/** More elements than a client may send (8,192), as nodes add some; so many are 25 ms of work. */
const XML_LIMITS: XmlLimits = { ...DEFAULT_XML_LIMITS, maxBytes: MAX_FRAME_BYTES, maxElements: 9_216 }

const encoder = new TextEncoder()

/** An element as a frame. @throws XmlError for what XML cannot carry */
export function encodeElement(element: Element): Uint8Array {
  return encoder.encode(serialize(element))
}

/** Frames of a stanza stream over one network stream. */
export class StanzaChannel {
  readonly peerId: PeerIdText
  readonly path: Path
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #frames: FrameChannel
  #ended = false
  #closeTimer: Timer | undefined

  constructor(stream: NetworkStream, clock: Pick<Clock, 'schedule'>) {
    this.peerId = stream.peerId
    this.path = stream.path
    this.#clock = clock
    this.#frames = new FrameChannel(stream, { maxFrameBytes: MAX_FRAME_BYTES, maxQueuedBytes: MAX_QUEUED_BYTES })
  }

  /** Nothing is sent any more and whatever comes is thrown away. */
  get isEnded(): boolean {
    return this.#ended
  }

  /** False if the other side reads too slowly. */
  send(frame: Element): boolean {
    return this.sendBytes(encodeElement(frame))
  }

  /** The same with a frame that is serialized already. */
  sendBytes(frame: Uint8Array): boolean {
    return this.#frames.send(frame)
  }

  /**
   * Reads until the other side ends its half; after `end` whatever comes is thrown away.
   *
   * @throws ProtocolViolation, XmlError, StreamError for what the other side did; what the stream breaks with
   */
  run(onFrame: (frame: StreamFrame, bytes: number) => void | Promise<void>): Promise<void> {
    return this.#frames.run((bytes) =>
      this.#ended ? undefined : onFrame(decodeFrame(parseElement(bytes, XML_LIMITS)), bytes.length),
    )
  }

  /** Writes a last frame, if there is one, and closes; breaks the stream if that takes too long. */
  end(error?: StreamError): void {
    if (this.#ended) {
      return
    }
    this.#ended = true
    if (error !== undefined) {
      this.send(error.toElement())
    }
    this.#closeTimer = this.#clock.schedule(CLOSE_TIMEOUT_MS, () =>
      this.#frames.abort(new Error('the stream did not close in time')),
    )
    this.#frames.close().then(
      () => this.#closeTimer?.cancel(),
      (reason: Error) => this.abort(reason),
    )
  }

  /** Breaks the stream at once. */
  abort(reason: Error): void {
    this.#ended = true
    this.#closeTimer?.cancel()
    this.#frames.abort(reason)
  }
}
