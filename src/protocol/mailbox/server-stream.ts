import type { Clock, Timer } from '../../system/clock.ts'
import type { NetworkStream } from '../../system/network.ts'
import { FrameChannel } from '../../util/frame-channel.ts'
import { closeChannel } from './close-channel.ts'
import { MailboxViolation } from './errors.ts'
import type { Asker } from './letter-serving.ts'
import { type Answer, decodeRequest, encodeAnswer, type Request } from './messages.ts'
import {
  FRAME_MAX_BYTES,
  OUTSTANDING_MAX_BYTES,
  OUTSTANDING_MAX_REQUESTS,
  QUEUED_MAX_BYTES,
  SERVER_IDLE_MS,
} from './protocol.ts'
import type { CollectionService } from './served-collection.ts'
import { StreamCollections } from './stream-collections.ts'

/** Where the answers come from. */
export interface Answering {
  /** The answer to each request that is not part of a collection; when it rejects the stream is broken. */
  readonly answer: (request: Request, asker: Asker) => Promise<Answer>
  /** `undefined`: this node keeps no letters. */
  readonly collections: CollectionService | undefined
}

/** One stream from a peer, as the answering side has it. */
export class ServerStream {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #channel: FrameChannel
  readonly #answering: Answering
  readonly #asker: Asker
  readonly #collections: StreamCollections
  readonly #outstanding = new Map<number, Promise<void>>()
  #outstandingBytes = 0
  #readOn: (() => void) | undefined
  #idle: Timer | undefined
  #failure: Error | undefined

  constructor(clock: Pick<Clock, 'schedule'>, stream: NetworkStream, answering: Answering) {
    this.#clock = clock
    this.#answering = answering
    this.#asker = { peerId: stream.peerId, wrongSignatures: 0 }
    this.#channel = new FrameChannel(stream, { maxFrameBytes: FRAME_MAX_BYTES, maxQueuedBytes: QUEUED_MAX_BYTES })
    this.#collections = new StreamCollections(answering.collections, this.#asker, {
      send: (answer) => this.#send(answer),
      fail: (error) => this.#fail(error),
    })
  }

  /** Serves until the stream ends; rejects with what broke it, a `ProtocolViolation` if that was the peer's doing. */
  async run(): Promise<void> {
    this.#watchIdle()
    try {
      await this.#channel.run((frame) => this.#receive(frame))
      // The peer has nothing more to ask; what it asked is still answered.
      await Promise.all(this.#outstanding.values())
      await closeChannel(this.#clock, this.#channel)
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#collections.drop()
      this.#idle?.cancel()
    }
    if (this.#failure !== undefined) {
      throw this.#failure
    }
  }

  abort(reason: Error): void {
    this.#failure ??= reason
    this.#collections.drop()
    this.#readOn?.()
    this.#channel.abort(reason)
  }

  /** The promise, if there is one, keeps the channel from reading on. */
  #receive(frame: Uint8Array): Promise<void> | undefined {
    const request = decodeRequest(frame)
    const isNew = request.prove === undefined && request.grant === undefined && request.stop === undefined
    if (isNew && (this.#outstanding.has(request.id) || this.#collections.has(request.id))) {
      throw new MailboxViolation('repeated-request', 'a request id is used twice at once')
    }
    this.#watchIdle()
    if (this.#collections.receive(request)) {
      return undefined
    }
    if (this.#outstanding.size >= OUTSTANDING_MAX_REQUESTS) {
      throw new MailboxViolation('too-many-requests', 'too many requests wait for an answer')
    }
    this.#outstandingBytes += frame.length
    const answered = this.#answering.answer(request, this.#asker).then(
      (answer) => this.#answered(answer, frame.length),
      (error: unknown) => this.#fail(error),
    )
    this.#outstanding.set(request.id, answered)
    return this.#outstandingBytes < 2 * OUTSTANDING_MAX_BYTES ? undefined : this.#pause()
  }

  #answered(answer: Answer, requestBytes: number): void {
    this.#outstanding.delete(answer.id)
    this.#outstandingBytes -= requestBytes
    if (this.#outstandingBytes < 2 * OUTSTANDING_MAX_BYTES) {
      this.#readOn?.()
    }
    this.#send(answer)
  }

  #send(answer: Answer): void {
    if (this.#failure === undefined && !this.#channel.send(encodeAnswer(answer))) {
      this.abort(new MailboxViolation('slow-reader', 'the peer does not read its answers'))
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#readOn = resolve
    })
  }

  #fail(error: unknown): void {
    this.abort(error instanceof Error ? error : new Error(String(error)))
  }

  #watchIdle(): void {
    this.#idle?.cancel()
    this.#idle = this.#clock.schedule(SERVER_IDLE_MS, () => {
      if (this.#collections.active) {
        this.#watchIdle()
      } else {
        void closeChannel(this.#clock, this.#channel)
      }
    })
  }
}
