import { verifyForMailbox } from '../../identity/mailbox-key.ts'
import type { Clock, Timer } from '../../system/clock.ts'
import type { PeerIdText } from '../../system/network.ts'
import { assert } from '../../util/assert.ts'
import type { CollectionCounts } from './collection-counts.ts'
import { MailboxViolation } from './errors.ts'
import type { CollectedLetter } from './letter-keeper.ts'
import { LETTER_MAX_BYTES } from './letter-limits.ts'
import type { Collect, CollectionEnd } from './letter-messages.ts'
import type { Asker, LetterServing } from './letter-serving.ts'
import type { Answer } from './messages.ts'
import { CHALLENGE_BYTES, CHALLENGE_MAX_MS, COLLECT_WINDOW_BYTES, LETTER_FRAME_BYTES } from './protocol.ts'
import type { SignatureChecks } from './signature-checks.ts'
import { collectBytes } from './signed-bytes.ts'
import type { StreamWindow } from './stream-window.ts'

/** What all collections of a custodian share. */
export interface CollectionService {
  readonly clock: Pick<Clock, 'schedule'>
  readonly custodian: PeerIdText
  readonly serving: LetterServing
  readonly signatures: SignatureChecks
  readonly counts: CollectionCounts
}

/** The stream a collection belongs to. */
export interface CollectionStream {
  readonly asker: Asker
  readonly window: StreamWindow
  send(outcome: Omit<Answer, 'id'>): void
  fail(error: unknown): void
}

/** One COLLECT as the custodian has it: a challenge, its answer, then letters as fast as they are taken. */
export class ServedCollection {
  readonly #service: CollectionService
  readonly #stream: CollectionStream
  readonly #collect: Collect
  readonly #nonce: Uint8Array
  readonly #expiry: Timer
  readonly #resume = (): void => this.#pump()
  #state: 'challenged' | 'active' | 'ended' = 'challenged'
  #unwatch: (() => void) | undefined
  /** Bytes the collector has room for. */
  #credit: number = COLLECT_WINDOW_BYTES
  #after: number
  #reading = false
  /** There may be letters after `#after`. */
  #unread = true
  #caughtUp = false

  /** Sends the challenge, whether or not there is such a mailbox. */
  constructor(service: CollectionService, stream: CollectionStream, collect: Collect) {
    this.#service = service
    this.#stream = stream
    this.#collect = collect
    this.#after = collect.after
    this.#nonce = service.serving.random.bytes(CHALLENGE_BYTES)
    this.#expiry = service.clock.schedule(CHALLENGE_MAX_MS, () => this.#end('expired'))
    stream.send({ challenge: { nonce: this.#nonce } })
  }

  /** Whether it may still send something. */
  get ended(): boolean {
    return this.#state === 'ended'
  }

  /** @throws MailboxViolation when there was an answer before, or there are too many wrong ones */
  prove(signature: Uint8Array): void {
    if (this.#state === 'ended') {
      // It was on its way when the challenge expired.
      return
    }
    if (this.#state === 'active') {
      throw new MailboxViolation('unexpected-request', 'a challenge is answered twice')
    }
    this.#expiry.cancel()
    const { signatures, custodian, counts } = this.#service
    const { asker } = this.#stream
    const { mailboxKey, follow } = this.#collect
    const bytes = collectBytes({ nonce: this.#nonce, mailboxKey, collector: asker.peerId, custodian })
    const refusal = signatures.refusal(asker, 1, () => verifyForMailbox(mailboxKey, 'collect', bytes, signature))
    if (refusal !== undefined) {
      this.#refuse(refusal.refused === 'signature' ? 'signature' : 'rate-limited')
    } else if (counts.enter(asker.peerId, follow)) {
      this.#start()
    } else {
      this.#refuse('rate-limited')
    }
  }

  /** @throws MailboxViolation when more is granted than was sent */
  grant(bytes: number): void {
    if (bytes > COLLECT_WINDOW_BYTES - this.#credit) {
      throw new MailboxViolation('flow-control', 'more is granted than was sent')
    }
    this.#credit += bytes
    this.#stream.window.release(bytes)
    this.#pump()
  }

  /** The collector wants no more; whoever calls this forgets the collection. */
  stop(): void {
    this.#end('stopped')
    this.#stream.window.release(COLLECT_WINDOW_BYTES - this.#credit)
  }

  /** The stream is gone. */
  drop(): void {
    this.#leave()
  }

  #start(): void {
    const { mailboxKey, follow } = this.#collect
    this.#state = 'active'
    if (follow) {
      // Before the first look, so that no letter falls between the two.
      this.#unwatch = this.#service.serving.keeper.watch(mailboxKey, () => {
        this.#unread = true
        this.#pump()
      })
    }
    this.#pump()
  }

  /** Reads on if there is something to read and room for any letter. */
  #pump(): void {
    if (this.#state !== 'active' || this.#reading || !this.#unread) {
      return
    }
    const { window } = this.#stream
    const budget = Math.min(this.#credit, window.freeBytes)
    if (budget < LETTER_MAX_BYTES + LETTER_FRAME_BYTES) {
      window.wait(this.#resume)
      return
    }
    window.take(budget)
    this.#reading = true
    this.#unread = false
    const { keeper } = this.#service.serving
    keeper
      .letters(this.#collect.mailboxKey, this.#after, budget - LETTER_FRAME_BYTES)
      .then((letters) => this.#read(letters, budget))
      .catch((error: unknown) => this.#stream.fail(error))
  }

  #read(letters: readonly CollectedLetter[], budget: number): void {
    this.#reading = false
    this.#unread ||= letters.length > 0
    this.#stream.window.release(budget - this.#sendWithin(letters, budget))
    if (letters.length === 0) {
      this.#catchUp()
    }
    this.#pump()
  }

  /** Sends what fits into `budget`; the bytes used. */
  #sendWithin(letters: readonly CollectedLetter[], budget: number): number {
    let used = 0
    for (const letter of letters) {
      const cost = letter.letter.length + LETTER_FRAME_BYTES
      if (this.#state === 'ended' || used + cost > budget) {
        break
      }
      assert(letter.arrival > this.#after, 'letters come in the order of their arrival')
      this.#after = letter.arrival
      this.#stream.send({ letter })
      used += cost
    }
    this.#credit -= used
    return used
  }

  #catchUp(): void {
    if (this.#state === 'active' && !this.#caughtUp) {
      this.#caughtUp = true
      this.#stream.send({ collected: {} })
      if (!this.#collect.follow) {
        this.#end('done')
      }
    }
  }

  #refuse(reason: 'signature' | 'rate-limited'): void {
    this.#service.serving.onRefused?.(this.#stream.asker.peerId, reason)
    this.#end(reason)
  }

  #end(reason: CollectionEnd): void {
    if (this.#state !== 'ended') {
      this.#leave()
      this.#stream.send({ ended: { reason } })
    }
  }

  #leave(): void {
    if (this.#state === 'active') {
      this.#service.counts.leave(this.#stream.asker.peerId, this.#collect.follow)
    }
    this.#state = 'ended'
    this.#expiry.cancel()
    this.#unwatch?.()
    this.#stream.window.leave(this.#resume)
  }
}
