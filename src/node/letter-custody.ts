import type { DepositRates } from '../protocol/mailbox/deposit-rate.ts'
import type {
  CollectedLetter,
  DepositOutcome,
  DepositRequest,
  LetterKeeper,
  MailboxContents,
  Replica,
  Tombstone,
} from '../protocol/mailbox/letter-keeper.ts'
import { NODE_STORAGE_DEFAULT_BYTES, REPLICATION_INTERVAL_MS } from '../protocol/mailbox/letter-limits.ts'
import { initialQuotaState } from '../protocol/mailbox/quota-books.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { PeerIdText } from '../system/network.ts'
import { type Reader, type Store, StoreError } from '../system/store.ts'
import { toHex } from '../util/bytes.ts'
import type { CustodianPeers } from './custodian-peers.ts'
import { ExpirySweep } from './expiry-sweep.ts'
import { acknowledgeLetters, unknownTombstones } from './letter-acknowledgement.ts'
import { type Deposited, depositLetter, keptTimes } from './letter-deposit.ts'
import { LetterDigests } from './letter-digests.ts'
import { dropMailbox } from './letter-drop.ts'
import type { LetterEvent } from './letter-event.ts'
import { deleteExpiredLetters } from './letter-expiry.ts'
import { loadLetters } from './letter-load.ts'
import { credentialOf, findLetter, letterBytes, mailboxContents, mailboxLetters } from './letter-rows.ts'
import { LetterWatchers } from './letter-watchers.ts'
import { LetterWriter } from './letter-writer.ts'
import { lettersTable } from './tables/letters.ts'

/** After a full disk no letters are taken for so long: what becomes free is for this node's own messages first. *ours* */
const DISK_FULL_PAUSE_MS = 60_000

export interface LetterCustodyComponents {
  readonly clock: Clock
  readonly store: Store
  readonly custodians: Pick<CustodianPeers, 'includes'>
  readonly logger: Logger
}

export interface LetterCustodyInit {
  /** Bytes given to letters of others, counted with LETTER_OVERHEAD_BYTES each; 0: none. @default NODE_STORAGE_DEFAULT_BYTES */
  readonly storageBytes?: number
  /** The /24 or /48 of a connected peer (`networksOf`). @default not known: only peers are limited, not networks */
  readonly networkOf?: (peerId: PeerIdText) => string | undefined
  /** @default DEPOSIT_RATES */
  readonly rates?: DepositRates
}

/** What a node keeps for others. */
export interface LetterStatus {
  readonly letters: number
  /** Of letters, with LETTER_OVERHEAD_BYTES each. */
  readonly bytes: number
  /** Mailboxes with letters or tombstones. */
  readonly mailboxes: number
  readonly tombstones: number
  readonly limitBytes: number
}

/**
 * The letters this node keeps for others. A letter is on disk before it is answered for; an acknowledged one leaves a
 * tombstone, so that it does not come back from another custodian.
 */
export class LetterCustody implements LetterKeeper {
  readonly #components: LetterCustodyComponents
  readonly #networkOf: (peerId: PeerIdText) => string | undefined
  readonly #writer: LetterWriter
  readonly #digests = new LetterDigests()
  readonly #watchers = new LetterWatchers()
  readonly #expiry: ExpirySweep
  readonly #loaded = Promise.withResolvers<void>()
  #started: Promise<void> | undefined
  #lastArrival = 0
  #pausedUntilMs = Number.NEGATIVE_INFINITY

  constructor(components: LetterCustodyComponents, init: LetterCustodyInit = {}) {
    this.#components = components
    this.#networkOf = init.networkOf ?? (() => undefined)
    const quota = initialQuotaState(init.storageBytes ?? NODE_STORAGE_DEFAULT_BYTES, init.rates)
    this.#writer = new LetterWriter(components.store, quota, (mailbox) => this.#digests.forget(mailbox))
    this.#expiry = new ExpirySweep(components, {
      what: 'letters',
      deleteBatch: () => this.#writer.write((change) => deleteExpiredLetters(change, components.clock.wallMs())),
    })
  }

  /** Whether this node keeps letters for others at all. */
  get keepsStorage(): boolean {
    return this.#writer.quota.nodeMaxBytes > 0
  }

  /**
   * Counts what is on disk; until that is done deposits wait. Then deletes what has expired, every hour. Idempotent.
   *
   * @throws StoreError
   */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** Waits for the deletion under way. Idempotent. */
  async stop(): Promise<void> {
    await this.#started?.catch(() => undefined)
    await this.#expiry.stop()
  }

  status(): LetterStatus {
    const { letters, bytes, mailboxes, tombstones, nodeMaxBytes } = this.#writer.quota
    return { letters, bytes, mailboxes: mailboxes.size, tombstones, limitBytes: nodeMaxBytes }
  }

  /** Tells what happens to mailboxes, also at start what is there, until the returned function is called. */
  subscribe(listener: (event: LetterEvent) => void): () => void {
    return this.#writer.events.add(listener)
  }

  async deposit(request: DepositRequest): Promise<DepositOutcome> {
    await this.#loaded.promise
    try {
      if (this.#isPaused()) {
        return await this.#repeated(request)
      }
      const { outcome, isNew } = await this.#writer.write((change, events) => {
        const deposited = depositLetter(change, request, {
          nowMs: this.#components.clock.wallMs(),
          steadyMs: this.#components.clock.monotonicMs(),
          network: this.#networkOf(request.fromPeerId),
          arrival: this.#nextArrival(),
        })
        events.push(...eventsOf(deposited, request))
        return deposited
      })
      if (isNew) {
        this.#watchers.tell(toHex(request.mailboxKey))
      }
      return outcome
    } catch (error) {
      return this.#notStored(error)
    }
  }

  letters(mailboxKey: Uint8Array, after: number, maxBytes: number): Promise<readonly CollectedLetter[]> {
    return this.#read((reader, nowMs) => {
      const page: CollectedLetter[] = []
      let bytes = 0
      for (const row of mailboxLetters(reader, mailboxKey, nowMs)) {
        if (row.arrival > after) {
          bytes += row.size
          if (bytes > maxBytes) {
            break
          }
          page.push({ arrival: row.arrival, depositedMs: row.deposited_ms, letter: letterBytes(reader, row) })
        }
      }
      return page
    })
  }

  watch(mailboxKey: Uint8Array, onArrival: () => void): () => void {
    return this.#watchers.add(toHex(mailboxKey), onArrival)
  }

  /** @throws StoreError when it cannot be written, so that nobody takes it for done */
  async acknowledge(mailboxKey: Uint8Array, tombstones: readonly Tombstone[], fromPeerId: PeerIdText): Promise<void> {
    await this.#loaded.promise
    const { clock, store, custodians } = this.#components
    const unknown = unknownTombstones(store.read, { mailboxKey, tombstones, nowMs: clock.wallMs() })
    const mayBring = unknown.length > 0 && (await custodians.includes(mailboxKey, fromPeerId))
    await this.#writer.write((change, events) => {
      const nowMs = clock.wallMs()
      events.push(...acknowledgeLetters(change, { mailboxKey, tombstones, nowMs, mayBring, quota: this.#writer.quota }))
    })
  }

  digest(mailboxKey: Uint8Array): Promise<Uint8Array> {
    const mailbox = toHex(mailboxKey)
    return this.#read((reader, nowMs) => {
      const known = this.#digests.get(mailbox, nowMs)
      return known ?? this.#digests.compute(mailbox, mailboxContents(reader, mailboxKey, nowMs))
    })
  }

  contents(mailboxKey: Uint8Array): Promise<MailboxContents> {
    return this.#read((reader, nowMs) => mailboxContents(reader, mailboxKey, nowMs))
  }

  replica(mailboxKey: Uint8Array, letterId: Uint8Array): Promise<Replica | undefined> {
    return this.#read((reader, nowMs) => {
      const row = findLetter(reader, { mailbox: mailboxKey, letterId })
      return row === undefined || row.expires_ms <= nowMs
        ? undefined
        : { letter: letterBytes(reader, row), depositedMs: row.deposited_ms, credential: credentialOf(row) }
    })
  }

  isCustodianPeer(mailboxKey: Uint8Array, peerId: PeerIdText): Promise<boolean> {
    return this.#components.custodians.includes(mailboxKey, peerId)
  }

  /**
   * Deletes all letters and tombstones of a mailbox (in text). If that cannot be written the mailbox is told of again, as
   * one to be dropped an hour later.
   */
  async drop(mailbox: string): Promise<void> {
    try {
      await this.#writer.write((change) => dropMailbox(change, mailbox))
    } catch (error) {
      this.#components.logger.error('mailbox not dropped', { reason: String(error) })
      const expiresMs = this.#components.clock.wallMs() + REPLICATION_INTERVAL_MS
      this.#writer.events.emit({ type: 'kept', mailbox, expiresMs, deposited: false, live: true })
    }
  }

  async #start(): Promise<void> {
    const { clock, store } = this.#components
    const { quota, events } = this.#writer
    this.#lastArrival = store.read.list(lettersTable, { reverse: true, limit: 1 })[0]?.arrival ?? 0
    await loadLetters({ clock, reader: store.read, quota, tell: (event) => events.emit(event) })
    this.#loaded.resolve()
    this.#expiry.start()
  }

  /** Microseconds, so that after a loss of the disk nothing arrives before what has arrived already. */
  #nextArrival(): number {
    this.#lastArrival = Math.max(this.#lastArrival + 1, this.#components.clock.wallMs() * 1000)
    return this.#lastArrival
  }

  #isPaused(): boolean {
    return this.#components.clock.monotonicMs() < this.#pausedUntilMs
  }

  /** While nothing is written: what is here is still answered for. */
  #repeated(request: DepositRequest): Promise<DepositOutcome> {
    const name = { mailbox: request.mailboxKey, letterId: request.letterId }
    return this.#read((reader, nowMs) => {
      const kept = keptTimes(reader, name, nowMs)
      return kept === undefined ? { refused: 'no-storage' } : { kept }
    })
  }

  #notStored(error: unknown): DepositOutcome {
    if (!(error instanceof StoreError)) {
      throw error
    }
    this.#components.logger.error('letter not kept', { reason: error.failure })
    if (error.failure === 'full') {
      this.#pausedUntilMs = this.#components.clock.monotonicMs() + DISK_FULL_PAUSE_MS
    }
    return { refused: 'no-storage' }
  }

  /** Reads what is on disk, and waits for what is on its way there: others delete on the strength of what is told here. */
  async #read<Result>(fn: (reader: Reader, nowMs: number) => Result): Promise<Result> {
    const { clock, store } = this.#components
    const once = (): Promise<Result> => store.transaction((transaction) => fn(transaction, clock.wallMs()))
    try {
      return await once()
    } catch (error) {
      if (error instanceof StoreError && error.failure === 'full') {
        // It was not this one that needed room.
        return await once()
      }
      throw error
    }
  }
}

function eventsOf({ outcome, isNew }: Deposited, request: DepositRequest): LetterEvent[] {
  if (!isNew || !('kept' in outcome)) {
    return []
  }
  const { expiresMs } = outcome.kept
  const deposited = request.replica === undefined
  return [{ type: 'kept', mailbox: toHex(request.mailboxKey), expiresMs, deposited, live: true }]
}
