import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Timer } from '../../../system/clock.ts'
import type { PeerIdText, ReachReport, RelayRefusal } from '../../../system/network.ts'
import { assert } from '../../../util/assert.ts'
import type { Libp2pNode, TransportFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'
import { HOP_PROTOCOL } from './circuit-messages.ts'
import { type CircuitTransport, circuitTransport } from './circuit-transport.ts'
import { HeldReservations } from './held-reservations.ts'
import { connectDirectly, directConnections, knownRelays, meetStrangers, relayCandidate } from './relay-finder.ts'
import { type RelayEffect, type RelayEvent, RelayKeeperState } from './relay-keeper-state.ts'
import * as limits from './relay-limits.ts'
import { type GivenReservation, RelayRefusedError, reserve } from './reserve.ts'

/** Holds reservations on relays in different networks while others cannot dial this node, and replaces lost ones. */
export class RelayClient {
  readonly #components: ReachComponents
  readonly #count: number
  readonly #onCandidate: (peerId: string) => void
  readonly #state: RelayKeeperState
  readonly #stopping = new AbortController()
  readonly #working = new Set<Promise<void>>()
  #transport: CircuitTransport | undefined
  #dialler: { dial(address: Multiaddr, options: { readonly signal: AbortSignal }): Promise<Connection> } | undefined
  #node: Libp2pNode | undefined
  #held: HeldReservations | undefined
  #topology: string | undefined
  #wanted = false
  #refusal: RelayRefusal | undefined
  #due: Timer | undefined

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
      this.#dialler = components.transportManager
      this.#transport = circuitTransport(components, (relay) => this.#held?.admits(relay.toString()) ?? false)
      return this.#transport
    }
  }

  /** Dials an address through a relay as libp2p would, but at once. */
  async dial(address: Multiaddr, signal: AbortSignal): Promise<Connection> {
    assert(this.#dialler !== undefined, 'the libp2p node was made')
    return await this.#dialler.dial(address, { signal })
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
    this.#held?.pingAll()
    this.#step({ type: 'network-changed' })
  }

  start(node: Libp2pNode): void {
    this.#node = node
    if (this.#count === 0) {
      return
    }
    this.#held = new HeldReservations(this.#components, {
      node,
      announce: (addresses) => this.#transport?.announce(addresses),
    })
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
    this.#held?.stop()
    await Promise.all(this.#working)
    this.#node?.removeEventListener('connection:close', this.#onClose)
    if (this.#topology !== undefined) {
      this.#node?.unregister(this.#topology)
    }
  }

  report(): Pick<ReachReport, 'relays' | 'relayRefusal'> {
    return { relays: this.#held?.report() ?? [], relayRefusal: this.#refusal }
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
        this.#held?.drop(effect.peerId)
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
      assert(this.#node !== undefined, 'relays are asked by a node that runs')
      const connection = await connectDirectly(this.#node, peerIdFromString(peerId), signal)
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

  #connections(peer: PeerId): readonly Connection[] {
    return this.#node === undefined ? [] : directConnections(this.#node, peer)
  }

  #hold(connection: Connection, given: GivenReservation): void {
    const peerId = connection.remotePeer.toString()
    this.#refusal = undefined
    this.#step({ type: 'reserved', peerId, forMs: this.#held?.hold(connection, given) ?? 0 })
    if (connection.status !== 'open') {
      // It closed before anybody knew what hung on it.
      this.#lose(peerId)
    }
  }

  #lose(peerId: PeerIdText): void {
    this.#held?.lose(peerId)
    this.#step({ type: 'lost', peerId })
  }

  readonly #onClose = ({ detail }: CustomEvent<Connection>): void => {
    const peerId = detail.remotePeer.toString()
    if (!this.#held?.hangsOn(detail) || this.#stopping.signal.aborted) {
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
    const relay = this.#node === undefined ? undefined : await relayCandidate(this.#node, peer)
    if (relay !== undefined) {
      this.#step({ type: 'known', relays: [relay] })
    }
  }

  #servesNoMore(peer: PeerId): void {
    if (this.#connections(peer).length > 0) {
      this.#step({ type: 'leaving', peerId: peer.toString() })
    }
  }

  async #search(walk: boolean): Promise<void> {
    const { clock, random, logger } = this.#components
    const [node, stopping] = [this.#node, this.#stopping.signal]
    const signal = AbortSignal.any([stopping, clock.timeoutSignal(limits.RELAY_SEARCH_TIMEOUT_MS)])
    try {
      if (walk && node !== undefined) {
        await meetStrangers(node, random, signal)
      }
    } catch (error) {
      logger.debug('a search for relays ended early', { error: String(error) })
    }
    const relays = node === undefined ? [] : await knownRelays(node).catch(() => [])
    this.#step({ type: 'known', relays })
    this.#step({ type: 'searched' })
  }

  #work(task: () => Promise<void>): void {
    const running = task().catch((error: unknown) => {
      this.#components.logger.debug('work on relays failed', { error: String(error) })
    })
    this.#working.add(running)
    void running.finally(() => this.#working.delete(running))
  }
}

function refusalOf(error: unknown): RelayRefusal {
  if (error instanceof RelayRefusedError) {
    return error.refusal
  }
  return error instanceof Error && error.name === 'UnsupportedProtocolError' ? 'no-relay' : 'unreachable'
}
