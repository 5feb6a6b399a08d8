import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Reachability, ReachReport } from '../../system/network.ts'
import type { Libp2pNode, ServiceFactory, TransportFactory } from '../libp2p-types.ts'
import { HolePunching } from './punch/hole-punching.ts'
import { DEFAULT_MAX_RESERVATIONS, type ReachComponents, type ReachOptions } from './reach-parts.ts'
import { ReachabilityWatch } from './reachability/reachability-watch.ts'
import { RelayClient } from './relay/relay-client.ts'
import { RelayService } from './relay/relay-service.ts'

/** Relays in different networks of a node that cannot be dialled, so that one may fail. */
const DEFAULT_RELAYS = 2

/** What the network does when the outside world changed. */
export interface ReachHandlers {
  /** What `reachability()` returns has changed. */
  changed(reachability: Reachability): void
  /** The machine has other addresses than before: what hung on the old ones is dead. */
  interfacesChanged(): void
  /** Whether this node may dial an address that somebody else named. */
  mayDial(address: Multiaddr): boolean
}

/** How others reach this node, and how it helps others to be reached: composes the parts and lets one follow the other. */
export class Reach {
  readonly #options: ReachOptions
  readonly #handlers: ReachHandlers
  readonly #punching: HolePunching
  readonly #client: RelayClient
  readonly #relay: RelayService
  readonly #watch: ReachabilityWatch
  #isDraining = false

  constructor(
    components: ReachComponents,
    options: ReachOptions & { readonly announcesPublic: boolean },
    handlers: ReachHandlers,
  ) {
    this.#options = options
    this.#handlers = handlers
    this.#punching = new HolePunching(components, { enabled: options.punch ?? true })
    this.#client = new RelayClient(components, {
      count: options.relays ?? DEFAULT_RELAYS,
      onCandidate: (peerId) => this.#punching.useForRelay(peerId),
    })
    this.#relay = new RelayService(components, { maxReservations: options.maxReservations ?? DEFAULT_MAX_RESERVATIONS })
    this.#watch = new ReachabilityWatch(components, {
      autonat: options.autonat ?? true,
      mapPorts: options.mapPorts ?? true,
      watchInterfaces: options.watchInterfaces ?? true,
      announcesPublic: options.announcesPublic,
      onChange: () => this.#changed(),
      onInterfacesChanged: () => {
        this.#client.networkChanged()
        handlers.interfacesChanged()
      },
      mayDialFor: (address) => handlers.mayDial(address),
    })
  }

  /** All transports of a node whose direct one is `tcp`. */
  transports(tcp: TransportFactory): TransportFactory[] {
    return [this.#punching.transport(tcp), this.#punching.circuit(this.#client.transport())]
  }

  /** What to listen on besides the machine's own addresses. */
  listen(): readonly string[] {
    return this.#client.listen()
  }

  /** Dials an address through a relay at once, past libp2p's queue of dials. */
  dialRelayed(address: Multiaddr, signal: AbortSignal): Promise<Connection> {
    return this.#client.dial(address, signal)
  }

  /** libp2p services by name. */
  services(): Record<string, ServiceFactory> {
    const [dcutr, relay] = [this.#punching.service(), this.#relay.service()]
    return {
      ...this.#watch.services(),
      ...(dcutr === undefined ? {} : { dcutr }),
      ...(relay === undefined ? {} : { relay }),
    }
  }

  /** What the node tells others of its addresses, of `addresses` that libp2p would. */
  announced(addresses: readonly Multiaddr[]): readonly Multiaddr[] {
    return this.#watch.announced(addresses)
  }

  /** Once the libp2p node listens. */
  start(node: Libp2pNode): void {
    for (const part of [this.#punching, this.#relay, this.#client, this.#watch]) {
      part.start(node)
    }
    this.#changed()
  }

  /** Serves as a relay no more, and tells those who hold reservations. */
  async drain(): Promise<void> {
    this.#isDraining = true
    await this.#relay.drain()
  }

  /** Dials to this peer show how the NAT maps them: it is likely to become a relay of ours. */
  expectRelay(peerId: string): void {
    this.#punching.useForRelay(peerId)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#watch.stop(), this.#client.stop(), this.#relay.stop(), this.#punching.stop()])
  }

  reachability(): Reachability {
    return this.#watch.reachability()
  }

  report(): ReachReport {
    const watch = this.#watch.report()
    const mapping = watch.mapping === 'unknown' ? this.#punching.mapping() : watch.mapping
    const parts = { ...this.#client.report(), ...this.#punching.report(), ...this.#relay.report() }
    return { ...watch, mapping, ...parts }
  }

  #changed(): void {
    const reachability = this.reachability()
    const serveOthers = this.#isDraining ? 'off' : (this.#options.serveOthers ?? 'auto')
    this.#client.want(reachability !== 'public')
    const serves = serveOthers === 'on' || (serveOthers === 'auto' && reachability === 'public')
    this.#watch.serve(serves)
    void this.#relay.serve(serves)
    this.#handlers.changed(reachability)
  }
}
