import { type AccountRecord, isNewer, openAccountRecord } from '../identity/account-record.ts'
import { kadIdOfPeer } from '../identity/kad-id.ts'
import { RecordError } from '../identity/record-error.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Network } from '../system/network.ts'
import type { Store, Transaction } from '../system/store.ts'
import { BoundedMap } from '../util/bounded-map.ts'
import { toHex } from '../util/bytes.ts'
import { deleteRecordRow, putRecordRow, recordRow, recordTotals } from './record-rows.ts'
import { accountRecordsTable } from './tables/records.ts'

/** Records of others kept on disk because they were met or looked up; the one not seen for longest gives way. *ours* */
export const CACHED_RECORDS_MAX = 2048
/** Records kept verified in memory, at most 8 MiB; others are verified again when read. *ours* */
const OPENED_RECORDS_MAX = 256

/** A record and when it was last known to be current. */
export interface CachedRecord {
  readonly record: AccountRecord
  readonly seenMs: number
}

export interface RecordCacheComponents {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly store: Store
  readonly network: Pick<Network, 'peerId'>
  readonly logger: Logger
}

/** The newest valid record of every account that this node has met or looked up. */
export class RecordCache {
  readonly #components: RecordCacheComponents
  readonly #kadId: Uint8Array
  readonly #opened = new BoundedMap<string, CachedRecord>({ maxEntries: OPENED_RECORDS_MAX })

  constructor(components: RecordCacheComponents) {
    this.#components = components
    this.#kadId = kadIdOfPeer(components.network.peerId)
  }

  /** The record of an account, if there is one that has not expired. */
  get(publicKey: Uint8Array): CachedRecord | undefined {
    const cached = this.#opened.get(toHex(publicKey)) ?? this.#read(publicKey)
    return cached !== undefined && cached.record.expiresMs > this.#components.clock.wallMs() ? cached : undefined
  }

  /** Takes a verified record that is current as far as anybody knows: `older` if a newer one is here. */
  learn(record: AccountRecord): 'new' | 'known' | 'older' {
    const known = this.get(record.publicKey)?.record
    if (known !== undefined && isNewer(known, record)) {
      return 'older'
    }
    this.#keep({ record, seenMs: this.#components.clock.wallMs() })
    return known !== undefined && !isNewer(record, known) ? 'known' : 'new'
  }

  #read(publicKey: Uint8Array): CachedRecord | undefined {
    const row = this.#components.store.read.get(accountRecordsTable, ['cached', publicKey])
    if (row === undefined) {
      return undefined
    }
    try {
      const record = openAccountRecord(row.bytes, { nowMs: this.#components.clock.wallMs(), publicKey })
      const cached = { record, seenMs: row.seen_ms }
      this.#opened.set(toHex(publicKey), cached)
      return cached
    } catch (error) {
      if (error instanceof RecordError) {
        return undefined
      }
      throw error
    }
  }

  #keep(cached: CachedRecord): void {
    const { record, seenMs } = cached
    this.#opened.set(toHex(record.publicKey), cached)
    const row = recordRow('cached', record, { kadId: this.#kadId, expiresMs: record.expiresMs, seenMs })
    // Nobody waits for the disk: what a crash takes is looked up again.
    this.#components.store
      .transaction((transaction) => {
        putRecordRow(transaction, row)
        evictLongestUnseen(transaction)
      })
      .catch((error: unknown) => this.#components.logger.warn('record not cached', { reason: String(error) }))
  }
}

function evictLongestUnseen(transaction: Transaction): void {
  const excess = recordTotals(transaction, 'cached').records - CACHED_RECORDS_MAX
  if (excess > 0) {
    const unseen = { index: 'by_seen', prefix: ['cached'], limit: excess } as const
    for (const row of transaction.list(accountRecordsTable, unseen)) {
      deleteRecordRow(transaction, row)
    }
  }
}
