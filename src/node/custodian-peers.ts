import type { Clock } from '../system/clock.ts'
import type { PeerIdText } from '../system/network.ts'
import { toHex } from '../util/bytes.ts'
import { Gate } from '../util/gate.ts'
import { Listeners } from '../util/listeners.ts'
import { RateLimiter } from '../util/rate-limiter.ts'
import type { ClosestSet, ClosestSets } from './closest-sets.ts'

/** Who was in a set counts for so long, two rounds of replication; then it is looked up again. *ours* */
const MEMBER_MS = 7_200_000
/** Who was not in a set may be a newcomer: it is looked up again, but not sooner than this. *ours* */
const STRANGER_MS = 60_000
/** Lookups that others make this node do, at once and waiting; above that the answer is no. *ours* */
const LOOKUPS_MAX = 4
const LOOKUPS_WAITING_MAX = 256
/** The same in a burst and per second afterwards, of all: a quarter of a core. *ours* */
const LOOKUPS_BURST = 512
const LOOKUPS_PER_SECOND = 4
/** And of one peer, which may have many mailboxes to hand over. *ours* */
const PEER_LOOKUPS_BURST = 128
const PEER_LOOKUPS_PER_SECOND = 1
/** Peers whose lookups are counted; the one idle longest is forgotten. *ours* */
const LIMITED_PEERS_MAX = 4_096
const ALL = ''

/** Answers whether peers may take part in keeping a mailbox. Others ask, so what that costs is bounded. */
export class CustodianPeers {
  /** Peers of whom it was true, hence awake. */
  readonly heard: Listeners<PeerIdText> = new Listeners<PeerIdText>()
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #closest: ClosestSets
  readonly #lookups = new Map<string, Promise<ClosestSet | undefined>>()
  readonly #gate = new Gate({ maxInside: LOOKUPS_MAX, maxWaiting: LOOKUPS_WAITING_MAX })
  readonly #all: RateLimiter
  readonly #perPeer: RateLimiter
  readonly #stopping = new AbortController()

  constructor(clock: Pick<Clock, 'monotonicMs'>, closest: ClosestSets) {
    this.#clock = clock
    this.#closest = closest
    this.#all = new RateLimiter(clock, { capacity: LOOKUPS_BURST, refillPerSecond: LOOKUPS_PER_SECOND, maxKeys: 1 })
    this.#perPeer = new RateLimiter(clock, {
      capacity: PEER_LOOKUPS_BURST,
      refillPerSecond: PEER_LOOKUPS_PER_SECOND,
      maxKeys: LIMITED_PEERS_MAX,
    })
  }

  /** Whether the peer is among the 20 closest to the mailbox's place, as far as this node knows. */
  async includes(mailboxKey: Uint8Array, peerId: PeerIdText): Promise<boolean> {
    const mailbox = toHex(mailboxKey)
    const known = this.#closest.get(mailbox)
    const ageMs = this.#clock.monotonicMs() - (known?.sinceMs ?? Number.NEGATIVE_INFINITY)
    const isEnough = ageMs < (isIn(known, peerId) ? MEMBER_MS : STRANGER_MS)
    const answer = isIn(isEnough ? known : ((await this.#lookup(mailbox, peerId)) ?? known), peerId)
    if (answer) {
      this.heard.emit(peerId)
    }
    return answer
  }

  /** Lookups that wait are given up. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node is stopping'))
    await Promise.all(this.#lookups.values())
  }

  /** One lookup for all who ask about the same mailbox; undefined when there is none. */
  #lookup(mailbox: string, peerId: PeerIdText): Promise<ClosestSet | undefined> {
    const running = this.#lookups.get(mailbox)
    if (running !== undefined) {
      return running
    }
    if (!this.#perPeer.take(peerId) || !this.#all.take(ALL)) {
      return Promise.resolve(undefined)
    }
    const lookup = this.#pass(mailbox).finally(() => this.#lookups.delete(mailbox))
    this.#lookups.set(mailbox, lookup)
    return lookup
  }

  async #pass(mailbox: string): Promise<ClosestSet | undefined> {
    let leave: (() => void) | undefined
    try {
      leave = await this.#gate.enter(this.#stopping.signal)
      return leave && (await this.#closest.lookup(mailbox))
    } catch {
      // A lookup fails while this node has no network; then it knows nobody.
      return undefined
    } finally {
      leave?.()
    }
  }
}

function isIn(set: ClosestSet | undefined, peerId: PeerIdText): boolean {
  return set?.candidates.some((candidate) => candidate.peerId === peerId) ?? false
}
