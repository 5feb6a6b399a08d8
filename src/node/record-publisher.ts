import type { AccountKey } from '../identity/account-key.ts'
import {
  type AccountRecord,
  isNewer,
  openAccountRecord,
  RECORD_VALIDITY_MS,
  recordPlace,
  signAccountRecord,
} from '../identity/account-record.ts'
import type { Profile } from '../identity/account-record-message.ts'
import { kadIdOfPeer } from '../identity/kad-id.ts'
import { RecordError } from '../identity/record-error.ts'
import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { RecordRefusal } from '../protocol/mailbox/messages.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Network, PeerAddresses } from '../system/network.ts'
import type { Store } from '../system/store.ts'
import { CUSTODIANS_PER_PLACE } from './custodians.ts'
import type { Custody } from './custody.ts'
import { type LettersPart, nextContent, saysTheSame } from './record-content.ts'
import { putRecordRow, recordRow } from './record-rows.ts'
import { accountRecordsTable } from './tables/records.ts'

/** A record is renewed and put again so often. protocols.md, "Account record" */
export const REPUBLISH_INTERVAL_MS: number = 22 * 3_600_000
/** Custodians are looked for so long at most. *ours* */
const CUSTODIANS_TIMEOUT_MS = 30_000
/** Times one publication starts over because a custodian knows a newer record: another device is publishing too. *ours* */
const OVERTAKEN_MAX = 3

/** An account served here. */
export interface PublishedAccount {
  readonly key: AccountKey
  /** Undefined leaves the published one as it is. */
  readonly nickname?: string | undefined
}

export interface RecordPublisherComponents {
  readonly clock: Clock
  readonly store: Store
  readonly network: Pick<Network, 'peerId' | 'addresses' | 'closestPeers'>
  readonly mailbox: Pick<MailboxClient, 'putRecord'>
  readonly logger: Logger
}

export interface RecordPublisherInit {
  /** This node's own. */
  readonly custody: Pick<Custody, 'keepsStorage' | 'put'>
  /** Words of what this node can do. */
  readonly capabilities: readonly string[]
  /** What the record is to say for those who seal letters; undefined leaves that as it is. */
  letters(): LettersPart | undefined
  /** What the owner set here to be shown to everybody, if he ever did. */
  profile(): Profile | undefined
  /** The newest record of the account known here. */
  known(): AccountRecord | undefined
  /** The same after asking the network. */
  lookup(signal: AbortSignal): Promise<AccountRecord | undefined>
  /** The account's record is now this one; it is on disk. */
  changed(record: AccountRecord): void
}

/** Builds, keeps and distributes the record of one account served here. One publication at a time. */
export class RecordPublisher {
  readonly #components: RecordPublisherComponents
  readonly #init: RecordPublisherInit
  readonly #kadId: Uint8Array
  /** Custodians that confirmed the current record, at most those of two closest sets. */
  readonly #holders = new Set<string>()
  #account: PublishedAccount
  #own: AccountRecord | undefined
  /** The highest sequence ever used here, also after that record has expired; 0 before the first. */
  #sequence: number
  #custodians = 0

  constructor(components: RecordPublisherComponents, account: PublishedAccount, init: RecordPublisherInit) {
    this.#components = components
    this.#account = account
    this.#init = init
    this.#kadId = kadIdOfPeer(components.network.peerId)
    const row = components.store.read.get(accountRecordsTable, ['own', account.key.publicKey])
    this.#sequence = row?.sequence ?? 0
    this.#own = row && openUnexpired(row.bytes, components.clock.wallMs())
  }

  /** The record as last published from here, if it is still valid. */
  get own(): AccountRecord | undefined {
    const isValid = this.#own !== undefined && this.#own.expiresMs > this.#components.clock.wallMs()
    return isValid ? this.#own : undefined
  }

  /** Custodians that held the current record at its last publication, this node included. */
  get custodians(): number {
    return this.#custodians
  }

  set account(account: PublishedAccount) {
    this.#account = account
  }

  /**
   * Renews the record if it has something new to say or is old, and puts it to the custodians that have not confirmed it
   * yet; with `again`, to all of them. Resolves with the number of custodians that hold it.
   *
   * @throws the signal's reason; StoreError; RecordError `too-large`
   */
  async publish(signal: AbortSignal, options: { readonly again?: boolean } = {}): Promise<number> {
    if (options.again === true) {
      this.#holders.clear()
    }
    if (this.#sequence === 0) {
      await this.#init.lookup(signal)
    }
    for (let round = 0; ; round++) {
      const record = await this.#renew()
      signal.throwIfAborted()
      const isOvertaken = await this.#distribute(record, signal)
      if (!isOvertaken || round === OVERTAKEN_MAX) {
        return this.#custodians
      }
      const newest = await this.#init.lookup(signal)
      if (newest === undefined || !isNewer(newest, record)) {
        return this.#custodians
      }
    }
  }

  async #renew(): Promise<AccountRecord> {
    const { clock, network } = this.#components
    const nowMs = clock.wallMs()
    const { peerId } = network
    const current = newest(this.own, this.#init.known())
    const { key, nickname } = this.#account
    const { capabilities } = this.#init
    const shown = { nickname, profile: this.#init.profile(), letters: this.#init.letters() }
    const own = { peerId, addresses: network.addresses(), capabilities, ...shown }
    const content = nextContent(current, own, nowMs)
    if (current !== undefined && saysTheSame(current, content, nowMs) && isFresh(current, peerId, nowMs)) {
      return current === this.#own ? current : await this.#adopt(current)
    }
    const sequence = Math.max(this.#sequence, current?.sequence ?? 0) + 1
    const times = { issuedMs: nowMs, expiresMs: nowMs + RECORD_VALIDITY_MS }
    const encoded = signAccountRecord(key, { ...content, ...times, sequence })
    return await this.#adopt(openAccountRecord(encoded, { nowMs, publicKey: key.publicKey }))
  }

  /** On disk before anybody sees it: after a restart the sequence never goes back. */
  async #adopt(record: AccountRecord): Promise<AccountRecord> {
    const { store, clock } = this.#components
    const at = { kadId: this.#kadId, expiresMs: record.expiresMs, seenMs: clock.wallMs() }
    await store.transaction((transaction) => putRecordRow(transaction, recordRow('own', record, at)))
    this.#own = record
    this.#sequence = record.sequence
    this.#holders.clear()
    this.#init.changed(record)
    return record
  }

  /** True if a custodian has a newer record. */
  async #distribute(record: AccountRecord, signal: AbortSignal): Promise<boolean> {
    const { network, logger } = this.#components
    const { custody } = this.#init
    const peers = await this.#closest(record, signal)
    const outcomes = await Promise.all(peers.map((peer) => this.#putTo(peer, record, signal)))
    signal.throwIfAborted()
    const here = custody.keepsStorage ? await custody.put(record.encoded, network.peerId) : 'no-storage'
    // Those that are no custodians any more are forgotten, so the set stays as small as the closest set.
    const closest = new Set(peers.map(({ peerId }) => peerId))
    for (const holder of this.#holders) {
      if (!closest.has(holder)) {
        this.#holders.delete(holder)
      }
    }
    this.#custodians = this.#holders.size + (here === 'stored' ? 1 : 0)
    logger.debug('account record published', { sequence: record.sequence, custodians: this.#custodians })
    return [...outcomes, here].includes('older')
  }

  async #closest(record: AccountRecord, signal: AbortSignal): Promise<readonly PeerAddresses[]> {
    const { clock, network, logger } = this.#components
    const late = new AbortController()
    const timer = clock.schedule(CUSTODIANS_TIMEOUT_MS, () => late.abort(new Error('no custodians in time')))
    try {
      const either = AbortSignal.any([signal, late.signal])
      return await network.closestPeers(recordPlace(record.publicKey), CUSTODIANS_PER_PLACE, either)
    } catch (error) {
      logger.debug('custodians not found', { reason: String(error) })
      return []
    } finally {
      timer.cancel()
    }
  }

  async #putTo(
    peer: PeerAddresses,
    record: AccountRecord,
    signal: AbortSignal,
  ): Promise<'stored' | RecordRefusal | undefined> {
    if (this.#holders.has(peer.peerId)) {
      return 'stored'
    }
    try {
      const outcome = await this.#components.mailbox.putRecord(peer, record.encoded, signal)
      if (outcome === 'stored') {
        this.#holders.add(peer.peerId)
      }
      return outcome
    } catch (error) {
      this.#components.logger.debug('record not put', { peer: peer.peerId, reason: String(error) })
      return undefined
    }
  }
}

function openUnexpired(bytes: Uint8Array, nowMs: number): AccountRecord | undefined {
  try {
    return openAccountRecord(bytes, { nowMs })
  } catch (error) {
    if (error instanceof RecordError) {
      return undefined
    }
    throw error
  }
}

function newest(a: AccountRecord | undefined, b: AccountRecord | undefined): AccountRecord | undefined {
  return a === undefined || (b !== undefined && isNewer(b, a)) ? b : a
}

/** This node's entry was renewed lately; a date far in the future is no better than an old one. */
function isFresh(record: AccountRecord, peerId: string, nowMs: number): boolean {
  const entry = record.nodes.find((node) => node.peerId === peerId)
  return entry !== undefined && Math.abs(nowMs - entry.updatedMs) < REPUBLISH_INTERVAL_MS
}
