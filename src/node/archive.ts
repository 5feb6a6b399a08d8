import type { Clock } from '../system/clock.ts'
import type { Reader, Transaction } from '../system/store.ts'
import type { Element } from '../xml/element.ts'
import { serialize } from '../xml/serializer.ts'
import { isArchivable } from '../xmpp/storable.ts'
import type { ArchivedMessage, DeliveryState, HistoryQuery } from './api.ts'
import { type ArchiveRow, toArchivedMessage } from './archived-message.ts'
import { archiveTable } from './tables/archive.ts'

/** Messages of one page when the caller names no limit. */
const HISTORY_DEFAULT_LIMIT = 50
/** Messages of one page at most. *ours* */
const HISTORY_MAX_LIMIT = 1_000

/** Sent messages looked at for the one that an error names; clients number theirs uniquely. *ours* */
const SAME_STANZA_ID_MAX = 32

/** Rows looked at for the message sent before another; in a conversation every second one is. *ours* */
const SENT_BEFORE_ROWS_MAX = 32

/** A clock that goes back by more than this was wrong before; by less, time stands still until it has caught up. *ours* */
const CLOCK_SET_BACK_MS = 24 * 3_600_000

/** A message to be archived. */
export interface ArchiveEntry {
  /** From `Positions`, drawn in the same transaction. */
  readonly position: number
  readonly account: string
  readonly id: string
  readonly peer: string
  readonly direction: 'in' | 'out'
  readonly stampMs: number
  readonly state: ArchivedMessage['state']
  readonly stanza: Element
}

/** The messages of all accounts of the home, sent and received. */
export class Archive {
  readonly #reader: Reader
  readonly #clock: Pick<Clock, 'wallMs'>
  #arrivedMs: number

  constructor(reader: Reader, clock: Pick<Clock, 'wallMs'>) {
    this.#reader = reader
    this.#clock = clock
    const [newest] = reader.list(archiveTable, { reverse: true, limit: 1 })
    this.#arrivedMs = newest?.arrived_ms ?? Number.NEGATIVE_INFINITY
  }

  /** Adds a message that was received, unless it was before: its sender's node repeats what nobody acknowledged. */
  addReceived(transaction: Transaction, entry: ArchiveEntry): ArchivedMessage | undefined {
    return this.#find(transaction, entry) === undefined ? this.add(transaction, entry) : undefined
  }

  /** Adds a message inside the transaction that accepts it. */
  add(transaction: Transaction, entry: ArchiveEntry): ArchivedMessage {
    const row: ArchiveRow = {
      account: entry.account,
      position: entry.position,
      id: entry.id,
      peer: entry.peer,
      direction: entry.direction,
      stanza_id: entry.direction === 'out' ? (entry.stanza.attribute('id') ?? '') : '',
      stamp_ms: entry.stampMs,
      state: entry.state,
      stanza: serialize(entry.stanza),
      error: null,
      hidden: isArchivable(entry.stanza) ? 0 : 1,
      arrived_ms: this.#arrives(),
    }
    transaction.put(archiveTable, row)
    return toArchivedMessage(row, entry.stanza)
  }

  /** The state of a message that was sent. */
  state(account: string, peer: string, id: string): DeliveryState | undefined {
    return this.#find(this.#reader, { account, peer, id, direction: 'out' })?.state as DeliveryState | undefined
  }

  /** Whether a message was received. */
  hasReceived(account: string, peer: string, id: string): boolean {
    return this.#find(this.#reader, { account, peer, id, direction: 'in' }) !== undefined
  }

  /** The id of the message sent to the same peer before the one at a position, if it is among the last rows. */
  sentBefore(account: string, peer: string, position: number): string | undefined {
    const range = { index: 'by_peer', prefix: [account, peer], before: position, reverse: true } as const
    const rows = this.#reader.list(archiveTable, { ...range, limit: SENT_BEFORE_ROWS_MAX })
    return rows.find((row) => row.direction === 'out' && row.state !== 'failed')?.id
  }

  /** Marks the sent message at a position, unless it failed before; `error` is the stanza that tells its sender why. */
  settle(transaction: Transaction, position: number, state: DeliveryState, error?: Element): void {
    const row = transaction.get(archiveTable, [position])
    if (row?.direction === 'out' && row.state !== 'failed') {
      transaction.put(archiveTable, { ...row, state, error: error === undefined ? row.error : serialize(error) })
    }
  }

  /** Where the sent message at a position stands. */
  stateAt(position: number): DeliveryState | undefined {
    return this.#reader.get(archiveTable, [position])?.state as DeliveryState | undefined
  }

  /**
   * Marks a sent message as failed with the error stanza that came back, which names it by the `id` attribute of the
   * stanza (RFC 6120 §8.3.1). Its archive id, or undefined if there is no such message.
   */
  fail(transaction: Transaction, account: string, peer: string, error: Element): string | undefined {
    const stanzaId = error.attribute('id') ?? ''
    const range = { index: 'by_stanza_id', prefix: [stanzaId], reverse: true, limit: SAME_STANZA_ID_MAX } as const
    const rows = stanzaId === '' ? [] : transaction.list(archiveTable, range)
    const row = rows.find((sent) => sent.account === account && sent.peer === peer)
    if (row === undefined || row.state === 'failed') {
      return undefined
    }
    transaction.put(archiveTable, { ...row, state: 'failed', error: serialize(error) })
    return row.id
  }

  /** Whether a message of this account has the `id` attribute: nobody else may replace it (XEP-0308 §5, X16). */
  hasSent(account: string, stanzaId: string): boolean {
    const range = { index: 'by_stanza_id', prefix: [stanzaId], reverse: true, limit: SAME_STANZA_ID_MAX } as const
    return stanzaId !== '' && this.#reader.list(archiveTable, range).some((row) => row.account === account)
  }

  /** A page of the conversation with `peer`, oldest first. */
  history(account: string, peer: string, query: HistoryQuery = {}): readonly ArchivedMessage[] {
    const limit = Math.min(query.limit ?? HISTORY_DEFAULT_LIMIT, HISTORY_MAX_LIMIT)
    const range = { index: 'by_peer', prefix: [account, peer], reverse: true, limit } as const
    const before = query.beforeId === undefined ? undefined : this.#position(account, peer, query.beforeId)
    const rows = this.#reader.list(archiveTable, before === undefined ? range : { ...range, before })
    return rows.reverse().map((row) => toArchivedMessage(row))
  }

  /** Time grows with the position, so that messages of a time are found without looking at all. */
  #arrives(): number {
    const nowMs = Math.floor(this.#clock.wallMs())
    const isSetBack = nowMs < this.#arrivedMs - CLOCK_SET_BACK_MS
    this.#arrivedMs = isSetBack ? nowMs : Math.max(this.#arrivedMs, nowMs)
    return this.#arrivedMs
  }

  #position(account: string, peer: string, id: string): number | undefined {
    const sent = this.#find(this.#reader, { account, peer, id, direction: 'out' })
    return (sent ?? this.#find(this.#reader, { account, peer, id, direction: 'in' }))?.position
  }

  #find(
    reader: Pick<Reader, 'list'>,
    { account, peer, id, direction }: Pick<ArchiveEntry, 'account' | 'peer' | 'id' | 'direction'>,
  ): ArchiveRow | undefined {
    const rows = reader.list(archiveTable, { index: 'by_id', prefix: [id, peer] })
    return rows.find((row) => row.account === account && row.direction === direction)
  }
}
