import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Row, Store, Transaction } from '../system/store.ts'
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
export const OUTBOX_MAX_PER_RECIPIENT = 10_000
/** How often expired stanzas are looked for. *ours* */
const EXPIRY_INTERVAL_MS = 10 * 60_000
/** Expired stanzas ended in one transaction. *ours* */
const EXPIRY_BATCH = 500
/** A stanza that leaves later than this after it was accepted carries its time (XEP-0203). *ours* */
const DELAY_STAMP_AFTER_MS = 5_000

/** A stanza to be kept until a node of the recipient has it. */
export interface OutboxStanza {
  /** From `Positions`, drawn in the same transaction. */
  readonly position: number
  readonly account: string
  readonly recipient: string
  readonly id: string
  readonly stanza: Element
}

export interface OutboxHandlers {
  /** The way on which stanzas to `recipient` leave now, if there is one. */
  route(recipient: string): Route | undefined
  /** A stanza waits for `recipient`; a link is wanted. */
  waiting(recipient: string): void
  /** Nothing waits for `recipient` any more. */
  empty(recipient: string): void
  /** Part of the transaction in which the stanza leaves the outbox. */
  ended(transaction: Transaction, row: Row<typeof outboxTable>, outcome: 'delivered' | 'expired'): void
  /** The same, after it is on disk. */
  ending(row: Row<typeof outboxTable>, outcome: 'delivered' | 'expired'): void
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
  /** Acknowledged and not yet taken out; at most the windows of all recipients. */
  readonly #acknowledged: Row<typeof outboxTable>[] = []
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
    for (let last = ''; ; ) {
      const [row] = reader.list(outboxTable, { index: 'by_recipient', after: last, limit: 1 })
      if (row === undefined) {
        break
      }
      last = row.recipient
      this.#counts.set(last, reader.count(outboxTable, { index: 'by_recipient', prefix: [last] }))
      this.#handlers.waiting(last)
    }
    this.#scheduleExpiry(0)
  }

  stop(): void {
    this.#running = false
    this.#expiry?.cancel()
  }

  /** How many stanzas wait, for one recipient or for all. */
  size(recipient?: string): number {
    if (recipient !== undefined) {
      return this.#counts.get(recipient) ?? 0
    }
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /**
   * Adds a stanza, inside the transaction that accepts it; call `added` when that is on disk.
   *
   * @throws StanzaError resource-constraint
   */
  add(transaction: Transaction, entry: OutboxStanza): void {
    const waiting = this.#counts.get(entry.recipient) ?? 0
    if (waiting >= OUTBOX_MAX_PER_RECIPIENT) {
      throw new StanzaError('resource-constraint', 'too many messages wait for this recipient')
    }
    const nowMs = this.#components.clock.wallMs()
    transaction.put(outboxTable, {
      recipient: entry.recipient,
      position: entry.position,
      account: entry.account,
      id: entry.id,
      accepted_ms: nowMs,
      expires_ms: nowMs + STANZA_VALIDITY_MS,
      stanza: serialize(entry.stanza),
    })
  }

  /** The stanza added at `position` is on disk: it may leave. */
  added(recipient: string, position: number): void {
    this.#counts.set(recipient, (this.#counts.get(recipient) ?? 0) + 1)
    this.#handlers.waiting(recipient)
    this.#step(recipient, { type: 'queued', position })
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

  #outgoing(row: Row<typeof outboxTable>): Element {
    const stanza = parseElement(row.stanza)
    const late = this.#components.clock.wallMs() - row.accepted_ms >= DELAY_STAMP_AFTER_MS
    return late ? stanza.append(delayElement({ from: row.account, stampMs: row.accepted_ms })) : stanza
  }

  #settled(row: Row<typeof outboxTable>, outcome: 'acknowledged' | 'lost'): void {
    if (outcome === 'lost') {
      this.#step(row.recipient, { type: 'lost', position: row.position })
      return
    }
    this.#step(row.recipient, { type: 'acknowledged' })
    this.#acknowledged.push(row)
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

  /** A failing disk leaves the rows: they leave again and the recipient drops them by id. */
  async #end(rows: readonly Row<typeof outboxTable>[], outcome: 'delivered' | 'expired'): Promise<void> {
    const ended: Row<typeof outboxTable>[] = []
    try {
      await this.#components.store.transaction((transaction) => {
        for (const row of rows) {
          if (transaction.delete(outboxTable, [row.position])) {
            this.#handlers.ended(transaction, row, outcome)
            ended.push(row)
          }
        }
      })
    } catch (error) {
      this.#components.logger.error('outbox not written', { reason: String(error) })
      return
    }
    for (const row of ended) {
      this.#forget(row.recipient)
      this.#handlers.ending(row, outcome)
    }
  }

  #forget(recipient: string): void {
    const left = (this.#counts.get(recipient) ?? 1) - 1
    if (left > 0) {
      this.#counts.set(recipient, left)
      return
    }
    this.#counts.delete(recipient)
    this.#handlers.empty(recipient)
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
      const oldest = store.read.list(outboxTable, { limit: EXPIRY_BATCH })
      const rows = oldest.filter((row) => row.expires_ms <= clock.wallMs())
      const before = this.size()
      await this.#end(rows, 'expired')
      if (rows.length < EXPIRY_BATCH || this.size() === before) {
        return
      }
    }
  }
}
