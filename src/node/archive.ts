import type { Reader, Row, Transaction } from '../system/store.ts'
import type { Element } from '../xml/element.ts'
import { parseElement } from '../xml/parser.ts'
import { serialize } from '../xml/serializer.ts'
import { NS_CLIENT } from '../xmpp/namespaces.ts'
import type { ArchivedMessage, DeliveryState, HistoryQuery } from './api.ts'
import type { Positions } from './positions.ts'
import { archiveTable } from './tables/archive.ts'

/** Messages of one page when the caller names no limit. */
const HISTORY_DEFAULT_LIMIT = 50
/** Messages of one page at most. *ours* */
export const HISTORY_MAX_LIMIT = 1_000

/** A message to be archived. */
export interface ArchiveEntry {
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
  readonly #positions: Positions

  constructor(reader: Reader, positions: Positions) {
    this.#reader = reader
    this.#positions = positions
  }

  /** Adds a message inside the transaction that accepts it. */
  add(transaction: Transaction, entry: ArchiveEntry): ArchivedMessage {
    const row: Row<typeof archiveTable> = {
      account: entry.account,
      position: this.#positions.next(),
      id: entry.id,
      peer: entry.peer,
      direction: entry.direction,
      stanza_id: entry.stanza.attribute('id') ?? '',
      stamp_ms: entry.stampMs,
      state: entry.state,
      stanza: serialize(entry.stanza),
      error: null,
    }
    transaction.put(archiveTable, row)
    return toMessage(row, entry.stanza)
  }

  /** The state of a message that was sent to `peer`, or to anybody when `peer` is not given. */
  state(account: string, id: string, peer: string): DeliveryState | undefined {
    const row = this.#sent(this.#reader, account, peer, 'by_id', id)
    return row === undefined ? undefined : (row.state as DeliveryState)
  }

  /** Marks a sent message inside a transaction; false if there is none that is still on its way. */
  settle(transaction: Transaction, account: string, peer: string, id: string, state: DeliveryState): boolean {
    const row = this.#sent(transaction, account, peer, 'by_id', id)
    if (row === undefined || row.state !== 'queued') {
      return false
    }
    transaction.put(archiveTable, { ...row, state })
    return true
  }

  /**
   * Marks a sent message as failed with the error stanza that came back, which names it by the `id` attribute of the
   * stanza (RFC 6120 §8.3.1). Its archive id, or undefined if there is no such message.
   */
  fail(transaction: Transaction, account: string, peer: string, error: Element): string | undefined {
    const stanzaId = error.attribute('id') ?? ''
    const row = stanzaId === '' ? undefined : this.#sent(transaction, account, peer, 'by_stanza_id', stanzaId)
    if (row === undefined || row.state === 'failed') {
      return undefined
    }
    transaction.put(archiveTable, { ...row, state: 'failed', error: serialize(error) })
    return row.id
  }

  /** A page of the conversation with `peer`, oldest first. */
  history(account: string, peer: string, query: HistoryQuery = {}): readonly ArchivedMessage[] {
    const limit = Math.min(query.limit ?? HISTORY_DEFAULT_LIMIT, HISTORY_MAX_LIMIT)
    const range = { index: 'by_peer', prefix: [account, peer], reverse: true, limit } as const
    const before = query.beforeId === undefined ? undefined : this.#position(account, peer, query.beforeId)
    const rows = this.#reader.list(archiveTable, before === undefined ? range : { ...range, before })
    return rows.reverse().map((row) => toMessage(row, parseElement(row.stanza)))
  }

  #position(account: string, peer: string, id: string): number | undefined {
    return this.#reader.list(archiveTable, { index: 'by_id', prefix: [account, peer, id], limit: 1 })[0]?.position
  }

  #sent(
    reader: Pick<Reader, 'list'>,
    account: string,
    peer: string,
    index: 'by_id' | 'by_stanza_id',
    id: string,
  ): Row<typeof archiveTable> | undefined {
    // Both sides may have chosen the same id; a handful is more than honest clients make.
    const rows = reader.list(archiveTable, { index, prefix: [account, peer, id], reverse: true, limit: 8 })
    return rows.find((row) => row.direction === 'out')
  }
}

function toMessage(row: Row<typeof archiveTable>, stanza: Element): ArchivedMessage {
  return {
    id: row.id,
    peer: row.peer,
    direction: row.direction as ArchivedMessage['direction'],
    from: stanza.attribute('from') ?? '',
    to: stanza.attribute('to') ?? '',
    body: stanza.child('body', NS_CLIENT)?.text() ?? '',
    stampMs: row.stamp_ms,
    state: row.state as ArchivedMessage['state'],
    stanza,
  }
}
