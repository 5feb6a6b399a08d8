import { assert } from '../../src/util/assert.ts'
import type { Endpoint, PacketHeader } from '../nat/packet.ts'
import type { NatCell } from '../results/results.ts'
import type { NatChain } from '../scenario/scenario.ts'
import type { SeededRandom } from '../system/seeded-random.ts'
import { type PacketCarrier, SimHost } from './host.ts'
import { type LinkConditions, Links, wireBytes } from './links.ts'
import { type NatOutcome, OutcomeMatrix } from './outcome-matrix.ts'
import type { Packet } from './packet.ts'
import { PacketHash } from './packet-hash.ts'
import type { Scheduler } from './scheduler.ts'
import { type BoxNode, type HostNode, MAX_BOXES_IN_A_ROW, type Realm, Topology } from './topology.ts'

/** Hosts of a network at most. */
const MAX_HOSTS = 100_000
/** Bytes of an RST that a box sends. */
const RESET_BYTES = 40

/** Simulated hosts, links and NAT boxes: carries packets, one event for each. */
export class SimNetwork implements PacketCarrier {
  readonly scheduler: Scheduler
  readonly links: Links
  readonly matrix: OutcomeMatrix = new OutcomeMatrix()
  readonly #topology: Topology
  readonly #random: SeededRandom
  readonly #hash = new PacketHash()
  readonly #hosts: SimHost[] = []
  /** The first host of each site: it speaks for the boxes there when the network is cut. */
  readonly #siteHosts = new Map<number, HostNode>()
  #isSplit: ((host: HostNode) => boolean) | undefined

  constructor(scheduler: Scheduler, conditions: LinkConditions, random: SeededRandom) {
    this.scheduler = scheduler
    this.#random = random
    this.links = new Links(conditions, random.fork('links'))
    this.#topology = new Topology(random.fork('boxes'))
  }

  get hosts(): readonly SimHost[] {
    return this.#hosts
  }

  /** Packets sent, and the hash over source, destination, size and time of each: 16 hexadecimal digits. */
  get packets(): number {
    return this.#hash.packets
  }

  get hash(): string {
    return this.#hash.text
  }

  /** How connections between boxes of each kind came about. */
  natMatrix(): readonly NatCell[] {
    return this.matrix.cells()
  }

  /** A host behind the boxes of `chain`; with `ip6` also one global IPv6 address, behind a filter if there is any box. */
  addHost(name: string, chain: NatChain = [], options: { readonly ip6?: boolean } = {}): SimHost {
    assert(this.#hosts.length < MAX_HOSTS, `a network has at most ${MAX_HOSTS} hosts`)
    const place = this.#topology.place(chain)
    const places = options.ip6 === true ? [place, this.#topology.place6(chain, place.site)] : [place]
    const label = chain.length === 0 ? 'open' : chain.map((box) => box.preset).join('+')
    const host = new SimHost(this, { name, label, places, random: this.#random.fork(`host/${this.#hosts.length}`) })
    this.#hosts.push(host)
    if (!this.#siteHosts.has(place.site)) {
      this.#siteHosts.set(place.site, host)
    }
    for (const { address, realm, site } of places) {
      this.#topology.register({ address, realm, site }, host)
    }
    return host
  }

  /** Cuts the hosts for which `isInside` holds from all others, until `heal`. */
  partition(isInside: (host: HostNode) => boolean): void {
    this.#isSplit = isInside
  }

  heal(): void {
    this.#isSplit = undefined
  }

  noteOutcome(from: HostNode, { local, remote }: { local: Endpoint; remote: Endpoint }, outcome: NatOutcome): void {
    // A neighbour behind the same box, or whoever owns a public address.
    const neighbour = from.placeOf(local.address)?.realm.owners.get(remote.address)
    const owner = neighbour ?? this.#topology.core.owners.get(remote.address)
    this.matrix.note(from.label, owner?.label ?? 'unreachable', outcome)
  }

  send(from: HostNode, packet: Packet): number | undefined {
    const nowMs = this.scheduler.now()
    const { header, segment } = packet
    if (segment !== undefined) {
      packet.bytes = wireBytes(segment.payloadBytes)
    }
    const departMs = from.departureMs(packet.bytes, nowMs)
    this.#hash.note(header.source, header.destination, packet.bytes, nowMs)
    const place = from.placeOf(header.source.address)
    const way = place === undefined ? undefined : this.#wayOut(place.realm, header, nowMs)
    const isLost = way === undefined || (segment === undefined && this.links.isLost(from.random))
    if (isLost || way.isReset) {
      packet.onLost?.()
      if (way?.isReset) {
        this.#answerReset(from, header, nowMs)
      }
      return undefined
    }
    const latencyMs = this.links.latencyMs(from.site, way.target.site) + this.links.jitterMs(from.random)
    const lossMs = segment === undefined ? 0 : this.links.lossDelayMs(segment.payloadBytes, latencyMs, from.random)
    const atMs = Math.max(departMs + latencyMs + lossMs, packet.notBeforeMs ?? 0)
    this.scheduler.schedule(Math.max(0, atMs - nowMs), () => this.#arrive(from, way, packet))
    return atMs
  }

  extend(from: HostNode, packet: Packet, bytes: number): void {
    const nowMs = this.scheduler.now()
    packet.bytes += bytes
    from.departureMs(bytes, nowMs)
    this.#hash.note(packet.header.source, packet.header.destination, bytes, nowMs)
  }

  latencyTo(from: HostNode, remote: Endpoint): number {
    const target = from.placeOf(remote.address) ?? this.#topology.core.owners.get(remote.address)
    return this.links.latencyMs(from.site, target?.site ?? from.site)
  }

  /** Outward through the boxes; where the packet turns inward again, or undefined when it got lost. */
  #wayOut(start: Realm, header: PacketHeader, nowMs: number): Way | undefined {
    let realm = start
    let current = header
    for (let boxes = 0; boxes <= MAX_BOXES_IN_A_ROW; boxes++) {
      const target = realm.owners.get(current.destination.address)
      const { gateway } = realm
      if (target !== undefined && target !== gateway) {
        return { target, realm, header: current, isReset: false }
      }
      if (gateway === undefined) {
        return undefined
      }
      const verdict = gateway.box.outbound(current, nowMs)
      if (verdict.action === 'drop') {
        return undefined
      }
      if (verdict.action === 'reset') {
        return { target: gateway, realm, header: current, isReset: true }
      }
      current = verdict.header
      if (verdict.action === 'hairpin') {
        const inner = realm.owners.get(current.destination.address)
        return inner === undefined ? undefined : { target: inner, realm, header: current, isReset: false }
      }
      realm = gateway.outside
    }
    return undefined
  }

  /** Inward through the boxes to the host. */
  #arrive(from: HostNode | undefined, way: Way, packet: Packet): void {
    const nowMs = this.scheduler.now()
    let target: HostNode | BoxNode | undefined = way.target
    let header = way.header
    let realm = way.realm
    for (let boxes = 0; target !== undefined && target.box !== undefined; boxes++) {
      const verdict = boxes < MAX_BOXES_IN_A_ROW ? target.box.inbound(header, nowMs) : undefined
      if (verdict?.action === 'reset' && !this.#isCut(from, this.#siteHosts.get(target.site))) {
        this.#resetFromBox(realm, target, header)
      }
      if (verdict?.action !== 'forward') {
        packet.onLost?.()
        return
      }
      header = verdict.header
      realm = target.inside
      target = realm.owners.get(header.destination.address)
    }
    if (target === undefined || !target.isUp || this.#isCut(from, target)) {
      packet.onLost?.()
      return
    }
    target.receive(header, packet)
  }

  #isCut(from: HostNode | undefined, to: HostNode | undefined): boolean {
    return from !== undefined && to !== undefined && this.#isSplit?.(from) !== this.#isSplit?.(to)
  }

  /** A box inside says no. */
  #answerReset(from: HostNode, { source, destination }: PacketHeader, nowMs: number): void {
    const header: PacketHeader = { kind: 'rst', source: destination, destination: source }
    this.#hash.note(destination, source, RESET_BYTES, nowMs)
    this.scheduler.schedule(this.links.latencyMs(0, 0), () => {
      if (from.isUp) {
        from.receive(header, { header, bytes: RESET_BYTES })
      }
    })
  }

  /** A box answers what came from outside; the RST goes out like any other packet of its realm. */
  #resetFromBox(realm: Realm, node: BoxNode, cause: PacketHeader): void {
    const nowMs = this.scheduler.now()
    const header: PacketHeader = { kind: 'rst', source: cause.destination, destination: cause.source }
    this.#hash.note(header.source, header.destination, RESET_BYTES, nowMs)
    const way = this.#wayOut(realm, header, nowMs)
    if (way === undefined || way.isReset) {
      return
    }
    const latencyMs = this.links.latencyMs(node.site, way.target.site)
    this.scheduler.schedule(latencyMs, () => this.#arrive(undefined, way, { header, bytes: RESET_BYTES }))
  }
}

/** Where a packet turns inward. */
interface Way {
  readonly target: HostNode | BoxNode
  readonly realm: Realm
  readonly header: PacketHeader
  /** The last box refused it. */
  readonly isReset: boolean
}
