import type { MailboxError } from './errors.ts'
import type { Answer, Verb } from './messages.ts'
import { ANSWERS_MAX_BYTES, OUTSTANDING_MAX_BYTES, OUTSTANDING_MAX_REQUESTS, WAITING_MAX_REQUESTS } from './protocol.ts'
import { type AskedVerb, answerMaxBytes } from './request-costs.ts'

/** A request and whoever waits for its answer. */
export interface WaitingRequest {
  readonly verb: Verb
  readonly kind: AskedVerb
  resolve(answer: Answer): void
  reject(error: MailboxError): void
}

/** What a request takes beside the letter or record in it. */
const REQUEST_FRAME_BYTES = 256
const TOMBSTONE_BYTES = 120
const ID_BYTES = 34

/** Requests of one stream in the order of their coming, let out so that neither side's queue overflows. */
export class RequestQueue {
  /** At most WAITING_MAX_REQUESTS. */
  #waiting: WaitingRequest[] = []
  /** Requests before this index are gone. */
  #head = 0
  #requests = 0
  #requestBytes = 0
  #answerBytes = 0

  /** False: too many wait. */
  push(request: WaitingRequest): boolean {
    if (this.#waiting.length - this.#head >= WAITING_MAX_REQUESTS) {
      return false
    }
    this.#waiting.push(request)
    return true
  }

  /** The next request that may be sent now; it counts until `answered`. */
  next(): WaitingRequest | undefined {
    const request = this.#waiting[this.#head]
    if (request === undefined || !this.#hasRoomFor(request)) {
      return undefined
    }
    this.#head++
    // Moving the rest only when half of the array is used up keeps the cost of each request constant.
    if (this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    this.#count(request, 1)
    return request
  }

  answered(request: WaitingRequest): void {
    this.#count(request, -1)
  }

  /** All that wait are rejected. */
  fail(error: MailboxError): void {
    for (const request of this.#waiting.slice(this.#head)) {
      request.reject(error)
    }
    this.#waiting = []
    this.#head = 0
  }

  #hasRoomFor(request: WaitingRequest): boolean {
    return (
      this.#requests < OUTSTANDING_MAX_REQUESTS &&
      this.#requestBytes + requestBytes(request.verb) <= OUTSTANDING_MAX_BYTES &&
      this.#answerBytes + answerMaxBytes(request.kind) <= ANSWERS_MAX_BYTES
    )
  }

  #count(request: WaitingRequest, sign: 1 | -1): void {
    this.#requests += sign
    this.#requestBytes += sign * requestBytes(request.verb)
    this.#answerBytes += sign * answerMaxBytes(request.kind)
  }
}

/** About what its frame has. */
function requestBytes({ putRecord, deposit, replicate, acknowledge, exchange }: Verb): number {
  const content =
    putRecord?.record.length ??
    deposit?.letter.length ??
    replicate?.letter.length ??
    (acknowledge === undefined ? undefined : acknowledge.tombstones.length * TOMBSTONE_BYTES) ??
    (exchange === undefined ? 0 : (exchange.letters.length + exchange.tombstones.length) * ID_BYTES)
  return REQUEST_FRAME_BYTES + content
}
