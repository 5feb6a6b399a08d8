import { assert } from '../../src/util/assert.ts'
import { type Endpoint, endpointKey, type PacketHeader } from '../nat/packet.ts'
import type { SeededRandom } from '../system/seeded-random.ts'
import { type Links, retransmitMs } from './links.ts'
import type { NatOutcome } from './outcome-matrix.ts'
import type { Packet } from './packet.ts'
import type { Scheduler } from './scheduler.ts'
import { SocketError } from './socket-error.ts'
import { type SocketEvents, type SocketHost, TcpSocket } from './tcp-socket.ts'
import type { HostNode, Place } from './topology.ts'

/** Ephemeral ports (Linux `ip_local_port_range`). */
const FIRST_EPHEMERAL_PORT = 32_768
const EPHEMERAL_PORTS = 28_232
/** Unanswered SYNs a listener holds (Node's default backlog). */
const MAX_HALF_OPEN = 511
/** Sockets of a host, closed ones that still deliver included. */
const MAX_SOCKETS = 65_536
const RESET_BYTES = 40

/** What a host counts. */
export interface HostCounters {
  bytesSent: number
  bytesReceived: number
  dials: number
  dialsFailed: number
}

/** The network as a host sees it. */
export interface PacketCarrier {
  readonly scheduler: Scheduler
  readonly links: Links
  /** Sends a packet; gives the time of its arrival, undefined if it is lost at once. */
  send(from: HostNode, packet: Packet): number | undefined
  /** A packet that has just been sent got longer. */
  extend(from: HostNode, packet: Packet, bytes: number): void
  /** One way, without jitter; to a guess where nobody has the address. */
  latencyTo(from: HostNode, remote: Endpoint): number
  noteOutcome(from: HostNode, between: { local: Endpoint; remote: Endpoint }, outcome: NatOutcome): void
}

/** How a host dials. */
export interface ConnectOptions {
  /** @default an ephemeral one */
  readonly localPort?: number | undefined
  /** The other side dials too, and its dial is the one that counts. */
  readonly isSecond?: boolean
}

/** Takes the connections that a port accepts, and says what becomes of them. */
export type OnConnection = (socket: TcpSocket) => void

/** A simulated machine: its addresses, ports and sockets. */
export class SimHost implements HostNode, SocketHost {
  readonly box = undefined
  readonly name: string
  /** The boxes in front of it: `home+cgn-fixed`, or `open`. */
  readonly label: string
  readonly random: SeededRandom
  readonly counters: HostCounters = { bytesSent: 0, bytesReceived: 0, dials: 0, dialsFailed: 0 }
  readonly #network: PacketCarrier
  readonly #places: readonly Place[]
  readonly #sockets = new Map<string, TcpSocket>()
  readonly #listeners = new Map<string, OnConnection>()
  readonly #datagrams = new Map<number, (from: Endpoint, data: Uint8Array) => void>()
  #halfOpen = 0
  #nextPort: number
  #uplinkFreeMs = 0
  #isUp = true

  constructor(
    network: PacketCarrier,
    init: {
      readonly name: string
      readonly label: string
      readonly places: readonly Place[]
      readonly random: SeededRandom
    },
  ) {
    this.#network = network
    this.name = init.name
    this.label = init.label
    this.#places = init.places
    this.random = init.random
    this.#nextPort = init.random.uniform(EPHEMERAL_PORTS)
  }

  get scheduler(): Scheduler {
    return this.#network.scheduler
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Own addresses, IPv4 first; behind NAT they are private. */
  get addresses(): readonly string[] {
    return this.#places.map((place) => place.address)
  }

  /** Its place in the latency matrix. */
  get site(): number {
    return this.#places[0]!.site
  }

  get connections(): number {
    return this.#sockets.size
  }

  placeOf(address: string): Place | undefined {
    return this.#places.find((place) => place.address === address)
  }

  /** Accepts connections to an own address and port; port 0 chooses one. Gives the port. @throws SocketError EADDRINUSE */
  listen(address: string, port: number, onConnection: OnConnection): number {
    const chosen = port === 0 ? this.#freePort((candidate) => !this.#listeners.has(`${address}:${candidate}`)) : port
    const key = `${address}:${chosen}`
    if (this.#listeners.has(key)) {
      throw new SocketError('EADDRINUSE', `address already in use ${key}`)
    }
    this.#listeners.set(key, onConnection)
    return chosen
  }

  /** Whether connections to this port are accepted at any own address. */
  isListening(port: number): boolean {
    return this.addresses.some((address) => this.#listens(address, port))
  }

  unlisten(address: string, port: number): void {
    this.#listeners.delete(`${address}:${port}`)
  }

  /**
   * Opens a connection. `localPort` may be one that also listens or that another connection uses (SO_REUSEPORT, as hole
   * punching needs). @throws SocketError EADDRINUSE, ENETUNREACH
   */
  connect(remote: Endpoint, events: SocketEvents, { localPort, isSecond = false }: ConnectOptions = {}): TcpSocket {
    this.counters.dials += 1
    const isIp6 = remote.address.includes(':')
    const address = this.addresses.find((own) => own.includes(':') === isIp6)
    if (address === undefined || !this.#isUp || this.#sockets.size >= MAX_SOCKETS) {
      this.counters.dialsFailed += 1
      throw new SocketError('ENETUNREACH', `no way to ${endpointKey(remote)}`)
    }
    const isFree = (port: number): boolean => !this.#sockets.has(socketKey({ address, port }, remote))
    const port = localPort ?? this.#freePort((candidate) => isFree(candidate) && !this.#listens(address, candidate))
    if (!isFree(port)) {
      this.counters.dialsFailed += 1
      throw new SocketError('EADDRINUSE', `${address}:${port} to ${endpointKey(remote)} is in use`)
    }
    const socket = new TcpSocket(this, { address, port }, remote, events)
    this.#sockets.set(socketKey(socket.local, remote), socket)
    socket.open(isSecond)
    return socket
  }

  /** Whether an open connection to this endpoint came about by both ends dialling at once. */
  hasPunched({ address, port }: Endpoint): boolean {
    return [...this.#sockets.values()].some(
      ({ remote, isOpen, isSimultaneous }) =>
        isOpen && isSimultaneous && remote.port === port && remote.address === address,
    )
  }

  /** Receives the datagrams of a UDP port. */
  bind(port: number, onDatagram: (from: Endpoint, data: Uint8Array) => void): void {
    assert(this.#datagrams.size < EPHEMERAL_PORTS, 'too many UDP ports')
    this.#datagrams.set(port, onDatagram)
  }

  /** Sends a datagram from a UDP port. */
  sendDatagram(port: number, destination: Endpoint, datagram: Uint8Array): void {
    const isIp6 = destination.address.includes(':')
    const address = this.addresses.find((own) => own.includes(':') === isIp6)
    if (address !== undefined && this.#isUp) {
      const header: PacketHeader = { kind: 'udp', source: { address, port }, destination }
      this.#network.send(this, { header, bytes: datagram.byteLength + 28, datagram })
    }
  }

  /** Asks the nearest box for a port (UPnP, NAT-PMP); undefined where there is none that does so. */
  mapPort(protocol: 'tcp' | 'udp', port: number, lifetimeMs: number): Endpoint | undefined {
    const { address, realm } = this.#places[0]!
    return realm.gateway?.box.mapPort(protocol, { address, port }, lifetimeMs, this.#network.scheduler.now())
  }

  /**
   * Ends everything on the host at once, without a word to what ran on it. After `power` nobody hears of it; after
   * `process` the operating system resets the connections and answers for the dead.
   */
  crash(how: 'power' | 'process'): void {
    for (const socket of this.#sockets.values()) {
      socket.vanish(how === 'process')
    }
    this.#sockets.clear()
    this.#listeners.clear()
    this.#datagrams.clear()
    this.#halfOpen = 0
    this.#isUp = how === 'process'
  }

  /** Power is back. */
  restart(): void {
    this.#isUp = true
  }

  /** When a packet handed over now leaves by the uplink. */
  departureMs(bytes: number, nowMs: number): number {
    this.counters.bytesSent += bytes
    this.#uplinkFreeMs = Math.max(this.#uplinkFreeMs, nowMs) + (bytes / this.#network.links.bytesPerSecond) * 1_000
    return this.#uplinkFreeMs
  }

  /** A packet arrived. */
  receive(header: PacketHeader, packet: Packet): void {
    this.counters.bytesReceived += packet.bytes
    if (header.kind === 'udp') {
      this.#datagrams.get(header.destination.port)?.(header.source, packet.datagram ?? new Uint8Array())
      return
    }
    const socket = this.#sockets.get(socketKey(header.destination, header.source))
    if (socket !== undefined) {
      socket.receive(header.kind, packet)
    } else if (header.kind === 'syn') {
      this.#offer(header)
    } else if (packet.segment !== undefined || header.kind === 'syn-ack' || header.kind === 'ack') {
      // A FIN that answers a FIN is nobody's concern any more.
      this.#refuse(header)
    }
  }

  transmit(packet: Packet): number | undefined {
    return this.#isUp ? this.#network.send(this, packet) : undefined
  }

  extend(packet: Packet, bytes: number): void {
    this.#network.extend(this, packet, bytes)
  }

  retransmitMs(remote: Endpoint): number {
    return retransmitMs(this.#network.latencyTo(this, remote))
  }

  concluded(socket: TcpSocket, outcome: NatOutcome): void {
    this.counters.dialsFailed += outcome === 'failed' ? 1 : 0
    // Not what the other side of a punch counts, nor who met itself behind an address that every home has.
    if (!socket.isSecond && this.placeOf(socket.remote.address) === undefined) {
      this.#network.noteOutcome(this, socket, outcome)
    }
  }

  /** A socket has ended. */
  forget(socket: TcpSocket): void {
    const key = socketKey(socket.local, socket.remote)
    if (this.#sockets.get(key) === socket) {
      this.#sockets.delete(key)
    }
  }

  #offer(header: PacketHeader): void {
    const { address, port } = header.destination
    const onConnection = this.#listeners.get(`${address}:${port}`)
    if (onConnection === undefined) {
      this.#refuse(header)
      return
    }
    if (this.#halfOpen >= MAX_HALF_OPEN || this.#sockets.size >= MAX_SOCKETS) {
      return
    }
    this.#halfOpen += 1
    const socket = new TcpSocket(this, header.destination, header.source, {
      onConnect: () => {
        this.#halfOpen -= 1
        socket.attach({})
        onConnection(socket)
      },
      onClose: () => {
        this.#halfOpen -= 1
      },
    })
    this.#sockets.set(socketKey(socket.local, socket.remote), socket)
    socket.answer()
  }

  #refuse(header: PacketHeader): void {
    const answer: PacketHeader = { kind: 'rst', source: header.destination, destination: header.source }
    this.#network.send(this, { header: answer, bytes: RESET_BYTES })
  }

  #listens(address: string, port: number): boolean {
    return this.#listeners.has(`${address}:${port}`)
  }

  #freePort(isFree: (port: number) => boolean): number {
    for (let tries = 0; tries < EPHEMERAL_PORTS; tries++) {
      const port = FIRST_EPHEMERAL_PORT + this.#nextPort
      this.#nextPort = (this.#nextPort + 1) % EPHEMERAL_PORTS
      if (isFree(port)) {
        return port
      }
    }
    throw new SocketError('EADDRNOTAVAIL', 'no port is free')
  }
}

function socketKey(local: Endpoint, remote: Endpoint): string {
  return `${local.address}:${local.port}<${remote.address}:${remote.port}`
}
