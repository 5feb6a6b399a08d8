import { kadId, kadIdOfPeer } from '../identity/kad-id.ts'
import { mailboxPlace } from '../identity/mailbox-key.ts'
import { CUSTODIANS_PER_PLACE } from '../protocol/mailbox/letter-limits.ts'
import { type Candidate, nearestFirst } from '../protocol/mailbox/placement.ts'
import type { Clock } from '../system/clock.ts'
import type { Network, PeerAddresses, PeerIdText } from '../system/network.ts'
import { BoundedMap } from '../util/bounded-map.ts'
import { fromHex } from '../util/bytes.ts'
import { networksOf } from '../util/ip-network.ts'

/** Peers asked for: custodians, and as many who have been or may become one. */
const CLOSEST_PEERS: number = 2 * CUSTODIANS_PER_PLACE
/** Sets remembered, 1 MB since they share their candidates; the one looked up first gives way. *ours* */
const CLOSEST_SETS_MAX = 4_096
/** Peers met in lookups, or found without storage, that are remembered: 3 MB. The one met first gives way. *ours* */
const PEERS_MAX = 4_096
const LOOKUP_TIMEOUT_MS = 15_000
/** Peers that keep nothing for others are passed over for so long, one round; then they are tried again. *ours* */
const NO_STORAGE_MS = 3_600_000

/** The peers closest to a mailbox's place when it was last looked up, nearest first, this node among them. */
export interface ClosestSet {
  /** The mailbox's key in text. */
  readonly mailbox: string
  /** Its place as a Kademlia id. */
  readonly target: Uint8Array
  readonly candidates: readonly Candidate[]
  /** When it was looked up, monotonic. */
  readonly sinceMs: number
}

/** A peer as the last lookup that met it gave it. */
interface MetPeer {
  readonly addresses: readonly string[]
  readonly candidate: Candidate
}

export interface ClosestSetsComponents {
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>
  readonly network: Pick<Network, 'peerId' | 'closestPeers' | 'addresses'>
}

/** Looks up who is closest to the places of mailboxes, and remembers it. */
export class ClosestSets {
  readonly #components: ClosestSetsComponents
  readonly #self: Omit<Candidate, 'networks'>
  readonly #sets = new BoundedMap<string, ClosestSet>({ maxEntries: CLOSEST_SETS_MAX })
  readonly #peers = new BoundedMap<PeerIdText, MetPeer>({ maxEntries: PEERS_MAX })
  readonly #withoutStorage = new BoundedMap<PeerIdText, number>({ maxEntries: PEERS_MAX })
  readonly #stopping = new AbortController()

  /** `keepsStorage`: whether this node itself may be a custodian. */
  constructor(components: ClosestSetsComponents, keepsStorage: boolean) {
    this.#components = components
    const { peerId } = components.network
    this.#self = { peerId, kadId: kadIdOfPeer(peerId), storage: keepsStorage }
  }

  /** The sets that are remembered. */
  sets(): MapIterator<ClosestSet> {
    return this.#sets.values()
  }

  get(mailbox: string): ClosestSet | undefined {
    return this.#sets.get(mailbox)
  }

  /** A peer with the addresses that lookups gave. */
  peer(peerId: PeerIdText): PeerAddresses {
    return { peerId, addresses: this.#peers.get(peerId)?.addresses ?? [] }
  }

  /** A peer turned out to keep nothing for others. True: that is news. */
  hasNoStorage(peerId: PeerIdText): boolean {
    const isNews = this.#keepsStorage(peerId)
    this.#withoutStorage.set(peerId, this.#components.clock.monotonicMs() + NO_STORAGE_MS)
    return isNews
  }

  /** Looks up the place of a mailbox. Rejects when that fails or takes too long. */
  async lookup(mailbox: string): Promise<ClosestSet> {
    const { clock, network } = this.#components
    const place = mailboxPlace(fromHex(mailbox))
    const timeout = new AbortController()
    const timer = clock.schedule(LOOKUP_TIMEOUT_MS, () => timeout.abort(new Error('the lookup took too long')))
    try {
      const signal = AbortSignal.any([timeout.signal, this.#stopping.signal])
      const peers = await network.closestPeers(place, CLOSEST_PEERS, signal)
      const set = this.#setOf(mailbox, kadId(place), peers)
      this.#sets.set(mailbox, set)
      return set
    } finally {
      timer.cancel()
    }
  }

  /** Lookups fail from now on. */
  stop(): void {
    this.#stopping.abort(new Error('the node is stopping'))
  }

  #setOf(mailbox: string, target: Uint8Array, peers: readonly PeerAddresses[]): ClosestSet {
    const { clock, network } = this.#components
    const others = peers.filter(({ peerId }) => peerId !== network.peerId).map((peer) => this.#candidate(peer))
    const self = { ...this.#self, networks: networksOf(network.addresses()) }
    return { mailbox, target, candidates: nearestFirst(target, [self, ...others]), sinceMs: clock.monotonicMs() }
  }

  /** The same object in all sets, as long as it says the same. */
  #candidate({ peerId, addresses }: PeerAddresses): Candidate {
    const known = this.#peers.get(peerId)?.candidate
    const networks = networksOf(addresses)
    const storage = this.#keepsStorage(peerId)
    const isSame = known?.storage === storage && known.networks.join() === networks.join()
    const candidate = isSame ? known : { peerId, kadId: known?.kadId ?? kadIdOfPeer(peerId), networks, storage }
    this.#peers.set(peerId, { addresses, candidate })
    return candidate
  }

  #keepsStorage(peerId: PeerIdText): boolean {
    return this.#components.clock.monotonicMs() >= (this.#withoutStorage.get(peerId) ?? Number.NEGATIVE_INFINITY)
  }
}
