import type { Connection, IdentifyResult } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Reachability, ReachReport } from '../../../system/network.ts'
import { hostOf, isRelayedAddress, withoutPeerId } from '../../libp2p-addresses.ts'
import type { Libp2pNode, ServiceFactory } from '../../libp2p-types.ts'
import type { ReachComponents } from '../reach-parts.ts'
import { DIAL_BACK_PROTOCOL, DIAL_REQUEST_PROTOCOL } from './autonat-messages.ts'
import { candidateAddresses, portToMap } from './candidate-addresses.ts'
import { DialBackClient } from './dial-back-client.ts'
import { DialBackServer } from './dial-back-server.ts'
import { findRouters } from './find-routers.ts'
import { type InterfaceChange, InterfaceWatch, machineAddresses } from './interface-watch.ts'
import { ObservedAddresses, observerNetwork } from './observed-addresses.ts'
import { PortMapper } from './port-mapper.ts'
import { ReachabilityProbe } from './reachability-probe.ts'
import { unsettled, verifiedAddresses } from './reachability-state.ts'

/** Streams of AutoNAT of one connection, each way. */
const AUTONAT_MAX_STREAMS = 2

/** How the watch is set up. */
export interface ReachabilityWatchInit {
  readonly autonat: boolean
  readonly mapPorts: boolean
  readonly watchInterfaces: boolean
  /** The user's word that strangers can dial this node. */
  readonly announcesPublic: boolean
  /** `reachability()` changed. */
  readonly onChange: () => void
  /** The machine's addresses changed under the running node. */
  readonly onInterfacesChanged: () => void
  /** Whether this node may dial `address` for others (AutoNAT server): public, not asked too often. */
  readonly mayDialFor: (address: Multiaddr) => boolean
}

/** Finds out whether strangers can dial this node: AutoNAT, what peers observe, the router's port mapping, interfaces. */
export class ReachabilityWatch {
  readonly #components: ReachComponents
  readonly #init: ReachabilityWatchInit
  readonly #stopping = new AbortController()
  readonly #observed = new ObservedAddresses()
  readonly #dialBacks: DialBackClient
  /** Connected peers that serve AutoNAT v2. */
  readonly #servers = new Set<string>()
  #listening: () => readonly Multiaddr[] = () => []
  #node: Libp2pNode | undefined
  #probe: ReachabilityProbe | undefined
  #mapper: PortMapper | undefined
  #interfaces: InterfaceWatch | undefined
  #server: DialBackServer | undefined
  #serving = false
  #working: Promise<unknown> = Promise.resolve()
  #reachability: Reachability
  #announced = ''
  #mapped: string | undefined

  constructor(components: ReachComponents, init: ReachabilityWatchInit) {
    this.#components = components
    this.#init = init
    this.#dialBacks = new DialBackClient(components)
    this.#reachability = init.announcesPublic ? 'public' : 'unknown'
  }

  /** libp2p services by name. */
  services(): Readonly<Record<string, ServiceFactory>> {
    return {
      reachability: ({ transportManager, registrar }) => {
        this.#listening = () => transportManager.getAddrs()
        return {
          start: async () => {
            if (this.#init.autonat) {
              await registrar.handle(
                DIAL_BACK_PROTOCOL,
                (stream, connection) => this.#dialBacks.serve(stream, connection),
                {
                  maxInboundStreams: AUTONAT_MAX_STREAMS,
                },
              )
            }
          },
          stop: () => {},
        }
      },
    }
  }

  /** What the node tells others of its addresses: `addresses`, and those that strangers were seen to reach. */
  announced(addresses: readonly Multiaddr[]): readonly Multiaddr[] {
    const own = this.#node?.peerId.toString()
    const told = new Set(addresses.map((address) => withoutPeerId(address).toString()))
    const verified = this.#verified().filter((address) => !told.has(address.toString()))
    return own === undefined
      ? addresses
      : [...addresses, ...verified.map((address) => address.encapsulate(`/p2p/${own}`))]
  }

  start(node: Libp2pNode): void {
    const { clock, random, logger } = this.#components
    const { autonat, mapPorts, watchInterfaces, announcesPublic, mayDialFor } = this.#init
    this.#node = node
    this.#server = new DialBackServer({
      clock,
      mayDial: mayDialFor,
      dial: (address, signal) => node.dial(address, { force: true, signal }),
    })
    node.addEventListener('peer:identify', this.#onIdentify)
    node.addEventListener('peer:disconnect', this.#onDisconnect)
    if (autonat && !announcesPublic) {
      this.#probe = new ReachabilityProbe({
        clock,
        random,
        servers: () => this.#serverConnections(),
        candidates: () => this.#candidates(),
        // Peers dial an address once a minute: not before it is known whether the router opens the port.
        isReady: () => this.#mapper?.isSettled ?? true,
        ask: (connection, address, signal) => this.#dialBacks.ask(connection, address, signal),
        onChange: () => this.#update(),
      })
    }
    if (mapPorts && !announcesPublic) {
      this.#mapper = new PortMapper({
        clock,
        logger,
        listening: () => portToMap(this.#listening()),
        findRouters: (addresses, signal) => findRouters({ clock, random }, addresses, signal),
        onChange: () => this.#onMapping(),
      })
    }
    if (watchInterfaces) {
      this.#interfaces = new InterfaceWatch({ clock }, (change) => this.#onInterfaces(change))
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the network stops'))
    this.#node?.removeEventListener('peer:identify', this.#onIdentify)
    this.#node?.removeEventListener('peer:disconnect', this.#onDisconnect)
    await Promise.all([this.#probe?.stop(), this.#mapper?.stop(), this.#interfaces?.stop(), this.#working])
  }

  /** Starts or ends dialling others who ask for it. */
  serve(serving: boolean): void {
    const [node, server] = [this.#node, this.#server]
    if (serving === this.#serving || node === undefined || server === undefined) {
      return
    }
    this.#serving = serving
    this.#do(async () => {
      await (serving
        ? node.handle(DIAL_REQUEST_PROTOCOL, (stream, connection) => server.serve(stream, connection), {
            maxInboundStreams: AUTONAT_MAX_STREAMS,
          })
        : node.unhandle(DIAL_REQUEST_PROTOCOL))
    })
  }

  reachability(): Reachability {
    return this.#reachability
  }

  report(): Pick<ReachReport, 'reachability' | 'mapping' | 'observed' | 'portMapping'> {
    const observed = this.#observed.all()
    const own = new Set(this.#listening().map((address) => hostOf(address)?.address))
    return {
      reachability: this.#reachability,
      mapping: observed[0] !== undefined && own.has(observed[0].address) ? 'none' : 'unknown',
      observed,
      portMapping: this.#mapper?.report() ?? { state: 'off' },
    }
  }

  /** Another address is another question, so that one round answers it. */
  #onMapping(): void {
    const mapped = this.#mapper?.address()?.toString()
    if (mapped === this.#mapped) {
      this.#probe?.wake()
      return
    }
    this.#mapped = mapped
    this.#probe?.revise((state) => unsettled(state, () => true))
  }

  #candidates(): readonly Multiaddr[] {
    const believed = this.#observed.believed()
    const observedHosts = believed.length > 0 ? believed : this.#observed.all().map(({ address }) => address)
    return candidateAddresses({ listening: this.#listening(), mapped: this.#mapper?.address(), observedHosts })
  }

  #verified(): readonly Multiaddr[] {
    const verified = new Set(this.#probe === undefined ? [] : verifiedAddresses(this.#probe.state))
    return verified.size === 0 ? [] : this.#candidates().filter((address) => verified.has(address.toString()))
  }

  #serverConnections(): readonly Connection[] {
    return [...this.#servers].flatMap((peerId) => {
      const connections = this.#node?.getConnections() ?? []
      const direct = connections.find(
        ({ remotePeer, remoteAddr, status }) =>
          status === 'open' && remotePeer.toString() === peerId && !isRelayedAddress(remoteAddr),
      )
      return direct ?? []
    })
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const { connection, observedAddr, protocols } = detail
    const peerId = connection.remotePeer.toString()
    const isNewServer = protocols.includes(DIAL_REQUEST_PROTOCOL) && !this.#servers.has(peerId)
    if (isNewServer) {
      this.#servers.add(peerId)
    } else if (!protocols.includes(DIAL_REQUEST_PROTOCOL)) {
      this.#servers.delete(peerId)
    }
    const counts = observedAddr !== undefined && this.#observed.note(connection.remoteAddr, observedAddr)
    if (counts) {
      this.#noteInbound(connection, observedAddr)
    }
    const isInDoubt = this.#probe !== undefined && (this.#reachability === 'unknown' || this.#probe.state.contrary > 0)
    if ((isNewServer || counts) && isInDoubt) {
      this.#probe?.wake()
    }
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<{ toString(): string }>): void => {
    this.#servers.delete(detail.toString())
  }

  /** A stranger who dialled an address of ours needs not be asked whether it can; so the first node of a network finds out. */
  #noteInbound({ direction, remoteAddr }: Connection, observed: Multiaddr): void {
    const network = observerNetwork(remoteAddr)
    const dialled = this.#candidates().find((address) => address.equals(withoutPeerId(observed)))
    if (direction === 'inbound' && network !== undefined && dialled !== undefined) {
      this.#probe?.noteInbound(dialled, network)
    }
  }

  #onInterfaces({ added, removed }: InterfaceChange): void {
    const node = this.#node
    if (node === undefined || this.#stopping.signal.aborted) {
      return
    }
    this.#components.logger.info('the addresses of the machine changed', {
      added: added.join(' '),
      removed: removed.join(' '),
    })
    if (removed.length > 0) {
      this.#observed.clear()
    }
    const own = machineAddresses()
    this.#probe?.revise((state) => unsettled(state, (address) => own.some((ip) => address.includes(`/${ip}/`))))
    this.#mapper?.restart()
    this.#do(async () => {
      await this.#tellAddresses(node)
    })
    this.#init.onInterfacesChanged()
  }

  #update(): void {
    const reachability = this.#probe?.state.reachability ?? this.#reachability
    const announced = this.#verified().join(' ')
    if (announced !== this.#announced) {
      this.#announced = announced
      const node = this.#node
      this.#do(async () => await (node === undefined ? undefined : this.#tellAddresses(node)))
    }
    if (reachability !== this.#reachability) {
      this.#reachability = reachability
      this.#components.logger.info('reachability', { reachability })
      this.#init.onChange()
    }
  }

  /** Makes libp2p look at the addresses again, and tell peers if they are others. */
  async #tellAddresses(node: Libp2pNode): Promise<void> {
    await node.peerStore.patch(node.peerId, { multiaddrs: node.getMultiaddrs().map(withoutPeerId) })
  }

  /** One thing after the other; `stop` waits for all. */
  #do(task: () => Promise<void>): void {
    this.#working = this.#working.then(task).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) {
        this.#components.logger.warn('reachability', { error: String(error) })
      }
    })
  }
}
