import { type MailboxKey, signForMailbox } from '../../identity/mailbox-key.ts'
import { letterId } from '../../sealing/letter-key.ts'
import type { Clock, Timer } from '../../system/clock.ts'
import type { PeerIdText } from '../../system/network.ts'
import { AsyncQueue } from '../../util/async-queue.ts'
import { MailboxError, MailboxViolation } from './errors.ts'
import type { CollectedLetter } from './letter-keeper.ts'
import type { CollectionEnd } from './letter-messages.ts'
import type { Answer, Verb } from './messages.ts'
import { COLLECT_PROGRESS_MS, COLLECT_WINDOW_BYTES, LETTER_FRAME_BYTES } from './protocol.ts'
import { collectBytes } from './signed-bytes.ts'

/** What comes of a collection, in this order: letters, one `collected`, and if it follows, letters again. */
export type Collected =
  | {
      readonly type: 'letter'
      /** SHA-256 of `letter`, computed here. */
      readonly letterId: Uint8Array
      readonly letter: Uint8Array
      /** By the custodian's clock, as it claims. */
      readonly depositedMs: number
      /** To collect from here on: `CollectOptions.after`, at this custodian only. */
      readonly arrival: number
    }
  /** Everything the custodian had has come. */
  | { readonly type: 'collected' }

export interface CollectOptions {
  /** Only letters that arrived at this custodian after that one. @default 0, all */
  readonly after?: number | undefined
  /** Goes on with letters as they come, until the signal aborts or the stream breaks. */
  readonly follow: boolean
}

/** The stream a collection belongs to. */
export interface CollectionOwner {
  readonly clock: Pick<Clock, 'schedule'>
  readonly collector: PeerIdText
  readonly custodian: PeerIdText
  send(verb: Verb): void
  /** Whether any collection of the stream has letters that nobody took yet, so that the custodian may have to wait. */
  holdsLetters(): boolean
  /** The custodian is as good as gone. */
  abort(error: MailboxError): void
  /** Both sides have ended it. */
  forget(): void
}

/** One COLLECT as the collector has it. */
export class Collection {
  readonly #owner: CollectionOwner
  readonly #mailboxKey: MailboxKey
  readonly #follow: boolean
  readonly #items = new AsyncQueue<Collected>({
    maxItems: COLLECT_WINDOW_BYTES / LETTER_FRAME_BYTES + 1,
    maxSize: COLLECT_WINDOW_BYTES,
    sizeOf: costOf,
  })
  #state: 'asked' | 'proving' | 'collected' | 'ended' = 'asked'
  #stopped = false
  /** Bytes of letters that have come and were not granted anew. */
  #heldBytes = 0
  #progress: Timer | undefined

  /** Asks for the challenge. */
  constructor(owner: CollectionOwner, mailboxKey: MailboxKey, { after = 0, follow }: CollectOptions) {
    this.#owner = owner
    this.#mailboxKey = mailboxKey
    this.#follow = follow
    owner.send({ collect: { mailboxKey: mailboxKey.publicKey, after, follow } })
    this.#watchProgress()
  }

  /** Whether letters have come that nobody took yet. */
  get holdsLetters(): boolean {
    return this.#heldBytes > 0 && !this.#stopped
  }

  /** What comes, once; a letter counts as taken when the next one is asked for. Rejects with the signal's reason. */
  async *items(signal: AbortSignal): AsyncGenerator<Collected, void, undefined> {
    const onAbort = (): void => this.#items.fail(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      for await (const item of this.#items) {
        yield item
        this.#taken(costOf(item))
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#stop()
    }
  }

  /** @throws MailboxViolation */
  receive({ challenge, letter, collected, ended }: Answer): void {
    const expected = challenge === undefined ? this.#state === 'proving' : this.#state === 'asked'
    if (ended !== undefined && this.#state !== 'ended') {
      this.#end(ended.reason)
    } else if (letter !== undefined && (expected || (this.#follow && this.#state === 'collected'))) {
      this.#receiveLetter(letter)
    } else if (challenge !== undefined && expected) {
      this.#prove(challenge.nonce)
    } else if (collected !== undefined && expected) {
      this.#state = 'collected'
      this.#items.push({ type: 'collected' })
      this.#watchProgress()
    } else {
      throw new MailboxViolation('unexpected-answer', 'it does not fit this moment of the collection')
    }
  }

  /** The stream is gone. */
  fail(error: MailboxError): void {
    this.#state = 'ended'
    this.#stopped = true
    this.#progress?.cancel()
    this.#items.fail(error)
  }

  #prove(nonce: Uint8Array): void {
    const { collector, custodian } = this.#owner
    const bytes = collectBytes({ nonce, mailboxKey: this.#mailboxKey.publicKey, collector, custodian })
    this.#state = 'proving'
    if (!this.#stopped) {
      this.#owner.send({ prove: { signature: signForMailbox(this.#mailboxKey, 'collect', bytes) } })
      this.#watchProgress()
    }
  }

  #receiveLetter({ arrival, depositedMs, letter }: CollectedLetter): void {
    if (this.#stopped) {
      return
    }
    const item: Collected = { type: 'letter', letterId: letterId(letter), letter, depositedMs, arrival }
    this.#heldBytes += costOf(item)
    if (this.#heldBytes > COLLECT_WINDOW_BYTES) {
      throw new MailboxViolation('flow-control', 'more letters than the window allows')
    }
    this.#items.push(item)
    this.#watchProgress()
  }

  #taken(bytes: number): void {
    if (bytes > 0 && this.#state !== 'ended') {
      this.#heldBytes -= bytes
      this.#owner.send({ grant: { bytes } })
      this.#watchProgress()
    }
  }

  #end(reason: CollectionEnd): void {
    const failure = failureFor(reason)
    const wasStopped = this.#stopped
    const wasCollected = this.#state === 'collected'
    this.#state = 'ended'
    this.#progress?.cancel()
    if (failure !== undefined || !wasCollected) {
      this.#items.fail(failure ?? new MailboxError('refused', 'the custodian ended a collection too early'))
    } else {
      this.#items.end()
    }
    if (wasStopped) {
      this.#owner.forget()
    }
  }

  /** Nobody takes letters any more. */
  #stop(): void {
    if (this.#stopped) {
      return
    }
    this.#stopped = true
    this.#progress?.cancel()
    this.#owner.send({ stop: {} })
    if (this.#state === 'ended') {
      this.#owner.forget()
    } else {
      // Even what is not wanted any more must end some time.
      this.#watchProgress()
    }
  }

  /** A custodian that could send something and does not is not waited for. */
  #watchProgress(): void {
    this.#progress?.cancel()
    const mayBeSilent = this.#state === 'collected' && this.#follow && !this.#stopped
    if (this.#state === 'ended' || mayBeSilent) {
      return
    }
    this.#progress = this.#owner.clock.schedule(COLLECT_PROGRESS_MS, () => {
      if (this.#owner.holdsLetters() && !this.#stopped) {
        this.#watchProgress()
      } else {
        this.#owner.abort(new MailboxError('timeout', 'the custodian does not go on with a collection'))
      }
    })
  }
}

function costOf(item: Collected): number {
  return item.type === 'letter' ? item.letter.length + LETTER_FRAME_BYTES : 0
}

/** `undefined`: as hoped for. */
function failureFor(reason: CollectionEnd): MailboxError | undefined {
  return reason === 'done' || reason === 'stopped'
    ? undefined
    : new MailboxError('refused', `the custodian does not let collect: ${reason}`)
}
