import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { LetterKeeper } from '../protocol/mailbox/letter-keeper.ts'
import type { DepositRefusal } from '../protocol/mailbox/letter-limits.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Network } from '../system/network.ts'
import type { Random } from '../system/random.ts'
import { assert } from '../util/assert.ts'
import { Gate } from '../util/gate.ts'
import { CustodianCalls } from './custodian-calls.ts'
import type { DepositItem, DepositService } from './deposit-item.ts'
import { DEPOSITS_AT_ONCE_MAX, DepositQueue } from './deposit-queue.ts'
import type { Directory } from './directory.ts'
import { LetterCustodians } from './letter-custodians.ts'
import type { LetterKeys } from './letter-keys.ts'
import { type DepositTold, OutgoingLetter, type OutgoingLetterHandlers } from './outgoing-letter.ts'
import { ProofWork } from './proof-work.ts'

/** Messages that go by letter at a time: 50 MB of short ones. *ours* */
const DEPOSITS_MAX = 50_000
/** Letters sealed at a time: at 0.7 ms each those of one commit hold up the event loop for 6 ms. *ours* */
const SEALED_AT_ONCE_MAX = 8
/** Sealed letters kept between rounds that gave some receipts; above it such messages are sealed anew. *ours* */
const SEALED_RESTING_MAX_BYTES: number = 16 * 1024 * 1024

export interface DepositsComponents {
  readonly clock: Clock
  readonly random: Random
  readonly network: Pick<Network, 'peerId' | 'addresses' | 'closestPeers'>
  readonly mailbox: Pick<MailboxClient, 'deposit' | 'collect' | 'acknowledge'>
  readonly keys: Pick<LetterKeys, 'seal'>
  readonly directory: Pick<Directory, 'lookup' | 'ownRecord'>
  readonly logger: Logger
  /** This node's own, if it keeps letters: then it is a custodian like others. */
  readonly keeper?: LetterKeeper | undefined
  /** Messages that go by letter at a time. @default 50,000 */
  readonly maxLetters?: number
}

export interface DepositsHandlers {
  /** Enough custodians have it, of so many. Once a message. */
  stored(position: number, receipts: number, of: number): void
  /** The number changed after that. */
  receipts(position: number, receipts: number, of: number): void
  /** Given up; nothing follows. */
  failed(position: number, reason: 'expired' | 'too-large'): void
  /** Nobody takes it for now, mostly for this reason; it is tried again. */
  refused(position: number, reason: DepositRefusal): void
  /** There were too many for this one, and now there is room: it may be started again. */
  room(position: number): void
}

/** The sender's side of letters: deposits messages with the custodians of their recipients until they are acknowledged. */
export class Deposits {
  readonly #service: DepositService
  readonly #handlers: DepositsHandlers
  readonly #maxLetters: number
  readonly #letters = new Map<number, OutgoingLetter>()
  /** Those for which there was no room, in order. */
  readonly #turnedAway = new Set<number>()
  readonly #queue = new DepositQueue()
  readonly #running = new Set<Promise<void>>()
  readonly #resting = new Map<OutgoingLetter, number>()
  #restingBytes = 0
  #pumping = false
  #closed = false

  constructor(components: DepositsComponents, handlers: DepositsHandlers) {
    const { clock, random, network, mailbox, keys, directory, logger, keeper } = components
    this.#handlers = handlers
    this.#maxLetters = components.maxLetters ?? DEPOSITS_MAX
    this.#service = {
      clock,
      random,
      logger: logger.child('deposits'),
      keys,
      directory,
      calls: new CustodianCalls(network.peerId, mailbox, keeper),
      custodians: new LetterCustodians({ clock, network }, keeper !== undefined),
      work: new ProofWork(clock),
      sealing: new Gate({ maxInside: SEALED_AT_ONCE_MAX, maxWaiting: DEPOSITS_AT_ONCE_MAX }),
    }
  }

  /** Messages that go by letter. */
  get size(): number {
    return this.#letters.size
  }

  /** Messages that are sealed, looked up for or deposited right now. */
  get active(): number {
    return this.#queue.active
  }

  /** Deposits a message until `stop`, now or when there is room. */
  start(item: DepositItem): void {
    if (this.#closed || this.#letters.has(item.position)) {
      return
    }
    if (this.#letters.size >= this.#maxLetters) {
      if (this.#turnedAway.size === 0) {
        this.#service.logger.warn('too many messages go by letter; further ones wait', { messages: this.#letters.size })
      }
      this.#turnedAway.add(item.position)
      return
    }
    const letter = new OutgoingLetter(this.#service, item, this.#letterHandlers())
    this.#letters.set(item.position, letter)
    letter.start()
  }

  /** The message is acknowledged or withdrawn. */
  stop(position: number): void {
    this.#turnedAway.delete(position)
    this.#letters.get(position)?.stop()
  }

  /** What failed is tried again now. */
  networkChanged(): void {
    this.#service.custodians.networkChanged()
    this.#queue.release()
    for (const letter of [...this.#letters.values()]) {
      letter.networkChanged()
    }
    this.#pump()
  }

  /** There is a new record or new keys of a recipient (bare JID): what failed for lack of them is tried again. */
  recipientChanged(recipient: string): void {
    this.#queue.release(recipient)
    for (const letter of [...this.#letters.values()]) {
      if (letter.item.recipient === recipient) {
        letter.networkChanged()
      }
    }
    this.#pump()
  }

  /** Receipts of a message's present letter; `undefined`: none are known of since the start. */
  receiptsOf(position: number): { readonly receipts: number; readonly of: number } | undefined {
    return this.#letters.get(position)?.receipts
  }

  /** Ends everything and waits for it. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    const reason = new Error('the node is stopping')
    for (const letter of this.#letters.values()) {
      letter.abandon(reason)
    }
    this.#letters.clear()
    this.#turnedAway.clear()
    this.#resting.clear()
    this.#queue.clear()
    await this.#service.custodians.stop()
    await Promise.allSettled([...this.#running])
  }

  #letterHandlers(): OutgoingLetterHandlers {
    return {
      ready: (letter) => {
        this.#queue.add(letter)
        this.#pump()
      },
      changed: (letter) => this.#changed(letter),
      told: (letter, effect) => this.#tell(letter.item.position, effect),
      running: (task) => {
        this.#running.add(task)
        void task.finally(() => this.#running.delete(task))
      },
    }
  }

  #tell(position: number, effect: DepositTold): void {
    switch (effect.type) {
      case 'stored':
        this.#handlers.stored(position, effect.receipts, effect.of)
        return
      case 'receipts':
        this.#handlers.receipts(position, effect.receipts, effect.of)
        return
      case 'refused':
        this.#handlers.refused(position, effect.reason)
        return
      case 'failed':
        this.#handlers.failed(position, effect.reason)
        return
    }
  }

  #changed(letter: OutgoingLetter): void {
    if (this.#closed) {
      return
    }
    this.#queue.update(letter)
    if (letter.ended && this.#letters.get(letter.item.position) === letter) {
      this.#letters.delete(letter.item.position)
    }
    this.#keepSealed(letter)
    this.#giveRoom()
    this.#pump()
  }

  #giveRoom(): void {
    for (const position of this.#turnedAway) {
      if (this.#letters.size >= this.#maxLetters) {
        return
      }
      this.#turnedAway.delete(position)
      this.#handlers.room(position)
    }
  }

  /** A letter that some custodians have should stay the same for the others; one that nobody has need not be kept. */
  #keepSealed(letter: OutgoingLetter): void {
    this.#restingBytes -= this.#resting.get(letter) ?? 0
    this.#resting.delete(letter)
    const use = letter.sealedUse
    if (use === 'needed' || letter.sealedBytes === 0) {
      return
    }
    if (use === 'useful' && this.#restingBytes + letter.sealedBytes <= SEALED_RESTING_MAX_BYTES) {
      this.#resting.set(letter, letter.sealedBytes)
      this.#restingBytes += letter.sealedBytes
    } else {
      letter.dropSealed()
    }
  }

  #pump(): void {
    if (this.#pumping) {
      return
    }
    this.#pumping = true
    for (let letter = this.#queue.next(); letter !== undefined; letter = this.#queue.next()) {
      assert(letter.waiting, 'only letters that wait are in the queue')
      letter.run()
    }
    this.#pumping = false
  }
}
