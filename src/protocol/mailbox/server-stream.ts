import type { Clock, Timer } from '../../system/clock.ts'
import type { NetworkStream } from '../../system/network.ts'
import { FrameChannel } from '../../util/frame-channel.ts'
import { closeChannel } from './close-channel.ts'
import { MailboxViolation } from './errors.ts'
import { type Answer, decodeRequest, encodeAnswer, type Request } from './messages.ts'
import { FRAME_MAX_BYTES, OUTSTANDING_MAX_REQUESTS, QUEUED_MAX_BYTES, SERVER_IDLE_MS } from './protocol.ts'

/** One stream from a peer, as the answering side has it. */
export class ServerStream {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #channel: FrameChannel
  readonly #answer: (request: Request) => Promise<Answer>
  readonly #outstanding = new Map<number, Promise<void>>()
  #idle: Timer | undefined
  #failure: Error | undefined

  /** `answer` gives the answer to each request; when it rejects the stream is broken. */
  constructor(clock: Pick<Clock, 'schedule'>, stream: NetworkStream, answer: (request: Request) => Promise<Answer>) {
    this.#clock = clock
    this.#answer = answer
    this.#channel = new FrameChannel(stream, { maxFrameBytes: FRAME_MAX_BYTES, maxQueuedBytes: QUEUED_MAX_BYTES })
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
      this.abort(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#idle?.cancel()
    }
    if (this.#failure !== undefined) {
      throw this.#failure
    }
  }

  abort(reason: Error): void {
    this.#failure ??= reason
    this.#channel.abort(reason)
  }

  #receive(frame: Uint8Array): undefined {
    const request = decodeRequest(frame)
    if (this.#outstanding.has(request.id)) {
      throw new MailboxViolation('repeated-request', 'a request id is used twice at once')
    }
    if (this.#outstanding.size >= OUTSTANDING_MAX_REQUESTS) {
      throw new MailboxViolation('too-many-requests', 'too many requests wait for an answer')
    }
    this.#watchIdle()
    const answered = this.#answer(request).then(
      (answer) => this.#send(answer),
      (error: unknown) => this.abort(error instanceof Error ? error : new Error(String(error))),
    )
    this.#outstanding.set(request.id, answered)
  }

  #send(answer: Answer): void {
    this.#outstanding.delete(answer.id)
    if (this.#failure === undefined && !this.#channel.send(encodeAnswer(answer))) {
      this.abort(new MailboxViolation('slow-reader', 'the peer does not read its answers'))
    }
  }

  #watchIdle(): void {
    this.#idle?.cancel()
    this.#idle = this.#clock.schedule(SERVER_IDLE_MS, () => {
      void closeChannel(this.#clock, this.#channel)
    })
  }
}
