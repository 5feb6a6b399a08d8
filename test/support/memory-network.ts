import { createHash } from 'node:crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Clock } from '../../src/system/clock.ts'
import {
  DialError,
  type Network,
  type NetworkEvent,
  type NetworkStream,
  type Path,
  type PeerAddresses,
  type PeerIdText,
  type Reachability,
  type ReachReport,
  type StreamHandler,
  type StreamLimits,
} from '../../src/system/network.ts'
import { type MemoryStream, memoryStreamPair } from './memory-stream.ts'

/** An open stream between two peers of a world. */
interface OpenStream {
  readonly dialler: PeerIdText
  readonly listener: PeerIdText
  readonly protocol: string
  readonly breakBoth: (reason: Error) => void
}

/** A network of peers in one process, on the clock it is given. Every peer knows every other that is online. */
export class MemoryWorld {
  readonly clock: Clock
  readonly latencyMs: number
  readonly #networks = new Map<PeerIdText, MemoryNetwork>()
  readonly #offline = new Set<PeerIdText>()
  readonly #partitions = new Set<string>()
  /** Pairs that find each other through a relay only. */
  readonly #relayed = new Set<string>()
  readonly #connections = new Set<string>()
  readonly #streams = new Set<OpenStream>()

  constructor(clock: Clock, options: { latencyMs?: number } = {}) {
    this.clock = clock
    this.latencyMs = options.latencyMs ?? 1
  }

  /** A peer of this world; one that was killed or stopped may be created again. */
  createNetwork(peerId: PeerIdText): MemoryNetwork {
    const network = new MemoryNetwork(this, peerId)
    this.#networks.set(peerId, network)
    return network
  }

  /** The peer is gone without a word: its streams break at both ends, and nobody reaches it. */
  kill(peerId: PeerIdText): void {
    this.#networks.get(peerId)?.die()
    this.#networks.delete(peerId)
    this.#disconnect((one, other) => one === peerId || other === peerId)
  }

  /** Cuts a peer off from everybody, or connects it again. */
  setOffline(peerId: PeerIdText, offline: boolean): void {
    if (offline) {
      this.#offline.add(peerId)
      this.#disconnect((one, other) => one === peerId || other === peerId)
    } else {
      this.#offline.delete(peerId)
    }
  }

  /** Cuts two peers off from each other, or connects them again. */
  setPartitioned(one: PeerIdText, other: PeerIdText, partitioned: boolean): void {
    if (partitioned) {
      this.#partitions.add(pairKey(one, other))
      this.#disconnect((left, right) => pairKey(left, right) === pairKey(one, other))
    } else {
      this.#partitions.delete(pairKey(one, other))
    }
  }

  /** Whether two peers have only a relayed connection; streams that are open stay as they are. Both hear of the change. */
  setRelayed(one: PeerIdText, other: PeerIdText, relayed: boolean): void {
    if (relayed) {
      this.#relayed.add(pairKey(one, other))
    } else {
      this.#relayed.delete(pairKey(one, other))
    }
    if (this.#connections.has(pairKey(one, other))) {
      const path = this.pathOf(one, other)
      this.#networks.get(one)?.emit({ type: 'path-changed', peerId: other, path })
      this.#networks.get(other)?.emit({ type: 'path-changed', peerId: one, path })
    }
  }

  pathOf(one: PeerIdText, other: PeerIdText): Path {
    return this.#relayed.has(pairKey(one, other)) ? 'relayed' : 'direct'
  }

  /** The running peer `to`, if `from` can reach it now. */
  reach(from: PeerIdText, to: PeerIdText): MemoryNetwork | undefined {
    const cut = this.#offline.has(from) || this.#offline.has(to) || this.#partitions.has(pairKey(from, to))
    const network = this.#networks.get(to)
    return cut || from === to || network?.running !== true ? undefined : network
  }

  /** All running peers that `from` can reach. */
  peersOf(from: PeerIdText): PeerIdText[] {
    return [...this.#networks.keys()].filter((peerId) => this.reach(from, peerId) !== undefined)
  }

  connectedTo(peerId: PeerIdText): PeerIdText[] {
    return [...this.#connections]
      .map((key) => key.split(' '))
      .filter((pair) => pair.includes(peerId))
      .map(([one, other]) => (one === peerId ? other! : one!))
  }

  openStream(from: MemoryNetwork, to: MemoryNetwork, protocol: string): MemoryStream {
    const { handler, limits } = to.handlerOf(protocol) ?? {}
    if (handler === undefined || limits === undefined) {
      throw new DialError('unsupported-protocol', `${to.peerId} does not speak ${protocol}`)
    }
    const open = [...this.#streams].filter(
      (stream) => stream.dialler === from.peerId && stream.listener === to.peerId && stream.protocol === protocol,
    )
    const outboundLimit = from.handlerOf(protocol)?.limits.maxOutboundStreamsPerPeer ?? Number.POSITIVE_INFINITY
    if (open.length >= Math.min(limits.maxInboundStreamsPerPeer, outboundLimit)) {
      throw new DialError('limit', `too many streams of ${protocol} to ${to.peerId}`)
    }
    this.#connect(from, to)
    const forget = (): void => void this.#streams.delete(stream)
    const path = this.pathOf(from.peerId, to.peerId)
    const pair = memoryStreamPair(this.clock, this.latencyMs, from.peerId, to.peerId, forget, path)
    const stream: OpenStream = { dialler: from.peerId, listener: to.peerId, protocol, breakBoth: pair.breakBoth }
    this.#streams.add(stream)
    to.serve(pair.inbound, handler)
    return pair.outbound
  }

  #connect(one: MemoryNetwork, other: MemoryNetwork): void {
    const key = pairKey(one.peerId, other.peerId)
    if (!this.#connections.has(key)) {
      this.#connections.add(key)
      one.emit({ type: 'peer-connected', peerId: other.peerId })
      other.emit({ type: 'peer-connected', peerId: one.peerId })
    }
  }

  #disconnect(matches: (one: PeerIdText, other: PeerIdText) => boolean): void {
    for (const stream of this.#streams) {
      if (matches(stream.dialler, stream.listener)) {
        this.#streams.delete(stream)
        stream.breakBoth(new Error('the connection broke'))
      }
    }
    for (const key of this.#connections) {
      const [one, other] = key.split(' ') as [string, string]
      if (matches(one, other)) {
        this.#connections.delete(key)
        this.#networks.get(one)?.emit({ type: 'peer-disconnected', peerId: other })
        this.#networks.get(other)?.emit({ type: 'peer-disconnected', peerId: one })
      }
    }
  }
}

/** What a network says that has not looked. */
const NOTHING_KNOWN: ReachReport = {
  reachability: 'unknown',
  mapping: 'unknown',
  observed: [],
  portMapping: { state: 'off' },
  relays: [],
  relayRefusal: undefined,
  punches: { tried: 0, succeeded: 0 },
  relaying: undefined,
}

/** One peer of a `MemoryWorld`. */
export class MemoryNetwork implements Network {
  readonly peerId: PeerIdText
  readonly #world: MemoryWorld
  readonly #handlers = new Map<string, { handler: StreamHandler; limits: StreamLimits }>()
  readonly #listeners = new Set<(event: NetworkEvent) => void>()
  readonly #handling = new Set<Promise<void>>()
  #state: 'new' | 'running' | 'stopped' = 'new'

  constructor(world: MemoryWorld, peerId: PeerIdText) {
    this.#world = world
    this.peerId = peerId
  }

  get running(): boolean {
    return this.#state === 'running'
  }

  async start(): Promise<void> {
    if (this.#state === 'new') {
      this.#state = 'running'
      this.emit({ type: 'addresses-changed' })
    }
  }

  async stop(): Promise<void> {
    if (this.#state !== 'stopped') {
      this.#world.kill(this.peerId)
    }
    await Promise.all(this.#handling)
  }

  /** Never dials or answers again. */
  die(): void {
    this.#state = 'stopped'
  }

  async dial(peer: PeerAddresses, protocol: string, signal: AbortSignal): Promise<NetworkStream> {
    signal.throwIfAborted()
    if (!this.running) {
      throw new DialError('stopped', 'the network is not running')
    }
    await this.#world.clock.sleep(2 * this.#world.latencyMs, signal)
    const remote = this.#world.reach(this.peerId, peer.peerId)
    if (remote === undefined) {
      const failure = peer.addresses.length === 0 ? 'no-addresses' : 'unreachable'
      throw new DialError(failure, `${peer.peerId} cannot be reached`)
    }
    return this.#world.openStream(this, remote, protocol)
  }

  handle(protocol: string, handler: StreamHandler, limits: StreamLimits): void {
    if (this.#handlers.has(protocol)) {
      throw new Error(`${protocol} has a handler already`)
    }
    this.#handlers.set(protocol, { handler, limits })
  }

  async closestPeers(key: Uint8Array, count: number, signal: AbortSignal): Promise<readonly PeerAddresses[]> {
    signal.throwIfAborted()
    await this.#world.clock.sleep(2 * this.#world.latencyMs, signal)
    return this.#world
      .peersOf(this.peerId)
      .sort((left, right) => compareDistance(left, right, key))
      .slice(0, count)
      .map((peerId) => ({ peerId, addresses: [addressOf(peerId)] }))
  }

  addresses(): readonly string[] {
    return this.running ? [addressOf(this.peerId)] : []
  }

  reachability(): Reachability {
    return 'unknown'
  }

  reach(): ReachReport {
    return NOTHING_KNOWN
  }

  path(peerId: PeerIdText): Path | undefined {
    return this.connectedPeers().includes(peerId) ? this.#world.pathOf(this.peerId, peerId) : undefined
  }

  connectedPeers(): readonly PeerIdText[] {
    return this.#world.connectedTo(this.peerId)
  }

  remoteAddresses(peerId: PeerIdText): readonly string[] {
    return this.connectedPeers().includes(peerId) ? [addressOf(peerId)] : []
  }

  subscribe(listener: (event: NetworkEvent) => void): () => void {
    const entry = (event: NetworkEvent): void => listener(event)
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  handlerOf(protocol: string): { handler: StreamHandler; limits: StreamLimits } | undefined {
    return this.#handlers.get(protocol)
  }

  serve(stream: MemoryStream, handler: StreamHandler): void {
    const handling = handler(stream)
      .catch((error: Error) => stream.abort(error))
      .finally(() => this.#handling.delete(handling))
    this.#handling.add(handling)
  }

  emit(event: NetworkEvent): void {
    for (const listener of this.#listeners) {
      listener(event)
    }
  }
}

function addressOf(peerId: PeerIdText): string {
  return `/memory/${peerId}`
}

function pairKey(one: PeerIdText, other: PeerIdText): string {
  return [one, other].sort().join(' ')
}

/** Orders peers by XOR distance of their Kademlia ids from that of `key`, as libp2p's DHT does. */
export function compareDistance(left: PeerIdText, right: PeerIdText, key: Uint8Array): number {
  const target = sha256(key)
  const [a, b] = [kadIdOf(left), kadIdOf(right)]
  for (const [index, byte] of target.entries()) {
    const difference = (a[index]! ^ byte) - (b[index]! ^ byte)
    if (difference !== 0) {
      return difference
    }
  }
  return 0
}

function kadIdOf(peerId: PeerIdText): Uint8Array {
  return sha256(peerIdFromString(peerId).toMultihash().bytes)
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
