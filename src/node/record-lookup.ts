import { type AccountRecord, isNewer, openAccountRecord, recordPlace } from '../identity/account-record.ts'
import { RecordError, type RecordProblem } from '../identity/record-error.ts'
import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Network, PeerAddresses } from '../system/network.ts'
import { BoundedMap } from '../util/bounded-map.ts'
import { toHex } from '../util/bytes.ts'
import { CUSTODIANS_PER_PLACE } from './custodians.ts'

/** After the first valid answer the others get so long: a custodian may have an older record than the rest. *ours* */
const LOOKUP_GRACE_MS = 1_000
/** Custodians that gave an older record are handed the newer one; so many at a time, further ones are left. *ours* */
const REPAIRS_MAX = 32
/** Ten custodians that had a record are asked again without looking for them, for so long: whoever waits for a contact asks every few minutes. *ours* */
export const CUSTODIANS_FRESH_MS: number = 15 * 60_000
/** Accounts whose custodians are remembered, 2 MB; the one looked for first gives way. *ours* */
const CUSTODIANS_REMEMBERED_MAX = 1_024

export interface RecordLookupComponents {
  readonly clock: Clock
  readonly network: Pick<Network, 'closestPeers'>
  readonly mailbox: Pick<MailboxClient, 'getRecord' | 'putRecord' | 'refuse'>
  readonly logger: Logger
}

export interface RecordLookupHandlers {
  /** A valid record was found, newer than those found before in this lookup; also after the lookup has resolved. */
  found(record: AccountRecord): void
  refused(reason: RecordProblem): void
}

/** One GET_RECORD round under way. */
interface Round {
  readonly publicKey: Uint8Array
  readonly answers: { readonly peer: PeerAddresses; readonly record: AccountRecord }[]
  best: AccountRecord | undefined
}

/** Who had the record of an account. */
interface Remembered {
  readonly peers: readonly PeerAddresses[]
  readonly sinceMs: number
}

/** Asks the custodians of an account for its record. */
export class RecordLookup {
  readonly #components: RecordLookupComponents
  readonly #handlers: RecordLookupHandlers
  readonly #remembered = new BoundedMap<string, Remembered>({ maxEntries: CUSTODIANS_REMEMBERED_MAX })
  #repairs = 0

  constructor(components: RecordLookupComponents, handlers: RecordLookupHandlers) {
    this.#components = components
    this.#handlers = handlers
  }

  /**
   * The newest valid record the custodians have: of all of them, or of those that answer within a second of the first.
   * Whoever answers later is heard through `found`. Resolves with what there is when `signal` aborts.
   */
  async find(publicKey: Uint8Array, signal: AbortSignal): Promise<AccountRecord | undefined> {
    const name = toHex(publicKey)
    const known = this.#remembered.get(name)
    if (known !== undefined && this.#components.clock.monotonicMs() - known.sinceMs < CUSTODIANS_FRESH_MS) {
      const best = await this.#round(publicKey, known.peers, signal)
      if (best !== undefined || signal.aborted) {
        return best
      }
    }
    this.#remembered.delete(name)
    const sinceMs = this.#components.clock.monotonicMs()
    const peers = await this.#custodians(publicKey, signal)
    const best = await this.#round(publicKey, peers, signal)
    // A small network grows: fewer than it takes are looked for again each time.
    if (best !== undefined && peers.length >= CUSTODIANS_PER_PLACE) {
      this.#remembered.set(name, { peers, sinceMs })
    }
    return best
  }

  /** Asks all `peers`; gives the newest record as far as it came in time. */
  async #round(
    publicKey: Uint8Array,
    peers: readonly PeerAddresses[],
    signal: AbortSignal,
  ): Promise<AccountRecord | undefined> {
    const round: Round = { publicKey, answers: [], best: undefined }
    const { promise: enough, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve(), { once: true })
    let grace: { cancel(): void } | undefined
    const asked = peers.map(async (peer) => {
      await this.#ask(peer, round, signal)
      if (round.best !== undefined) {
        grace ??= this.#components.clock.schedule(LOOKUP_GRACE_MS, resolve)
      }
    })
    const all = Promise.all(asked).then(() => {
      grace?.cancel()
      this.#repair(round, signal)
    })
    await Promise.race([all, enough])
    return round.best
  }

  async #custodians(publicKey: Uint8Array, signal: AbortSignal): Promise<readonly PeerAddresses[]> {
    try {
      return await this.#components.network.closestPeers(recordPlace(publicKey), CUSTODIANS_PER_PLACE, signal)
    } catch (error) {
      this.#components.logger.debug('custodians not found', { reason: String(error) })
      return []
    }
  }

  /** Never rejects: one custodian that fails is no failure. */
  async #ask(peer: PeerAddresses, round: Round, signal: AbortSignal): Promise<void> {
    const { clock, mailbox, logger } = this.#components
    try {
      const bytes = await mailbox.getRecord(peer, round.publicKey, signal)
      if (bytes === undefined) {
        return
      }
      const record = openAccountRecord(bytes, { nowMs: clock.wallMs(), publicKey: round.publicKey })
      round.answers.push({ peer, record })
      if (round.best === undefined || isNewer(record, round.best)) {
        round.best = record
        this.#handlers.found(record)
      }
    } catch (error) {
      if (error instanceof RecordError) {
        this.#refuse(peer, error.reason)
      } else {
        logger.debug('custodian did not answer', { peer: peer.peerId, reason: String(error) })
      }
    }
  }

  #refuse(peer: PeerAddresses, reason: RecordProblem): void {
    this.#handlers.refused(reason)
    // Clocks differ: a record that has just expired, or not yet begun, is no sign of bad faith.
    if (reason !== 'expired' && reason !== 'not-yet-valid') {
      this.#components.mailbox.refuse(peer.peerId, reason)
    }
  }

  #repair(round: Round, signal: AbortSignal): void {
    const { best } = round
    for (const { peer, record } of round.answers) {
      if (best !== undefined && isNewer(best, record) && this.#repairs < REPAIRS_MAX) {
        this.#repairs++
        void this.#give(peer, best, signal)
      }
    }
  }

  async #give(peer: PeerAddresses, record: AccountRecord, signal: AbortSignal): Promise<void> {
    const { mailbox, logger } = this.#components
    try {
      const outcome = await mailbox.putRecord(peer, record.encoded, signal)
      logger.debug('older record replaced', { peer: peer.peerId, outcome })
    } catch (error) {
      logger.debug('older record not replaced', { peer: peer.peerId, reason: String(error) })
    } finally {
      this.#repairs--
    }
  }
}
