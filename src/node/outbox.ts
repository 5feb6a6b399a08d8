import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Row, Store, Transaction } from '../system/store.ts'
import { BoundedMap } from '../util/bounded-map.ts'
import type { Element } from '../xml/element.ts'
import { parseElement } from '../xml/parser.ts'
import { serialize } from '../xml/serializer.ts'
import { delayElement } from '../xmpp/extensions/delay.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import { initialOutboxState, type OutboxEvent, type OutboxState, stepOutbox } from './outbox-state.ts'
import type { Positions } from './positions.ts'
import type { Route } from './routes.ts'
import { outboxTable } from './tables/outbox.ts'

/** A stanza that nobody has taken for so long ends as an error: the retention time of mailboxes. protocols.md */
export const STANZA_VALIDITY_MS: number = 14 * 24 * 3_600_000
/** Stanzas waiting for one recipient; more are refused with `resource-constraint`. *ours* */
const OUTBOX_MAX_PER_RECIPIENT = 10_000
/** Rows read at a time at the start. */
const START_BATCH = 256
/** How often expired stanzas are looked for. *ours* */
const EXPIRY_INTERVAL_MS = 10 * 60_000
/** Expired stanzas ended in one transaction. *ours* */
const EXPIRY_BATCH = 500
/** A stanza that leaves later than this after it was accepted carries its time (XEP-0203). *ours* */
const DELAY_STAMP_AFTER_MS = 5_000
/** Stanzas just accepted that need not be parsed again when they leave, mostly within the same turn. *ours* */
const FRESH_MAX_STANZAS = 512
/** Longer ones are parsed again, so that all together take no more than a few MiB. *ours* */
const FRESH_MAX_CHARACTERS = 4_096

/** A stanza to be kept until a node of the recipient has it. */
export interface OutboxStanza {
  /** From `Positions`, drawn in the same transaction. */
  readonly position: number
  readonly account: string
  readonly recipient: string
  readonly id: string
  /** What lets it leave the outbox besides the recipient's acknowledgement. */
  readonly ends: 'delivered' | 'stored'
  readonly stanza: Element
}

/** How a stanza left the outbox. */
export type OutboxOutcome = 'delivered' | 'stored' | 'expired'

export type OutboxRow = Row<typeof outboxTable>

export interface OutboxHandlers {
  /** The way on which stanzas to `recipient` leave now, if there is one. */
  route(recipient: string): Route | undefined
  /** A stanza waits, from now on (`isNew`) or since before the start; a link is wanted. */
  waiting(row: OutboxRow, isNew: boolean): void
  /** Nothing waits for `recipient` any more. */
  empty(recipient: string): void
  /** Part of the transaction in which the stanza leaves the outbox. */
  leaving(transaction: Transaction, row: OutboxRow, outcome: OutboxOutcome): void
  /** The same, after it is on disk. */
  left(row: OutboxRow, outcome: OutboxOutcome): void
}

/**
 * The durable outbox: stanzas are added in the transaction that accepts them and leave it when a node of the recipient
 * has acknowledged them or their time is over. Order per recipient is kept; a stanza may leave more than once, the
 * recipient drops repetitions by id.
 */
export class Outbox {
  readonly #components: { clock: Clock; store: Store; logger: Logger }
  readonly #handlers: OutboxHandlers
  /** Everything up to this position was on disk when the outbox was opened. */
  readonly #opened: number
  readonly #recipients = new Map<string, OutboxState>()
  readonly #counts = new Map<string, number>()
  readonly #perAccount = new Map<string, number>()
  /** Stanzas that were accepted lately and have not left. */
  readonly #fresh = new BoundedMap<number, Element>({ maxEntries: FRESH_MAX_STANZAS })
  /** Acknowledged and not yet taken out; at most the windows of all recipients. */
  readonly #acknowledged: OutboxRow[] = []
  #ending = false
  #expiry: { cancel(): void } | undefined
  #running = false

  constructor(
    components: { clock: Clock; store: Store; logger: Logger },
    init: { positions: Positions; handlers: OutboxHandlers },
  ) {
    this.#components = components
    this.#handlers = init.handlers
    this.#opened = init.positions.last
  }

  /** Takes up what earlier runs left waiting. */
  start(): void {
    this.#running = true
    const reader = this.#components.store.read
    for (let after = 0; ; ) {
      const rows = reader.list(outboxTable, { after, limit: START_BATCH })
      for (const row of rows) {
        this.#count(row, 1)
        this.#handlers.waiting(row, false)
      }
      after = rows.at(-1)?.position ?? after
      if (rows.length < START_BATCH) {
        break
      }
    }
    this.#scheduleExpiry(0)
  }

  stop(): void {
    this.#running = false
    this.#expiry?.cancel()
  }

  /** How many stanzas wait for a recipient. */
  size(recipient: string): number {
    return this.#counts.get(recipient) ?? 0
  }

  /** How many stanzas of an account wait. */
  sizeOf(account: string): number {
    return this.#perAccount.get(account) ?? 0
  }

  /**
   * Adds a stanza, inside the transaction that accepts it; call `added` with the result when that is on disk.
   *
   * @throws StanzaError resource-constraint
   */
  add(transaction: Transaction, entry: OutboxStanza): OutboxRow {
    if (this.size(entry.recipient) >= OUTBOX_MAX_PER_RECIPIENT) {
      throw new StanzaError('resource-constraint', 'too many messages wait for this recipient')
    }
    const nowMs = this.#components.clock.wallMs()
    const row: OutboxRow = {
      recipient: entry.recipient,
      position: entry.position,
      account: entry.account,
      id: entry.id,
      ends: entry.ends,
      accepted_ms: nowMs,
      expires_ms: nowMs + STANZA_VALIDITY_MS,
      stanza: serialize(entry.stanza),
    }
    transaction.put(outboxTable, row)
    if (row.stanza.length <= FRESH_MAX_CHARACTERS) {
      this.#fresh.set(row.position, entry.stanza)
    }
    return row
  }

  /** What `add` gave is on disk: the stanza may leave. */
  added(row: OutboxRow): void {
    this.#count(row, 1)
    this.#handlers.waiting(row, true)
    this.#step(row.recipient, { type: 'queued', position: row.position })
  }

  /** A stanza that waits. */
  row(position: number): OutboxRow | undefined {
    return this.#components.store.read.get(outboxTable, [position])
  }

  /** The recipient has these stanzas of `account`, as it says itself. */
  acknowledged(account: string, recipient: string, ids: readonly string[]): void {
    const rows = ids.flatMap((id) => this.#components.store.read.list(outboxTable, { index: 'by_id', prefix: [id] }))
    this.#acknowledge(rows.filter((row) => row.account === account && row.recipient === recipient))
  }

  /** Nobody will take the stanza any more. */
  async expire(position: number): Promise<void> {
    const row = this.row(position)
    if (row !== undefined) {
      await this.#end([row], 'expired')
    }
  }

  /** Enough custodians have the stanza: the end of one that needs no more. */
  async stored(position: number): Promise<void> {
    const row = this.row(position)
    if (row?.ends === 'stored') {
      await this.#end([row], 'stored')
    }
  }

  /** The link to `recipient` is up. */
  linkUp(recipient: string): void {
    this.#step(recipient, { type: 'up' })
  }

  /** The link to `recipient` is gone for good. */
  linkDown(recipient: string): void {
    this.#step(recipient, { type: 'down' })
  }

  #step(recipient: string, event: OutboxEvent): void {
    if (!this.#running) {
      return
    }
    const before = this.#recipients.get(recipient) ?? initialOutboxState(this.#opened)
    const [state, effect] = stepOutbox(before, event)
    this.#recipients.set(recipient, state)
    if (effect !== undefined) {
      this.#transmit(recipient, effect.after, effect.to, effect.limit)
    } else if (!state.up && state.inFlight === 0 && this.size(recipient) === 0) {
      this.#recipients.delete(recipient)
    }
  }

  #transmit(recipient: string, after: number, to: number, limit: number): void {
    const route = this.#handlers.route(recipient)
    if (route === undefined) {
      this.#step(recipient, { type: 'down' })
      return
    }
    const range = { index: 'by_recipient', prefix: [recipient], after, to, limit } as const
    const rows = this.#components.store.read.list(outboxTable, range)
    for (const row of rows) {
      if (!route.send(this.#outgoing(row), (outcome) => this.#settled(row, outcome))) {
        this.#step(recipient, { type: 'full' })
        return
      }
      this.#step(recipient, { type: 'sent', position: row.position })
    }
    if (rows.length < limit) {
      this.#step(recipient, { type: 'exhausted', to })
    } else {
      this.#step(recipient, { type: 'queued', position: to })
    }
  }

  #outgoing(row: OutboxRow): Element {
    const stanza = this.#fresh.get(row.position) ?? parseElement(row.stanza)
    this.#fresh.delete(row.position)
    const late = this.#components.clock.wallMs() - row.accepted_ms >= DELAY_STAMP_AFTER_MS
    return late ? stanza.append(delayElement({ from: row.account, stampMs: row.accepted_ms })) : stanza
  }

  #settled(row: OutboxRow, outcome: 'acknowledged' | 'lost'): void {
    if (outcome === 'lost') {
      this.#step(row.recipient, { type: 'lost', position: row.position })
      return
    }
    this.#step(row.recipient, { type: 'acknowledged' })
    this.#acknowledge([row])
  }

  #acknowledge(rows: readonly OutboxRow[]): void {
    this.#acknowledged.push(...rows)
    if (!this.#ending) {
      void this.#endAcknowledged()
    }
  }

  /** One transaction at a time, so that under load each takes all that was acknowledged during the last. */
  async #endAcknowledged(): Promise<void> {
    this.#ending = true
    while (this.#acknowledged.length > 0) {
      await this.#end(this.#acknowledged.splice(0), 'delivered')
    }
    this.#ending = false
  }

  /** How many left. A failing disk leaves the rows: they leave again and the recipient drops them by id. */
  async #end(rows: readonly OutboxRow[], outcome: OutboxOutcome): Promise<number> {
    const ended: OutboxRow[] = []
    // Before the start nothing is counted yet.
    const isCounted = this.#running
    try {
      await this.#components.store.transaction((transaction) => {
        for (const row of rows) {
          if (transaction.delete(outboxTable, [row.position])) {
            this.#handlers.leaving(transaction, row, outcome)
            ended.push(row)
          }
        }
      })
    } catch (error) {
      this.#components.logger.error('outbox not written', { reason: String(error) })
      return 0
    }
    // After the end the store may be closed, and nobody listens.
    const told = isCounted && this.#running ? ended : []
    for (const row of told) {
      this.#count(row, -1)
      this.#handlers.left(row, outcome)
    }
    return ended.length
  }

  #count(row: OutboxRow, change: 1 | -1): void {
    addTo(this.#perAccount, row.account, change)
    addTo(this.#counts, row.recipient, change)
    if (!this.#counts.has(row.recipient)) {
      this.#handlers.empty(row.recipient)
    }
  }

  #scheduleExpiry(delayMs: number): void {
    this.#expiry = this.#components.clock.schedule(delayMs, () => {
      void this.#expire().finally(() => {
        if (this.#running) {
          this.#scheduleExpiry(EXPIRY_INTERVAL_MS)
        }
      })
    })
  }

  async #expire(): Promise<void> {
    const { store, clock } = this.#components
    while (this.#running) {
      const range = { index: 'by_expiry', to: clock.wallMs(), limit: EXPIRY_BATCH } as const
      const rows = store.read.list(outboxTable, range)
      const ended = await this.#end(rows, 'expired')
      if (rows.length < EXPIRY_BATCH || ended === 0) {
        return
      }
    }
  }
}

function addTo(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change
  if (count === 0) {
    counts.delete(key)
  } else {
    counts.set(key, count)
  }
}
