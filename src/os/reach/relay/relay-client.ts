import type { Connection, Peer, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Timer } from '../../../system/clock.ts'
import type { PeerIdText, ReachReport } from '../../../system/network.ts'
import { networksOf } from '../../../util/ip-network.ts'
import { isRelayedAddress } from '../../libp2p-addresses.ts'
import type { Libp2pNode, TransportFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'
import { HOP_PROTOCOL } from './circuit-messages.ts'
import { type CircuitTransport, circuitTransport } from './circuit-transport.ts'
import { isMember } from './membership.ts'
import { type RelayCandidate, type RelayEffect, type RelayEvent, RelayKeeperState } from './relay-keeper-state.ts'
import * as limits from './relay-limits.ts'
import { breakIfSilent } from './relay-pings.ts'
import { type GivenReservation, RelayRefusedError, reserve } from './reserve.ts'

/** Keeps the connection to a relay when others are closed for want of room. No `keep-alive`: libp2p would dial it anew by itself. */
const RELAY_TAG = 'kabber-relay'
const RANDOM_KEY_BYTES = 32

/** A reservation of this node. */
interface HeldReservation {
  readonly connectionId: string
  readonly addresses: readonly Multiaddr[]
  /** On the monotonic clock. */
  readonly expiresMs: number
  /** False once it is not wanted any more: who knows the address still gets through until it expires. */
  announced: boolean
}

/** Holds reservations on relays in different networks while others cannot dial this node, and replaces lost ones. */
export class RelayClient {
  readonly #components: ReachComponents
  readonly #count: number
  readonly #onCandidate: (peerId: string) => void
  readonly #state: RelayKeeperState
  readonly #held = new Map<PeerIdText, HeldReservation>()
  readonly #stopping = new AbortController()
  readonly #working = new Set<Promise<void>>()
  #transport: CircuitTransport | undefined
  #node: Libp2pNode | undefined
  #topology: string | undefined
  #wanted = false
  #refusal: string | undefined
  #due: Timer | undefined
  #pings: Timer | undefined

  constructor(
    components: ReachComponents,
    init: {
      /** Reservations to hold; with 0 none, but circuits are dialled all the same. */
      readonly count: number
      /** Called before a relay is dialled or asked. */
      readonly onCandidate: (peerId: string) => void
    },
  ) {
    this.#components = components
    this.#count = init.count
    this.#onCandidate = init.onCandidate
    this.#state = new RelayKeeperState(components.random, init.count)
  }

  /** The circuit relay transport. */
  transport(): TransportFactory {
    return (components) => {
      this.#transport = circuitTransport(components, (relay) => this.#admits(relay))
      return this.#transport
    }
  }

  /** Multiaddrs to listen on for relayed connections. */
  listen(): readonly string[] {
    return this.#count === 0 ? [] : ['/p2p-circuit']
  }

  /** Whether reservations are needed now. */
  want(wanted: boolean): void {
    if (wanted !== this.#wanted) {
      this.#wanted = wanted
      if (this.#node !== undefined) {
        this.#step({ type: 'want', wanted })
      }
    }
  }

  /** The machine has other addresses: relays that do not answer any more are left at once. */
  networkChanged(): void {
    this.#pingAll()
    this.#step({ type: 'network-changed' })
  }

  start(node: Libp2pNode): void {
    this.#node = node
    if (this.#count === 0) {
      return
    }
    node.addEventListener('connection:close', this.#onClose)
    this.#work(async () => {
      this.#topology = await node.register(HOP_PROTOCOL, {
        onConnect: (peer) => this.#met(peer),
        onDisconnect: (peer) => this.#servesNoMore(peer),
      })
    })
    this.#step({ type: 'want', wanted: this.#wanted })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the network stops'))
    this.#due?.cancel()
    this.#pings?.cancel()
    await Promise.all(this.#working)
    this.#node?.removeEventListener('connection:close', this.#onClose)
    if (this.#topology !== undefined) {
      this.#node?.unregister(this.#topology)
    }
  }

  report(): Pick<ReachReport, 'relays' | 'relayRefusal'> {
    const toWallMs = this.#components.clock.wallMs() - this.#components.clock.monotonicMs()
    const relays = [...this.#held]
      .filter(([, { announced }]) => announced)
      .map(([peerId, { addresses, expiresMs }]) => ({
        peerId,
        address: addresses[0]?.toString() ?? '',
        expiresMs: Math.round(expiresMs + toWallMs),
      }))
    return { relays, relayRefusal: this.#refusal }
  }

  #admits(relay: PeerId): boolean {
    const held = this.#held.get(relay.toString())
    return held !== undefined && held.expiresMs > this.#components.clock.monotonicMs()
  }

  #step(event: RelayEvent): void {
    if (this.#stopping.signal.aborted) {
      return
    }
    for (const effect of this.#state.step(event, this.#components.clock.monotonicMs())) {
      this.#perform(effect)
    }
  }

  #perform(effect: RelayEffect): void {
    switch (effect.type) {
      case 'ask':
        this.#work(() => this.#ask(effect.peerId))
        break
      case 'drop':
        this.#drop(effect.peerId)
        break
      case 'search':
        this.#work(() => this.#search(effect.walk))
        break
      case 'wait':
        this.#due?.cancel()
        this.#due = this.#components.clock.schedule(effect.delayMs, () => this.#step({ type: 'due' }))
        break
    }
  }

  async #ask(peerId: PeerIdText): Promise<void> {
    const { clock, logger } = this.#components
    this.#onCandidate(peerId)
    const signal = AbortSignal.any([this.#stopping.signal, clock.timeoutSignal(limits.RESERVE_TIMEOUT_MS)])
    try {
      const connection = await this.#connect(peerIdFromString(peerId), signal)
      const given = await reserve(connection, signal)
      this.#hold(connection, given)
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        this.#refusal = refusalOf(error)
        logger.debug('a relay gave no reservation', { peerId, refusal: this.#refusal, error: String(error) })
        this.#step({ type: 'failed', peerId, serves: this.#refusal !== 'no-relay' })
      }
    }
  }

  async #connect(peer: PeerId, signal: AbortSignal): Promise<Connection> {
    const connection = this.#connections(peer)[0] ?? (await this.#node?.dial(peer, { signal }))
    if (connection === undefined || isRelayedAddress(connection.remoteAddr)) {
      throw new Error('the relay is behind a relay')
    }
    return connection
  }

  /** Direct connections that are open. */
  #connections(peer: PeerId): readonly Connection[] {
    const all = this.#node?.getConnections(peer) ?? []
    return all.filter(({ status, remoteAddr }) => status === 'open' && !isRelayedAddress(remoteAddr))
  }

  #hold(connection: Connection, given: GivenReservation): void {
    const { clock, logger } = this.#components
    const peerId = connection.remotePeer.toString()
    const saidMs = given.expiresMs - clock.wallMs()
    const forMs = Math.min(Math.max(saidMs, limits.RESERVATION_MIN_MS), limits.RESERVATION_MAX_MS)
    const before = this.#held.get(peerId)
    this.#refusal = undefined
    this.#held.set(peerId, {
      connectionId: connection.id,
      addresses: before?.announced ? before.addresses : given.addresses,
      expiresMs: clock.monotonicMs() + forMs,
      announced: true,
    })
    this.#tag(connection.remotePeer, true)
    this.#announce()
    this.#pings ??= clock.schedule(limits.RELAY_PING_INTERVAL_MS, () => this.#pingRound())
    if (before === undefined) {
      logger.info('reachable through a relay', { address: given.addresses.join(' ') })
    }
    this.#step({ type: 'reserved', peerId, forMs })
    if (connection.status !== 'open') {
      // It closed before anybody knew what hung on it.
      this.#lose(peerId)
    }
  }

  #drop(peerId: PeerIdText): void {
    const held = this.#held.get(peerId)
    if (held !== undefined) {
      held.announced = false
      this.#tag(peerIdFromString(peerId), false)
      this.#announce()
    }
  }

  #lose(peerId: PeerIdText): void {
    const held = this.#held.get(peerId)
    this.#held.delete(peerId)
    if (held?.announced) {
      this.#components.logger.info('a relay is lost', { peerId })
      this.#tag(peerIdFromString(peerId), false)
      this.#announce()
    }
    this.#step({ type: 'lost', peerId })
  }

  #announce(): void {
    const held = [...this.#held.values()].filter(({ announced }) => announced)
    this.#transport?.announce(held.flatMap(({ addresses }) => addresses))
  }

  readonly #onClose = ({ detail }: CustomEvent<Connection>): void => {
    const peerId = detail.remotePeer.toString()
    if (this.#held.get(peerId)?.connectionId !== detail.id || this.#stopping.signal.aborted) {
      return
    }
    const another = this.#connections(detail.remotePeer).find(({ id }) => id !== detail.id)
    if (another === undefined) {
      this.#lose(peerId)
    } else {
      this.#step({ type: 'moved', peerId })
    }
  }

  /** A peer to which there is a connection relays. */
  async #met(peer: PeerId): Promise<void> {
    const known = await this.#node?.peerStore.get(peer).catch(() => undefined)
    if (known !== undefined && isMember(known.protocols)) {
      this.#step({ type: 'known', relays: [this.#candidate(known)] })
    }
  }

  #servesNoMore(peer: PeerId): void {
    if (this.#connections(peer).length > 0) {
      this.#step({ type: 'leaving', peerId: peer.toString() })
    }
  }

  async #search(walk: boolean): Promise<void> {
    const { clock, random, logger } = this.#components
    const signal = AbortSignal.any([this.#stopping.signal, clock.timeoutSignal(limits.RELAY_SEARCH_TIMEOUT_MS)])
    try {
      await this.#tellKnown()
      if (walk) {
        // Whoever answers is connected then, and has said what it speaks.
        for await (const _ of this.#node?.services.dht.getClosestPeers(random.bytes(RANDOM_KEY_BYTES), { signal }) ??
          []) {
          signal.throwIfAborted()
        }
        await this.#tellKnown()
      }
    } catch (error) {
      logger.debug('a search for relays ended early', { error: String(error) })
    }
    this.#step({ type: 'searched' })
  }

  async #tellKnown(): Promise<void> {
    const serves = ({ id, protocols }: Peer): boolean =>
      protocols.includes(HOP_PROTOCOL) && isMember(protocols) && !this.#node?.peerId.equals(id)
    const peers = (await this.#node?.peerStore.all({ filters: [serves] })) ?? []
    const candidates = peers.map((peer) => this.#candidate(peer))
    candidates.sort((one, other) => Number(other.connected) - Number(one.connected))
    this.#step({ type: 'known', relays: candidates.slice(0, limits.RELAY_CANDIDATES_MAX).reverse() })
  }

  #candidate(peer: Peer): RelayCandidate {
    const connections = this.#connections(peer.id).map(({ remoteAddr }) => remoteAddr.toString())
    const known = peer.addresses.map(({ multiaddr }) => multiaddr).filter((address) => !isRelayedAddress(address))
    const addresses = connections.length > 0 ? connections : known.map(String)
    return { peerId: peer.id.toString(), networks: networksOf(addresses), connected: connections.length > 0 }
  }

  #pingRound(): void {
    this.#pingAll()
    const held = this.#held.size > 0 && !this.#stopping.signal.aborted
    this.#pings = held
      ? this.#components.clock.schedule(limits.RELAY_PING_INTERVAL_MS, () => this.#pingRound())
      : undefined
  }

  #pingAll(): void {
    for (const [peerId, { connectionId, announced }] of this.#held) {
      const connection = this.#connections(peerIdFromString(peerId)).find(({ id }) => id === connectionId)
      if (connection !== undefined && announced) {
        this.#work(() => breakIfSilent(connection, this.#components.clock))
      }
    }
  }

  #tag(peer: PeerId, isRelay: boolean): void {
    const tag = isRelay ? { value: limits.RELAY_TAG_VALUE, ttl: limits.RESERVATION_MAX_MS } : undefined
    this.#work(async () => {
      await this.#node?.peerStore.merge(peer, { tags: { [RELAY_TAG]: tag } })
    })
  }

  #work(task: () => Promise<void>): void {
    const running = task().catch((error: unknown) => {
      this.#components.logger.debug('work on relays failed', { error: String(error) })
    })
    this.#working.add(running)
    void running.finally(() => this.#working.delete(running))
  }
}

function refusalOf(error: unknown): string {
  if (error instanceof RelayRefusedError) {
    return error.refusal
  }
  return error instanceof Error && error.name === 'UnsupportedProtocolError' ? 'no-relay' : 'unreachable'
}
