import { compare } from 'uint8arrays/compare'
import { equals } from 'uint8arrays/equals'
import { type AccountRecord, isNewer, openAccountRecord, RECORD_VALIDITY_MS } from '../identity/account-record.ts'
import { kadIdOfPeer } from '../identity/kad-id.ts'
import { RecordError } from '../identity/record-error.ts'
import type { KeeperRefusal, RecordKeeper } from '../protocol/mailbox/record-keeper.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Network, PeerIdText } from '../system/network.ts'
import { type Store, StoreError, type Transaction } from '../system/store.ts'
import { assert } from '../util/assert.ts'
import { RateLimiter } from '../util/rate-limiter.ts'
import { ExpirySweep } from './expiry-sweep.ts'
import { deleteExpiredRecords } from './record-expiry.ts'
import { deleteRecordRow, putRecordRow, type RecordRow, recordRow, recordTotals } from './record-rows.ts'
import { accountRecordsTable } from './tables/records.ts'

/** Bytes of records kept for others; at the bound those farthest from this node give way. *ours* */
const RECORD_STORAGE_MAX_BYTES = 64 * 1024 * 1024
/** Records kept for others; the same happens at the bound. *ours* */
const CUSTODY_RECORDS_MAX = 16_384
/** PUT_RECORDs of one peer at once, and per second afterwards: a node publishes a few accounts a day. *ours* */
const PUT_BURST_MAX = 64
const PUTS_PER_SECOND = 0.1
/** GET_RECORDs of one peer at once, and per second afterwards: a large roster in a small network. *ours* */
const GET_BURST_MAX = 1024
const GETS_PER_SECOND = 20
/** Peers whose requests are counted; the one idle longest is forgotten. *ours* */
const LIMITED_PEERS_MAX = 4096
export interface CustodyComponents {
  readonly clock: Clock
  readonly store: Store
  readonly network: Pick<Network, 'peerId'>
  readonly logger: Logger
}

export interface CustodyInit {
  /** Whether this node keeps anything for others. @default true */
  readonly keepsStorage?: boolean
  /** @default RECORD_STORAGE_MAX_BYTES */
  readonly maxBytes?: number
  /** @default CUSTODY_RECORDS_MAX */
  readonly maxRecords?: number
  /** Something was refused. @default nobody is told */
  readonly onRefused?: (reason: KeeperRefusal) => void
}

/** Ends a transaction whose record turns out to have no room. */
class NoRoom extends Error {
  override readonly name = 'NoRoom'
}

/**
 * The account records this node keeps for others. Of an account the newest valid one; at a bound the records farthest
 * from this node give way, since for those it is the least likely custodian, and flooding does not change that order.
 */
export class Custody implements RecordKeeper {
  readonly keepsStorage: boolean
  readonly #components: CustodyComponents
  readonly #kadId: Uint8Array
  readonly #maxBytes: number
  readonly #maxRecords: number
  readonly #onRefused: (reason: KeeperRefusal) => void
  readonly #puts: RateLimiter
  readonly #gets: RateLimiter
  readonly #expiry: ExpirySweep

  constructor(components: CustodyComponents, init: CustodyInit = {}) {
    this.#components = components
    this.#kadId = kadIdOfPeer(components.network.peerId)
    this.keepsStorage = init.keepsStorage ?? true
    this.#maxBytes = init.maxBytes ?? RECORD_STORAGE_MAX_BYTES
    this.#maxRecords = init.maxRecords ?? CUSTODY_RECORDS_MAX
    this.#onRefused = init.onRefused ?? (() => {})
    const { clock, store } = components
    this.#expiry = new ExpirySweep(components, {
      what: 'records',
      deleteBatch: () => deleteExpiredRecords(store, 'custody', clock.wallMs()),
    })
    const perPeer = { maxKeys: LIMITED_PEERS_MAX }
    this.#puts = new RateLimiter(clock, { ...perPeer, capacity: PUT_BURST_MAX, refillPerSecond: PUTS_PER_SECOND })
    this.#gets = new RateLimiter(clock, { ...perPeer, capacity: GET_BURST_MAX, refillPerSecond: GETS_PER_SECOND })
  }

  /** Records kept now. */
  recordsKept(): number {
    return recordTotals(this.#components.store.read, 'custody').records
  }

  /** Deletes expired records from now on. Idempotent. */
  start(): void {
    this.#expiry.start()
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await this.#expiry.stop()
  }

  async put(record: Uint8Array, fromPeerId: PeerIdText): Promise<'stored' | KeeperRefusal> {
    const outcome = await this.#put(record, fromPeerId)
    if (outcome !== 'stored') {
      this.#refused(outcome, fromPeerId)
    }
    return outcome
  }

  async get(publicKey: Uint8Array, fromPeerId: PeerIdText): Promise<Uint8Array | KeeperRefusal | undefined> {
    if (!this.#gets.take(fromPeerId)) {
      this.#refused('rate-limited', fromPeerId)
      return 'rate-limited'
    }
    const row = this.#components.store.read.get(accountRecordsTable, ['custody', publicKey])
    return row !== undefined && row.expires_ms > this.#components.clock.wallMs() ? row.bytes : undefined
  }

  async #put(bytes: Uint8Array, fromPeerId: PeerIdText): Promise<'stored' | KeeperRefusal> {
    const { clock, network, store, logger } = this.#components
    if (!this.keepsStorage) {
      return 'no-storage'
    }
    if (fromPeerId !== network.peerId && !this.#puts.take(fromPeerId)) {
      return 'rate-limited'
    }
    const nowMs = clock.wallMs()
    const record = opened(bytes, nowMs)
    if (typeof record === 'string') {
      return record
    }
    try {
      return await store.transaction((transaction) => this.#keep(transaction, record, nowMs))
    } catch (error) {
      if (error instanceof StoreError) {
        logger.error('record not kept', { reason: error.failure })
      } else if (!(error instanceof NoRoom)) {
        throw error
      }
      return 'no-storage'
    }
  }

  #keep(transaction: Transaction, record: AccountRecord, nowMs: number): 'stored' | 'older' {
    const kept = transaction.get(accountRecordsTable, ['custody', record.publicKey])
    if (kept !== undefined && equals(kept.bytes, record.encoded)) {
      return 'stored'
    }
    if (kept !== undefined && !replaces(record, kept, nowMs)) {
      return 'older'
    }
    // A record issued by a clock that is ahead is still kept no longer than any other.
    const expiresMs = Math.min(record.expiresMs, nowMs + RECORD_VALIDITY_MS)
    const row = recordRow('custody', record, { kadId: this.#kadId, expiresMs, seenMs: nowMs })
    deleteRecordRow(transaction, row)
    this.#makeRoom(transaction, row)
    putRecordRow(transaction, row)
    return 'stored'
  }

  #makeRoom(transaction: Transaction, newcomer: RecordRow): void {
    for (;;) {
      const { records, bytes } = recordTotals(transaction, 'custody')
      if (records < this.#maxRecords && bytes + newcomer.bytes.length <= this.#maxBytes) {
        return
      }
      const farthest = { index: 'by_distance', prefix: ['custody'], reverse: true, limit: 1 } as const
      const [row] = transaction.list(accountRecordsTable, farthest)
      if (row === undefined || compare(row.distance, newcomer.distance) <= 0) {
        throw new NoRoom()
      }
      deleteRecordRow(transaction, row)
    }
  }

  #refused(reason: KeeperRefusal, peerId: PeerIdText): void {
    this.#components.logger.debug('record refused', { peer: peerId, reason })
    this.#onRefused(reason)
  }
}

function opened(bytes: Uint8Array, nowMs: number): AccountRecord | KeeperRefusal {
  try {
    return openAccountRecord(bytes, { nowMs })
  } catch (error) {
    if (error instanceof RecordError) {
      assert(error.reason !== 'wrong-account', 'no account was asked for')
      return error.reason
    }
    throw error
  }
}

function replaces(record: AccountRecord, kept: RecordRow, nowMs: number): boolean {
  if (record.sequence !== kept.sequence) {
    return record.sequence > kept.sequence
  }
  // Opened only for this rare case, to leave the choice to the one function that every node uses.
  const present = opened(kept.bytes, nowMs)
  return typeof present === 'string' || isNewer(record, present)
}
