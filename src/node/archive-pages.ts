import type { Reader } from '../system/store.ts'
import { parseElement } from '../xml/parser.ts'
import { Jid } from '../xmpp/jid.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import type { ArchivedMessage, ArchivePage, ArchiveQuery } from './api.ts'
import { type ArchiveRow, toArchivedMessage } from './archived-message.ts'
import { archiveTable } from './tables/archive.ts'

/** Messages of one page when the caller names no limit. */
const PAGE_DEFAULT_LIMIT = 50
/** Messages of one page at most, also those asked for by id. *ours* */
const PAGE_MAX_MESSAGES = 1_000
/** Rows of one conversation read at a time while those that do not match are passed over. */
const SCAN_BATCH = 256
/** Rows of one conversation looked at for a page, some 30 ms; the rest is for the next page. *ours* */
const SCAN_MAX_ROWS = 10_000
/** Archive ids are positions. */
const ARCHIVE_ID_PATTERN = /^[1-9][0-9]{0,14}$/
/** A resource that is written in XML, and compared, as it is. */
const PLAIN_RESOURCE_PATTERN = /^[A-Za-z0-9._-]+$/

/** Positions between which rows lie, and the end from which they are taken. */
interface Stretch {
  readonly after: number
  readonly before: number | undefined
  readonly fromEnd: boolean
}

/** A row too many shows that there is more. */
interface Found {
  readonly rows: readonly ArchiveRow[]
  /** The position up to which was searched before it was given up. */
  readonly cutAt?: number
}

/**
 * Pages of the archive of one account as clients ask for them (XEP-0313 §4, XEP-0059). Their order is that of arrival,
 * and so is the time by which they are filtered: what was under way for days is found by who asks what is new.
 */
export class ArchivePages {
  readonly #reader: Reader
  readonly #account: string

  constructor(reader: Reader, account: string) {
    this.#reader = reader
    this.#account = account
  }

  page(query: ArchiveQuery): ArchivePage {
    if (query.ids !== undefined) {
      return { messages: this.#byIds(query.ids), isComplete: true }
    }
    const limit = Math.min(query.limit ?? PAGE_DEFAULT_LIMIT, PAGE_MAX_MESSAGES)
    const stretch = this.#stretch(query)
    const found: Found =
      query.with === undefined
        ? { rows: this.#merged(['in', 'out'], [0], stretch, limit + 1) }
        : this.#conversation(Jid.parse(query.with), stretch, limit + 1)
    const { rows, cutAt } = found
    const page = rows.slice(0, limit)
    if (stretch.fromEnd) {
      page.reverse()
    }
    const messages = page.map((row) => toArchivedMessage(row))
    return cutAt === undefined
      ? { messages, isComplete: rows.length <= limit }
      : { messages, isComplete: false, resumeAt: String(cutAt) }
  }

  /** What was received after the message with an archive id, oldest first, whether it is to be archived or not. */
  receivedAfter(archiveId: string | undefined, limit: number): readonly ArchivedMessage[] {
    const after = archiveId === undefined ? 0 : parseArchiveId(archiveId)
    const stretch = { after, before: undefined, fromEnd: false }
    const rows = this.#merged(['in'], [0, 1], stretch, Math.min(limit, PAGE_MAX_MESSAGES))
    return rows.map((row) => toArchivedMessage(row))
  }

  #stretch(query: ArchiveQuery): Stretch {
    const after = query.afterId === undefined ? 0 : this.#row(query.afterId).position
    const before = query.beforeId === undefined ? undefined : this.#row(query.beforeId).position
    const start = query.startMs === undefined ? 0 : this.#firstSince(query.startMs) - 1
    const end = query.endMs === undefined ? undefined : this.#firstSince(query.endMs + 1)
    const fromEnd = query.fromEnd === true
    const resume = query.resumeAt === undefined ? undefined : parseArchiveId(query.resumeAt)
    const bounds = [before, end, fromEnd ? resume : undefined].filter((bound) => bound !== undefined)
    return {
      after: Math.max(after, start, fromEnd ? 0 : (resume ?? 0)),
      before: bounds.length === 0 ? undefined : Math.min(...bounds),
      fromEnd,
    }
  }

  /** The first position of those that arrived at a time or later; beyond all if none has. */
  #firstSince(wallMs: number): number {
    const [last] = this.#reader.list(archiveTable, { reverse: true, limit: 1 })
    let low = 1
    let high = (last?.position ?? 0) + 1
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2)
      const [row] = this.#reader.list(archiveTable, { from: middle, limit: 1 })
      if (row === undefined || (row.arrived_ms ?? row.stamp_ms) >= wallMs) {
        high = middle
      } else {
        low = row.position + 1
      }
    }
    return low
  }

  #byIds(ids: readonly string[]): readonly ArchivedMessage[] {
    if (ids.length > PAGE_MAX_MESSAGES) {
      throw new StanzaError('policy-violation', `at most ${PAGE_MAX_MESSAGES} messages can be asked for by id`)
    }
    const rows = [...new Set(ids)].map((id) => this.#row(id))
    return rows.sort((a, b) => a.position - b.position).map((row) => toArchivedMessage(row))
  }

  /** XEP-0313 §4.1.3, §4.3: an id that is not in the archive is an error. */
  #row(archiveId: string): ArchiveRow {
    const row = this.#reader.get(archiveTable, [parseArchiveId(archiveId)])
    if (row?.account !== this.#account || row.hidden !== 0) {
      throw notFound()
    }
    return row
  }

  /** Of each direction and visibility as many as are wanted in all, each from an index that holds nothing else. */
  #merged(directions: readonly string[], hidden: readonly number[], stretch: Stretch, limit: number): ArchiveRow[] {
    const sign = stretch.fromEnd ? -1 : 1
    return directions
      .flatMap((direction) =>
        hidden.flatMap((flag) =>
          this.#reader.list(archiveTable, {
            index: 'by_direction',
            prefix: [this.#account, direction, flag],
            ...rangeOf(stretch),
            limit,
          }),
        ),
      )
      .sort((a, b) => sign * (a.position - b.position))
      .slice(0, limit)
  }

  #conversation(jid: Jid, stretch: Stretch, limit: number): Found {
    const prefix = [this.#account, jid.bare().toString()]
    const found: ArchiveRow[] = []
    let rest = stretch
    for (let scanned = 0; scanned < SCAN_MAX_ROWS; ) {
      const range = { index: 'by_peer', prefix, ...rangeOf(rest), limit: Math.max(SCAN_BATCH, limit) } as const
      const rows = this.#reader.list(archiveTable, range)
      found.push(...rows.filter((row) => row.hidden === 0 && isWith(row, jid)))
      const last = rows.at(-1)
      if (last === undefined || rows.length < range.limit || found.length >= limit) {
        return { rows: found.slice(0, limit) }
      }
      scanned += rows.length
      rest = stretch.fromEnd ? { ...rest, before: last.position } : { ...rest, after: last.position }
    }
    const cutAt = stretch.fromEnd ? rest.before : rest.after
    return cutAt === undefined ? { rows: found } : { rows: found, cutAt }
  }
}

function rangeOf({ after, before, fromEnd }: Stretch): { after: number; before?: number; reverse: boolean } {
  return before === undefined ? { after, reverse: fromEnd } : { after, before, reverse: fromEnd }
}

/** A bare JID stands for all its resources (XEP-0313 §4.1.1). */
function isWith(row: ArchiveRow, jid: Jid): boolean {
  const { resource } = jid
  if (resource === undefined) {
    return true
  }
  if (PLAIN_RESOURCE_PATTERN.test(resource) && !row.stanza.includes(`/${resource}`)) {
    return false
  }
  const { from, to } = parseElement(row.stanza).attributes
  return [from, to].some((address) => Jid.tryParse(address ?? '')?.equals(jid))
}

function parseArchiveId(text: string): number {
  if (!ARCHIVE_ID_PATTERN.test(text)) {
    throw notFound()
  }
  return Number(text)
}

function notFound(): StanzaError {
  return new StanzaError('item-not-found', 'there is no such message in the archive')
}
