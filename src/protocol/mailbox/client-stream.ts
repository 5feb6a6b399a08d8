import type { MailboxKey } from '../../identity/mailbox-key.ts'
import type { Clock, Timer } from '../../system/clock.ts'
import type { NetworkStream, PeerIdText } from '../../system/network.ts'
import { assert } from '../../util/assert.ts'
import { FrameChannel } from '../../util/frame-channel.ts'
import { ProtocolViolation } from '../../util/protocol-violation.ts'
import { closeChannel } from './close-channel.ts'
import { Collection, type CollectOptions } from './collection.ts'
import { MailboxError, MailboxViolation } from './errors.ts'
import { type Answer, decodeAnswer, encodeRequest, type Verb } from './messages.ts'
import {
  CLIENT_IDLE_MS,
  COLLECTIONS_MAX_PER_STREAM,
  FRAME_MAX_BYTES,
  OUTSTANDING_MAX_REQUESTS,
  QUEUED_MAX_BYTES,
  REQUEST_TIMEOUT_MS,
} from './protocol.ts'
import { fits, verbOf } from './request-costs.ts'
import { RequestQueue, type WaitingRequest } from './request-queue.ts'

const REQUEST_ID_COUNT = 2 ** 32

interface Outstanding {
  readonly request: WaitingRequest
  readonly timer: Timer
}

/** One stream to a custodian, as the asking side has it: requests by id, answers in any order. */
export class ClientStream {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #peers: { readonly collector: PeerIdText; readonly custodian: PeerIdText }
  readonly #channel: FrameChannel
  readonly #queue = new RequestQueue()
  readonly #outstanding = new Map<number, Outstanding>()
  readonly #collections = new Map<number, Collection>()
  readonly #onEnd: (error: MailboxError) => void
  #lastId = 0
  #idle: Timer | undefined
  #end: MailboxError | undefined

  /** `onEnd` is called once, when nothing can be asked over this stream any more. `self`: this node. */
  constructor(
    clock: Pick<Clock, 'schedule'>,
    stream: NetworkStream,
    { self, onEnd }: { readonly self: PeerIdText; readonly onEnd: (error: MailboxError) => void },
  ) {
    this.#clock = clock
    this.#peers = { collector: self, custodian: stream.peerId }
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
   * Sends a request, when there is room, and resolves with its answer, of a kind that fits it. A peer that does not
   * answer in time is treated as gone: the stream is broken.
   *
   * @throws MailboxError
   */
  request(verb: Verb): Promise<Answer> {
    const kind = verbOf(verb)
    assert(kind !== undefined, 'collections are begun by `collect`')
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end)
      } else if (this.#queue.push({ verb, kind, resolve, reject })) {
        this.#sendWaiting()
      } else {
        reject(new MailboxError('busy', 'too many requests to this peer wait for an answer'))
      }
    })
  }

  /** Begins a collection. @throws MailboxError */
  collect(mailboxKey: MailboxKey, options: CollectOptions): Collection {
    if (this.#end !== undefined) {
      throw this.#end
    }
    if (this.#collections.size >= COLLECTIONS_MAX_PER_STREAM) {
      throw new MailboxError('busy', 'too many collections from this peer')
    }
    const id = this.#freeId()
    const owner = {
      clock: this.#clock,
      ...this.#peers,
      send: (verb: Verb) => this.#send(id, verb),
      holdsLetters: () => [...this.#collections.values()].some((collection) => collection.holdsLetters),
      abort: (error: MailboxError) => this.abort(error),
      forget: () => {
        this.#collections.delete(id)
        this.#watchIdle()
      },
    }
    const collection = new Collection(owner, mailboxKey, options)
    // Sending the question may have been one frame too many for a peer that does not read.
    if (this.#end !== undefined) {
      collection.fail(this.#end)
      throw this.#end
    }
    this.#collections.set(id, collection)
    this.#watchIdle()
    return collection
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

  #sendWaiting(): void {
    for (let request = this.#queue.next(); request !== undefined; request = this.#queue.next()) {
      const id = this.#freeId()
      const timer = this.#clock.schedule(REQUEST_TIMEOUT_MS, () => this.#timeOut(id))
      this.#outstanding.set(id, { request, timer })
      this.#send(id, request.verb)
    }
    this.#watchIdle()
  }

  #send(id: number, verb: Verb): void {
    if (this.#end === undefined && !this.#channel.send(encodeRequest({ ...verb, id }))) {
      this.abort(new MailboxError('broken', 'the peer does not read its requests'))
    }
  }

  #receive(frame: Uint8Array): undefined {
    const answer = decodeAnswer(frame)
    const collection = this.#collections.get(answer.id)
    if (collection !== undefined) {
      collection.receive(answer)
      return
    }
    const outstanding = this.#outstanding.get(answer.id)
    if (outstanding === undefined || !fits(answer, outstanding.request.kind)) {
      throw new MailboxViolation('unexpected-answer', 'an answer that fits no outstanding request')
    }
    this.#outstanding.delete(answer.id)
    outstanding.timer.cancel()
    this.#queue.answered(outstanding.request)
    outstanding.request.resolve(answer)
    this.#sendWaiting()
  }

  #timeOut(id: number): void {
    this.#outstanding.get(id)?.request.reject(new MailboxError('timeout', 'the peer did not answer in time'))
    this.#outstanding.delete(id)
    this.abort(new MailboxError('broken', 'the peer left a request unanswered'))
  }

  #finish(error: MailboxError): void {
    if (this.#end !== undefined) {
      return
    }
    this.#end = error
    this.#idle?.cancel()
    for (const { request, timer } of this.#outstanding.values()) {
      timer.cancel()
      request.reject(error)
    }
    this.#outstanding.clear()
    this.#queue.fail(error)
    for (const collection of this.#collections.values()) {
      collection.fail(error)
    }
    this.#collections.clear()
    this.#onEnd(error)
  }

  #watchIdle(): void {
    this.#idle?.cancel()
    if (this.#outstanding.size === 0 && this.#collections.size === 0 && this.#end === undefined) {
      this.#idle = this.#clock.schedule(CLIENT_IDLE_MS, () => {
        void this.#close(new MailboxError('broken', 'the stream was idle'))
      })
    }
  }

  /** Ids wrap around after 2^32 requests, so one may still wait. */
  #freeId(): number {
    for (let tries = 0; tries <= OUTSTANDING_MAX_REQUESTS + COLLECTIONS_MAX_PER_STREAM; tries++) {
      this.#lastId = (this.#lastId + 1) % REQUEST_ID_COUNT
      if (!this.#outstanding.has(this.#lastId) && !this.#collections.has(this.#lastId)) {
        return this.#lastId
      }
    }
    assert(false, 'fewer requests wait than there are ids')
  }
}

function failureFor(error: unknown): MailboxError {
  return error instanceof ProtocolViolation
    ? new MailboxError('violation', error.message, { cause: error })
    : new MailboxError('broken', 'the stream to the peer broke', { cause: error })
}
