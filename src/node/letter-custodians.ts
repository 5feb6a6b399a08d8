import { kadId, kadIdOfPeer } from '../identity/kad-id.ts'
import { mailboxPlace } from '../identity/mailbox-key.ts'
import { CUSTODIANS_PER_PLACE, DEPOSIT_TARGETS_MAX } from '../protocol/mailbox/letter-limits.ts'
import { type Candidate, custodiansOf, nearestFirst } from '../protocol/mailbox/placement.ts'
import type { Clock } from '../system/clock.ts'
import { DialError, type Network, type PeerAddresses, type PeerIdText } from '../system/network.ts'
import { abortable } from '../util/abortable.ts'
import { BoundedMap } from '../util/bounded-map.ts'
import { toHex } from '../util/bytes.ts'
import { Gate } from '../util/gate.ts'
import { networksOf } from '../util/ip-network.ts'

/** Peers asked for: custodians, spares, and some that share a network or keep nothing. *ours* */
const CLOSEST_PEERS: number = DEPOSIT_TARGETS_MAX + CUSTODIANS_PER_PLACE
/** Lookups of mailboxes under way; each costs some 90 ms of processor time. *ours* */
const LOOKUPS_AT_ONCE_MAX = 8
/** Lookups that wait; above it they fail, to be repeated by whoever asked. *ours* */
const LOOKUPS_WAITING_MAX = 1_024
const LOOKUP_TIMEOUT_MS = 15_000
/** A lookup serves all letters of the next minutes to the same mailbox. *ours* */
const LOOKUP_FRESH_MS = 180_000
/** After a custodian could not be reached, only one this young still serves. *ours* */
const LOOKUP_DOUBTED_MS = 10_000
/** Lookups remembered; the one made first gives way. *ours* */
const LOOKUPS_CACHED_MAX = 1_024
/** A peer that keeps no letters is passed over for so long. *ours* */
const NO_STORAGE_MS = 3_600_000
const NO_STORAGE_PEERS_MAX = 4_096

interface Lookup {
  readonly peers: readonly PeerAddresses[]
  readonly sinceMs: number
}

export interface LetterCustodiansComponents {
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>
  readonly network: Pick<Network, 'peerId' | 'addresses' | 'closestPeers'>
}

/** The custodians of mailboxes as senders and recipients find them; shared lookups, remembered for some minutes. */
export class LetterCustodians {
  readonly #components: LetterCustodiansComponents
  readonly #keepsLetters: boolean
  readonly #lookups = new BoundedMap<string, Lookup>({ maxEntries: LOOKUPS_CACHED_MAX })
  readonly #running = new Map<string, Promise<readonly PeerAddresses[]>>()
  readonly #withoutStorage = new BoundedMap<PeerIdText, number>({ maxEntries: NO_STORAGE_PEERS_MAX })
  readonly #gate = new Gate({ maxInside: LOOKUPS_AT_ONCE_MAX, maxWaiting: LOOKUPS_WAITING_MAX })
  readonly #stopping = new AbortController()

  /** `keepsLetters`: this node is a custodian too, of whatever it is close to. */
  constructor(components: LetterCustodiansComponents, keepsLetters: boolean) {
    this.#components = components
    this.#keepsLetters = keepsLetters
  }

  /**
   * At most DEPOSIT_TARGETS_MAX, nearest first, one per /24 or /48: the first CUSTODIANS_PER_PLACE are the custodians, the
   * rest are next in line. This node may be among them. Empty when no other peer is known.
   *
   * @throws the signal's reason, DialError
   */
  async find(mailboxKey: Uint8Array, signal: AbortSignal): Promise<readonly PeerAddresses[]> {
    signal.throwIfAborted()
    const name = toHex(mailboxKey)
    const known = this.#lookups.get(name)
    const isFresh = known !== undefined && this.#ageMs(known) < LOOKUP_FRESH_MS
    const peers = isFresh ? known.peers : await abortable(this.#shared(name, mailboxKey), signal)
    return peers.length === 0 ? [] : this.#placed(mailboxKey, peers)
  }

  /** Somebody who was found could not be reached: the next one who asks should not be told the same. */
  doubt(mailboxKey: Uint8Array): void {
    const name = toHex(mailboxKey)
    const known = this.#lookups.get(name)
    if (known !== undefined && this.#ageMs(known) >= LOOKUP_DOUBTED_MS) {
      this.#lookups.delete(name)
    }
  }

  /** A peer said that it keeps nothing for others: another one is custodian in its place for the next hour. */
  hasNoStorage(peerId: PeerIdText): void {
    this.#withoutStorage.set(peerId, this.#components.clock.monotonicMs() + NO_STORAGE_MS)
  }

  /** The network is another one: whatever was found before may be wrong. */
  networkChanged(): void {
    this.#lookups.clear()
  }

  /** Ends all lookups and waits for them. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort(new DialError('stopped', 'the node is stopping'))
    await Promise.allSettled(this.#running.values())
  }

  #shared(name: string, mailboxKey: Uint8Array): Promise<readonly PeerAddresses[]> {
    const running = this.#running.get(name)
    if (running !== undefined) {
      return running
    }
    const lookup = this.#lookUp(name, mailboxKey).finally(() => this.#running.delete(name))
    this.#running.set(name, lookup)
    return lookup
  }

  async #lookUp(name: string, mailboxKey: Uint8Array): Promise<readonly PeerAddresses[]> {
    const { clock, network } = this.#components
    const leave = await this.#gate.enter(this.#stopping.signal)
    if (leave === undefined) {
      throw new DialError('limit', 'too many lookups wait')
    }
    const timeout = new AbortController()
    const timer = clock.schedule(LOOKUP_TIMEOUT_MS, () =>
      timeout.abort(new DialError('unreachable', 'the lookup took too long')),
    )
    try {
      const signal = AbortSignal.any([timeout.signal, this.#stopping.signal])
      const peers = await abortable(network.closestPeers(mailboxPlace(mailboxKey), CLOSEST_PEERS, signal), signal)
      if (peers.length > 0) {
        this.#lookups.set(name, { peers, sinceMs: clock.monotonicMs() })
      }
      return peers
    } finally {
      timer.cancel()
      leave()
    }
  }

  #placed(mailboxKey: Uint8Array, peers: readonly PeerAddresses[]): readonly PeerAddresses[] {
    const { network } = this.#components
    const self = { peerId: network.peerId, addresses: network.addresses() }
    const all = [...(this.#keepsLetters ? [self] : []), ...peers.filter(({ peerId }) => peerId !== self.peerId)]
    const candidates = all.map((peer) => ({ ...this.#candidate(peer), peer }))
    const nearest = nearestFirst(kadId(mailboxPlace(mailboxKey)), candidates)
    return custodiansOf(nearest, DEPOSIT_TARGETS_MAX).map(({ peer }) => peer)
  }

  #candidate({ peerId, addresses }: PeerAddresses): Candidate {
    const untilMs = this.#withoutStorage.get(peerId) ?? Number.NEGATIVE_INFINITY
    const storage = this.#components.clock.monotonicMs() >= untilMs
    return { peerId, kadId: kadIdOfPeer(peerId), networks: networksOf(addresses), storage }
  }

  #ageMs({ sinceMs }: Lookup): number {
    return this.#components.clock.monotonicMs() - sinceMs
  }
}
