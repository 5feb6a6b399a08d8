import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Timer } from '../system/clock.ts'
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
} from '../system/network.ts'
import { assert } from '../util/assert.ts'
import { AddressPolicy } from './libp2p-address-policy.ts'
import { isNamed, isPublicAddress, parseAddress, peerIdOf, usefulFirst, withoutPeerId } from './libp2p-addresses.ts'
import { closeConnections } from './libp2p-close-connections.ts'
import { closestPeers, type LookupStep } from './libp2p-closest-peers.ts'
import { ConnectionGate } from './libp2p-connection-gate.ts'
import { DhtSwitch, dhtRole } from './libp2p-dht-mode.ts'
import { toDialError } from './libp2p-dial-error.ts'
import { privateKeyFromSeed } from './libp2p-identity.ts'
import { KeepAlive } from './libp2p-keep-alive.ts'
import { DIAL_TIMEOUT_MS } from './libp2p-limits.ts'
import { NetworkEvents } from './libp2p-network-events.ts'
import { type Libp2pNetworkComponents, type Libp2pNetworkInit, maxConnectionsOf } from './libp2p-network-init.ts'
import { createNode } from './libp2p-node.ts'
import { openStream, pathOf } from './libp2p-open-stream.ts'
import { cachePeers } from './libp2p-peer-cache.ts'
import { Libp2pStreams } from './libp2p-streams.ts'
import type { Libp2pNode } from './libp2p-types.ts'
import { Upkeep } from './libp2p-upkeep.ts'
import { OsRandom } from './os-random.ts'
import { Reach } from './reach/reach.ts'

/** How long it may take to find out whether strangers can dial this node: the router is asked for 13 s, then others. */
const FINDING_OUT_MS = 30_000
const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0']

/** The network of a real node: libp2p over TCP, Noise and yamux, with a Kademlia DHT for routing. */
export class Libp2pNetwork implements Network {
  readonly peerId: PeerIdText
  readonly #components: Libp2pNetworkComponents
  readonly #init: Libp2pNetworkInit
  readonly #bootstrap: readonly { readonly peerId: string; readonly address: Multiaddr }[]
  readonly #policy: AddressPolicy
  readonly #handlers = new Map<string, { readonly handler: StreamHandler; readonly limits: StreamLimits }>()
  readonly #events = new NetworkEvents()
  readonly #streams: Libp2pStreams
  readonly #reach: Reach
  #node: Libp2pNode | undefined
  #upkeep: Upkeep | undefined
  #keepAlive: KeepAlive | undefined
  #dht: DhtSwitch | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  /** Whoever joins through a public peer learns soon whether strangers can dial this node. */
  #isBeingFoundOut: boolean
  #foundOut: Timer | undefined

  constructor(components: Libp2pNetworkComponents, init: Libp2pNetworkInit) {
    this.#components = components
    this.#init = init
    this.peerId = peerIdFromPrivateKey(privateKeyFromSeed(init.privateKeySeed)).toString()
    this.#streams = new Libp2pStreams(components)
    this.#policy = new AddressPolicy(components.clock, () => this.#node?.getMultiaddrs() ?? [])
    this.#reach = new Reach(
      { random: new OsRandom(), ...components },
      { ...init.reach, announcesPublic: (init.announce ?? []).map(parseAddress).some((a) => a && isPublicAddress(a)) },
      {
        changed: (reachability) => this.#reachabilityChanged(reachability),
        interfacesChanged: () => {
          this.#keepAlive?.doubtAll()
          this.#upkeep?.wake()
        },
        mayDial: (address) => isPublicAddress(address) && this.#policy.allows(address),
      },
    )
    this.#bootstrap = (init.bootstrap ?? []).map((text) => {
      const address = parseAddress(text)
      const peerId = address === undefined ? undefined : peerIdOf(address)
      assert(address !== undefined && peerId !== undefined, `a bootstrap peer is a multiaddr with /p2p/…, not ${text}`)
      this.#policy.trust(address)
      this.#reach.expectRelay(peerId)
      return { peerId, address }
    })
    this.#isBeingFoundOut = this.#bootstrap.some(({ address }) => isPublicAddress(address) || isNamed(address))
  }

  start(): Promise<void> {
    assert(this.#stopping === undefined, 'a stopped network cannot be started again')
    this.#starting ??= this.#start()
    return this.#starting
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** Ends serving as a relay and tells those who hold reservations, ahead of `stop`. */
  async drain(): Promise<void> {
    await this.#reach.drain()
  }

  async dial(peer: PeerAddresses, protocol: string, signal: AbortSignal): Promise<NetworkStream> {
    signal.throwIfAborted()
    const node = this.#node
    if (node === undefined || this.#stopping !== undefined) {
      throw new DialError('stopped', 'the network is not running')
    }
    const answered = this.#policy.ask(peer.peerId)
    try {
      const { clock } = this.#components
      this.#keepAlive?.beforeUse(peer.peerId)
      const bounded = AbortSignal.any([signal, clock.timeoutSignal(DIAL_TIMEOUT_MS)])
      const maxOutboundStreams = this.#handlers.get(protocol)?.limits.maxOutboundStreamsPerPeer
      const { stream, path } = await openStream(node, peer, protocol, {
        clock,
        signal: bounded,
        maxOutboundStreams,
        dialRelayed: (address, ending) => this.#reach.dialRelayed(address, ending),
      })
      if (this.#stopping !== undefined) {
        stream.abort(new Error('the network was stopped'))
        throw new DialError('stopped', 'the network was stopped')
      }
      return this.#streams.adopt(stream, { peerId: peer.peerId, path })
    } catch (error) {
      this.#keepAlive?.doubt(peer.peerId)
      signal.throwIfAborted()
      throw this.#stopping === undefined
        ? toDialError(error, peer.peerId, protocol)
        : new DialError('stopped', 'the network was stopped', { cause: error })
    } finally {
      answered()
    }
  }

  handle(protocol: string, handler: StreamHandler, limits: StreamLimits): void {
    assert(!this.#handlers.has(protocol), `${protocol} has a handler already`)
    this.#handlers.set(protocol, { handler, limits })
    if (this.#node !== undefined) {
      this.#register(this.#node, protocol).catch((error: unknown) => {
        this.#components.logger.error('a protocol could not be registered', { protocol, error: String(error) })
      })
    }
  }

  /** `onStep` is told how the lookup goes on, for those who measure. */
  async closestPeers(
    key: Uint8Array,
    count: number,
    signal: AbortSignal,
    onStep?: (step: LookupStep) => void,
  ): Promise<readonly PeerAddresses[]> {
    assert(count >= 1, `a lookup gives at least one peer, not ${count}`)
    signal.throwIfAborted()
    if (this.#node === undefined || this.#stopping !== undefined) {
      return []
    }
    return await closestPeers(this.#node, key, count, signal, onStep)
  }

  addresses(): readonly string[] {
    return usefulFirst(this.#node?.getMultiaddrs() ?? []).map((address) => withoutPeerId(address).toString())
  }

  reachability(): Reachability {
    return this.#reach.reachability()
  }

  reach(): ReachReport {
    return this.#reach.report()
  }

  path(peerId: PeerIdText): Path | undefined {
    return this.#events.path(peerId)
  }

  connectedPeers(): readonly PeerIdText[] {
    // Not `getPeers`: it makes every PeerId anew.
    const connections = this.#node?.getConnections() ?? []
    return [...new Set(connections.map(({ remotePeer }) => remotePeer.toString()))]
  }

  remoteAddresses(peerId: PeerIdText): readonly string[] {
    const connections = this.#node?.getConnections(peerIdFromString(peerId)) ?? []
    return connections.map(({ remoteAddr }) => withoutPeerId(remoteAddr).toString())
  }

  subscribe(listener: (event: NetworkEvent) => void): () => void {
    return this.#events.subscribe(listener)
  }

  async #start(): Promise<void> {
    const { clock, logger, datastore, random = new OsRandom() } = this.#components
    const node = await createNode({
      random,
      privateKey: privateKeyFromSeed(this.#init.privateKeySeed),
      datastore,
      logger,
      gate: new ConnectionGate(clock),
      policy: this.#policy,
      listen: this.#init.listen ?? DEFAULT_LISTEN,
      announce: this.#init.announce ?? [],
      dhtMode: this.#dhtRole('unknown'),
      version: this.#init.version ?? '0.0.0',
      maxConnections: maxConnectionsOf(this.#init),
      tcp: this.#init.tcp,
      metrics: this.#init.metrics,
      reach: this.#reach,
      onLanPeer: this.#init.mdns === false ? undefined : (peer) => this.#meet(peer.multiaddrs, peer.id),
    })
    for (const protocol of this.#handlers.keys()) {
      await this.#register(node, protocol)
    }
    this.#events.follow(node, () => this.#upkeep?.wake())
    cachePeers(node.peerStore, clock)
    this.#keepAlive = new KeepAlive({ clock, neededPeers: () => this.#relays() }, node)
    this.#node = node
    await node.start()
    this.#dht = new DhtSwitch(node.services.dht, this.#dhtRole('unknown'), logger)
    this.#upkeep = new Upkeep(node, {
      clock,
      random,
      bootstrap: this.#bootstrap.filter(({ peerId }) => peerId !== this.peerId),
      doubt: (peer) => this.#keepAlive?.doubt(peer.toString()),
    })
    this.#reach.start(node)
    this.#foundOut = clock.schedule(FINDING_OUT_MS, () => {
      this.#isBeingFoundOut = false
      this.#dht?.set(this.#dhtRole(this.reachability()))
    })
    this.#events.noteAddresses()
    logger.info('network started', { peerId: this.peerId, addresses: this.addresses().join(' ') })
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {})
    this.#foundOut?.cancel()
    await Promise.all([this.#upkeep?.stop(), this.#reach.stop()])
    await this.#streams.stop()
    this.#keepAlive?.stop()
    if (this.#node !== undefined) {
      await this.#dht?.settled()
      await closeConnections(this.#node, this.#components.clock)
      await this.#node.stop()
    }
  }

  /** Through whom this node is reached. */
  #relays(): PeerIdText[] {
    return this.#reach.report().relays.map(({ peerId }) => peerId)
  }

  #meet(addresses: readonly Multiaddr[], id: PeerId): void {
    for (const address of addresses) {
      this.#policy.trust(address)
    }
    this.#upkeep?.offer({ id, multiaddrs: [...addresses] })
  }

  async #register(node: Libp2pNode, protocol: string): Promise<void> {
    const { handler, limits } = this.#handlers.get(protocol) ?? {}
    assert(handler !== undefined && limits !== undefined, `${protocol} has a handler`)
    await node.handle(
      protocol,
      (stream, { remotePeer, remoteAddr }) => {
        this.#streams.serve(stream, { peerId: remotePeer.toString(), path: pathOf({ remoteAddr }) }, handler)
      },
      {
        maxInboundStreams: limits.maxInboundStreamsPerPeer,
        maxOutboundStreams: limits.maxOutboundStreamsPerPeer,
        runOnLimitedConnection: true,
      },
    )
  }

  #dhtRole(reachability: Reachability): 'server' | 'client' {
    const listens = (this.#init.listen ?? DEFAULT_LISTEN).length > 0
    return dhtRole(this.#init.dhtMode ?? 'auto', { listens, reachability, isBeingFoundOut: this.#isBeingFoundOut })
  }

  #reachabilityChanged(reachability: Reachability): void {
    this.#dht?.set(this.#dhtRole(reachability))
    this.#events.noteReachability(reachability)
  }
}
