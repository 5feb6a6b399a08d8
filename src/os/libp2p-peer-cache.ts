import type { Peer, PeerData, PeerId, PeerStore } from '@libp2p/interface'
import type { Clock } from '../system/clock.ts'
import { MAX_CACHED_PEERS, PEER_CACHE_AGE_MS, PEER_REFRESH_INTERVAL_MS } from './libp2p-limits.ts'

interface Entry {
  readonly peer: Peer
  readonly readMs: number
  /** When it was last written; undefined if it has only been read since the start. */
  readonly writtenMs: number | undefined
}

/**
 * Puts a cache in front of libp2p's peer store. By itself it takes a lock, reads and decodes for each of the 20 peers
 * of every DHT answer, and writes to the disk for every stream, mostly what is there already: a merge that changes
 * nothing is skipped here, but for one an hour, by which the peer store sees that the peer is still in use.
 */
export function cachePeers(peerStore: PeerStore, clock: Pick<Clock, 'monotonicMs'>): void {
  const cache = new PeerCache(clock)
  const { get, merge, patch, save, delete: remove } = bound(peerStore)
  peerStore.get = async (id, options) => {
    options?.signal?.throwIfAborted()
    return cache.peer(id) ?? cache.read(id, await get(id, options))
  }
  peerStore.merge = async (id, data, options) => {
    options?.signal?.throwIfAborted()
    return cache.unchangedBy(id, data) ?? (await cache.write(id, () => merge(id, data, options)))
  }
  peerStore.patch = async (id, data, options) => await cache.write(id, () => patch(id, data, options))
  peerStore.save = async (id, data, options) => await cache.write(id, () => save(id, data, options))
  peerStore.delete = async (id, options) => {
    await cache.write(id, async () => {
      await remove(id, options)
      return undefined
    })
  }
}

class PeerCache {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #entries = new Map<string, Entry>()
  /** Writes under way: until they end nothing is known of the peer. */
  readonly #writing = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  peer(id: PeerId): Peer | undefined {
    const entry = this.#fresh(id.toString())
    return entry === undefined ? undefined : copyOf(entry.peer)
  }

  /** The peer, if merging `data` would not change it. */
  unchangedBy(id: PeerId, data: PeerData): Peer | undefined {
    const entry = this.#fresh(id.toString())
    const isRecent =
      entry?.writtenMs !== undefined && this.#clock.monotonicMs() - entry.writtenMs < PEER_REFRESH_INTERVAL_MS
    return isRecent && isWithin(entry.peer, data) ? copyOf(entry.peer) : undefined
  }

  read(id: PeerId, peer: Peer): Peer {
    const key = id.toString()
    if (!this.#writing.has(key)) {
      this.#remember(key, { peer, readMs: this.#clock.monotonicMs(), writtenMs: this.#entries.get(key)?.writtenMs })
    }
    return copyOf(peer)
  }

  /** Does the write, and remembers what it gives if no other is under way at its end. */
  async write<Result extends Peer | undefined>(id: PeerId, act: () => Promise<Result>): Promise<Result> {
    const key = id.toString()
    this.#entries.delete(key)
    this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1)
    let result: Result | undefined
    try {
      result = await act()
      return result
    } finally {
      const others = (this.#writing.get(key) ?? 1) - 1
      if (others > 0) {
        this.#writing.set(key, others)
      } else {
        this.#writing.delete(key)
        const nowMs = this.#clock.monotonicMs()
        if (result !== undefined) {
          this.#remember(key, { peer: copyOf(result), readMs: nowMs, writtenMs: nowMs })
        }
      }
    }
  }

  #fresh(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && this.#clock.monotonicMs() - entry.readMs < PEER_CACHE_AGE_MS ? entry : undefined
  }

  #remember(key: string, entry: Entry): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const oldest = this.#entries.size > MAX_CACHED_PEERS ? this.#entries.keys().next().value : undefined
    if (oldest !== undefined) {
      this.#entries.delete(oldest)
    }
  }
}

type Methods = Pick<PeerStore, 'get' | 'merge' | 'patch' | 'save' | 'delete'>

function bound(peerStore: PeerStore): Methods {
  return {
    get: peerStore.get.bind(peerStore),
    merge: peerStore.merge.bind(peerStore),
    patch: peerStore.patch.bind(peerStore),
    save: peerStore.save.bind(peerStore),
    delete: peerStore.delete.bind(peerStore),
  }
}

/** Whether `peer` has all of `data` already; only of what is merged often. */
function isWithin(peer: Peer, data: PeerData): boolean {
  const { protocols = [], multiaddrs = [], tags = {}, ...rest } = data
  return (
    Object.values(rest).every((value) => value === undefined) &&
    protocols.every((protocol) => peer.protocols.includes(protocol)) &&
    multiaddrs.every((address) => peer.addresses.some(({ multiaddr }) => multiaddr.equals(address))) &&
    (tags instanceof Map ? [...tags] : Object.entries(tags)).every(([name, tag]) => {
      const known = peer.tags.get(name)
      return tag === undefined
        ? known === undefined
        : known !== undefined && tag.ttl === undefined && known.value === (tag.value ?? 0)
    })
  )
}

/** Whoever asks may change what he is given. */
function copyOf(peer: Peer): Peer {
  return {
    ...peer,
    addresses: [...peer.addresses],
    protocols: [...peer.protocols],
    metadata: new Map(peer.metadata),
    tags: new Map(peer.tags),
  }
}
