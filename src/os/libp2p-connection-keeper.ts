import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import {
  DIAL_TIMEOUT_MS,
  KEEPER_MAX_WAIT_MS,
  KEEPER_MIN_WAIT_MS,
  MAX_KNOWN_PEERS_TRIED,
  MAX_LAN_PEERS_WAITING,
  MIN_CONNECTIONS,
} from './libp2p-limits.ts'

/** What the keeper of connections needs. */
export interface ConnectionKeeperComponents {
  readonly clock: Pick<Clock, 'sleep' | 'timeoutSignal'>
  readonly random: Pick<Random, 'uniform'>
  /** The user's bootstrap peers. */
  readonly bootstrap: readonly { readonly peerId: string; readonly address: Multiaddr }[]
  readonly connectedPeers: () => readonly string[]
  /** Peers of earlier days that were members of the DHT. */
  readonly knownPeers: () => Promise<readonly PeerId[]>
  readonly dial: (target: PeerId | Multiaddr | Multiaddr[], signal: AbortSignal) => Promise<unknown>
}

/**
 * Keeps a node in the network: while it has fewer than a few connections it dials bootstrap peers and random peers
 * that it knew before, again and again with growing waits. Random ones, because a network whose newcomers all dial the
 * same three nodes breaks when these are full (measured at 1,000 nodes).
 */
export class ConnectionKeeper {
  readonly #components: ConnectionKeeperComponents
  readonly #stopping = new AbortController()
  readonly #lan: PeerInfo[] = []
  readonly #running: Promise<void>
  #wake = new AbortController()

  constructor(components: ConnectionKeeperComponents) {
    this.#components = components
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the network stops'))
    await this.#running
  }

  /** A peer is gone: look at once whether another is needed. */
  wake(): void {
    this.#wake.abort()
  }

  /** A peer of the LAN made itself known. */
  offer(peer: PeerInfo): void {
    const waits = this.#lan.some(({ id }) => id.equals(peer.id))
    const connected = this.#components.connectedPeers().includes(peer.id.toString())
    if (!waits && !connected && this.#lan.length < MAX_LAN_PEERS_WAITING) {
      this.#lan.push(peer)
      this.wake()
    }
  }

  async #run(): Promise<void> {
    let waitMs = KEEPER_MIN_WAIT_MS
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController()
      const before = this.#components.connectedPeers().length
      try {
        await this.#round()
      } catch {
        // The peer store failed; the next round tries again.
      }
      const gained = this.#components.connectedPeers().length > before
      waitMs = gained ? KEEPER_MIN_WAIT_MS : Math.min(2 * waitMs, KEEPER_MAX_WAIT_MS)
      await this.#pause(waitMs)
    }
  }

  /** At least the shortest wait even if woken, so that a flapping peer cannot make this loop spin. */
  async #pause(waitMs: number): Promise<void> {
    const { clock, random } = this.#components
    const jitterMs = random.uniform(KEEPER_MIN_WAIT_MS)
    try {
      await clock.sleep(KEEPER_MIN_WAIT_MS / 2 + jitterMs, this.#stopping.signal)
      await clock.sleep(waitMs, AbortSignal.any([this.#stopping.signal, this.#wake.signal]))
    } catch {
      // Woken or stopped: both mean to look again.
    }
  }

  async #round(): Promise<void> {
    const dials = this.#lan.splice(0).map((peer) => this.#dial(peer.multiaddrs.map((a) => withPeer(a, peer.id))))
    const connected = new Set(this.#components.connectedPeers())
    if (connected.size < MIN_CONNECTIONS) {
      for (const { peerId, address } of this.#components.bootstrap) {
        if (!connected.has(peerId)) {
          dials.push(this.#dial(address))
        }
      }
      const known = (await this.#components.knownPeers()).filter((peer) => !connected.has(peer.toString()))
      for (let tried = 0; tried < MAX_KNOWN_PEERS_TRIED && known.length > 0; tried++) {
        const [peer] = known.splice(this.#components.random.uniform(known.length), 1)
        if (peer !== undefined) {
          dials.push(this.#dial(peer))
        }
      }
    }
    await Promise.all(dials)
  }

  async #dial(target: PeerId | Multiaddr | Multiaddr[]): Promise<void> {
    const { clock, dial } = this.#components
    try {
      await dial(target, AbortSignal.any([this.#stopping.signal, clock.timeoutSignal(DIAL_TIMEOUT_MS)]))
    } catch {
      // Not there now: the next round tries again.
    }
  }
}

function withPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  return address.encapsulate(`/p2p/${peer.toString()}`)
}
