import { kadIdOfPeer } from '../identity/kad-id.ts'
import { CUSTODIANS_PER_PLACE } from '../protocol/mailbox/letter-limits.ts'
import { compareDistance } from '../protocol/mailbox/placement.ts'
import type { Clock, Timer } from '../system/clock.ts'
import type { Network, NetworkEvent, PeerIdText } from '../system/network.ts'
import type { ClosestSet, ClosestSets } from './closest-sets.ts'

/** Peers that come and go are looked at together after so long: most who go come back at once. *ours* */
const SETTLE_MS = 30_000
/** Peers looked at together; further ones are left to the hourly round. *ours* */
const CHANGED_PEERS_MAX = 64
/** Mailboxes refreshed together, likewise. *ours* */
const REFRESHED_MAILBOXES_MAX = 256

/** Watches who connects and disconnects, and tells of mailboxes whose closest peers have probably changed. */
export class Neighbourhood {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #network: Pick<Network, 'subscribe' | 'connectedPeers'>
  readonly #closest: ClosestSets
  readonly #onChanged: (mailbox: string) => void
  readonly #changed = new Set<PeerIdText>()
  #timer: Timer | undefined
  #unsubscribe: (() => void) | undefined

  constructor(
    components: {
      clock: Pick<Clock, 'schedule'>
      network: Pick<Network, 'subscribe' | 'connectedPeers'>
      closest: ClosestSets
    },
    onChanged: (mailbox: string) => void,
  ) {
    this.#clock = components.clock
    this.#network = components.network
    this.#closest = components.closest
    this.#onChanged = onChanged
  }

  /** Idempotent. */
  start(): void {
    this.#unsubscribe ??= this.#network.subscribe((event) => this.#onNetwork(event))
  }

  /** Idempotent. */
  stop(): void {
    this.#unsubscribe?.()
    this.#timer?.cancel()
  }

  #onNetwork(event: NetworkEvent): void {
    const isComing = event.type === 'peer-connected' || event.type === 'peer-disconnected'
    if (isComing && this.#changed.size < CHANGED_PEERS_MAX) {
      this.#changed.add(event.peerId)
      this.#timer ??= this.#clock.schedule(SETTLE_MS, () => this.#settle())
    }
  }

  #settle(): void {
    this.#timer = undefined
    const connected = new Set(this.#network.connectedPeers())
    const peers = [...this.#changed].map((peerId) => {
      return { peerId, kadId: kadIdOfPeer(peerId), isConnected: connected.has(peerId) }
    })
    this.#changed.clear()
    const mailboxes = [...this.#closest.sets()]
      .filter((set) => peers.some((peer) => concerns(set, peer)))
      .slice(0, REFRESHED_MAILBOXES_MAX)
    for (const { mailbox } of mailboxes) {
      this.#onChanged(mailbox)
    }
  }
}

/** Whether one of the nearest is gone, or somebody came who is nearer than some of them. */
function concerns(
  { candidates, target }: ClosestSet,
  { peerId, kadId, isConnected }: { peerId: PeerIdText; kadId: Uint8Array; isConnected: boolean },
): boolean {
  const nearest = candidates.slice(0, CUSTODIANS_PER_PLACE)
  const isAmong = nearest.some((candidate) => candidate.peerId === peerId)
  if (isAmong || !isConnected) {
    return isAmong && !isConnected
  }
  const farthest = nearest.at(-1)
  const isFull = nearest.length === CUSTODIANS_PER_PLACE && farthest !== undefined
  return !isFull || compareDistance(target, kadId, farthest.kadId) < 0
}
