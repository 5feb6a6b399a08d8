import type { Clock, Timer } from '../../system/clock.ts'
import type { NetworkStream } from '../../system/network.ts'
import { assert } from '../../util/assert.ts'
import { FrameChannel } from '../../util/frame-channel.ts'
import { ProtocolViolation } from '../../util/protocol-violation.ts'
import { closeChannel } from './close-channel.ts'
import { MailboxError, MailboxViolation } from './errors.ts'
import { type Answer, decodeAnswer, encodeRequest, type Request } from './messages.ts'
import {
  CLIENT_IDLE_MS,
  FRAME_MAX_BYTES,
  OUTSTANDING_MAX_REQUESTS,
  QUEUED_MAX_BYTES,
  REQUEST_TIMEOUT_MS,
} from './protocol.ts'

const REQUEST_ID_COUNT = 2 ** 32

interface Outstanding {
  readonly kind: 'putRecord' | 'getRecord'
  readonly timer: Timer
  resolve(answer: Answer): void
  reject(error: MailboxError): void
}

/** One stream to a custodian, as the asking side has it: requests by id, answers in any order. */
export class ClientStream {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #channel: FrameChannel
  readonly #outstanding = new Map<number, Outstanding>()
  readonly #onEnd: (error: MailboxError) => void
  #lastId = 0
  #idle: Timer | undefined
  #end: MailboxError | undefined

  /** `onEnd` is called once, when nothing can be asked over this stream any more. */
  constructor(clock: Pick<Clock, 'schedule'>, stream: NetworkStream, onEnd: (error: MailboxError) => void) {
    this.#clock = clock
    this.#onEnd = onEnd
    this.#channel = new FrameChannel(stream, { maxFrameBytes: FRAME_MAX_BYTES, maxQueuedBytes: QUEUED_MAX_BYTES })
    this.#channel
      .run((frame) => this.#receive(frame))
      .then(
        () => this.#close(new MailboxError('broken', 'the peer closed the stream')),
        (error: unknown) => this.abort(failureFor(error)),
      )
    this.#watchIdle()
  }

  get outstanding(): number {
    return this.#outstanding.size
  }

  /**
   * Sends a request and resolves with its answer, of a kind that fits it. A peer that does not answer in time is treated
   * as gone: the stream is broken.
   *
   * @throws MailboxError
   */
  request(verb: Omit<Request, 'id'>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end)
        return
      }
      if (this.#outstanding.size >= OUTSTANDING_MAX_REQUESTS) {
        reject(new MailboxError('busy', 'too many requests to this peer wait for an answer'))
        return
      }
      const id = this.#freeId()
      const timer = this.#clock.schedule(REQUEST_TIMEOUT_MS, () => this.#timeOut(id))
      const kind = verb.putRecord === undefined ? 'getRecord' : 'putRecord'
      this.#outstanding.set(id, { kind, timer, resolve, reject })
      this.#watchIdle()
      if (!this.#channel.send(encodeRequest({ ...verb, id }))) {
        this.abort(new MailboxError('broken', 'the peer does not read its requests'))
      }
    })
  }

  /** Breaks the stream; everything outstanding fails with `error`. */
  abort(error: MailboxError): void {
    this.#finish(error)
    this.#channel.abort(error)
  }

  async #close(reason: MailboxError): Promise<void> {
    this.#finish(reason)
    await closeChannel(this.#clock, this.#channel)
  }

  #receive(frame: Uint8Array): undefined {
    const answer = decodeAnswer(frame)
    const request = this.#outstanding.get(answer.id)
    if (request === undefined || !fits(answer, request.kind)) {
      throw new MailboxViolation('unexpected-answer', 'an answer that fits no outstanding request')
    }
    this.#outstanding.delete(answer.id)
    request.timer.cancel()
    request.resolve(answer)
    this.#watchIdle()
  }

  #timeOut(id: number): void {
    this.#outstanding.get(id)?.reject(new MailboxError('timeout', 'the peer did not answer in time'))
    this.#outstanding.delete(id)
    this.abort(new MailboxError('broken', 'the peer left a request unanswered'))
  }

  #finish(error: MailboxError): void {
    if (this.#end !== undefined) {
      return
    }
    this.#end = error
    this.#idle?.cancel()
    for (const request of this.#outstanding.values()) {
      request.timer.cancel()
      request.reject(error)
    }
    this.#outstanding.clear()
    this.#onEnd(error)
  }

  #watchIdle(): void {
    this.#idle?.cancel()
    if (this.#outstanding.size === 0 && this.#end === undefined) {
      this.#idle = this.#clock.schedule(CLIENT_IDLE_MS, () => {
        void this.#close(new MailboxError('broken', 'the stream was idle'))
      })
    }
  }

  /** Ids wrap around after 2^32 requests, so one may still wait. */
  #freeId(): number {
    for (let tries = 0; tries <= OUTSTANDING_MAX_REQUESTS; tries++) {
      this.#lastId = (this.#lastId + 1) % REQUEST_ID_COUNT
      if (!this.#outstanding.has(this.#lastId)) {
        return this.#lastId
      }
    }
    assert(false, 'fewer requests wait than there are ids')
  }
}

function fits(answer: Answer, kind: Outstanding['kind']): boolean {
  return answer.refused !== undefined || (answer.stored !== undefined) === (kind === 'putRecord')
}

function failureFor(error: unknown): MailboxError {
  return error instanceof ProtocolViolation
    ? new MailboxError('violation', error.message, { cause: error })
    : new MailboxError('broken', 'the stream to the peer broke', { cause: error })
}
