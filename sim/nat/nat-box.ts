import type { Random } from '../../src/system/random.ts'
import type { NatBehaviour } from '../scenario/scenario.ts'
import { type NatFlow, type NatMapping, trackPacket } from './flow.ts'
import { FlowTable } from './flow-table.ts'
import { type Endpoint, endpointKey, type NatVerdict, type PacketHeader } from './packet.ts'
import { PortChooser } from './port-chooser.ts'

const DROP_UNSOLICITED: NatVerdict = { action: 'drop', reason: 'unsolicited' }
const DROP_NO_STATE: NatVerdict = { action: 'drop', reason: 'no-state' }
const DROP_TABLE_FULL: NatVerdict = { action: 'drop', reason: 'table-full' }
const DROP_NO_PORT: NatVerdict = { action: 'drop', reason: 'no-port' }
const DROP_NO_HAIRPINNING: NatVerdict = { action: 'drop', reason: 'no-hairpinning' }
const RESET: NatVerdict = { action: 'reset' }

/**
 * One NAT box or firewall (RFC 4787 UDP, RFC 5382 TCP) as a state machine: a packet goes in, a verdict comes out. It has
 * no clock of its own; time is handed in and never runs backwards.
 *
 * Linux's masquerade is `address-and-port-dependent` mapping with `preserving` ports: it chooses a port for each flow, and
 * nearly always the same one, so that from outside it looks endpoint-independent.
 */
export class NatBox {
  readonly behaviour: NatBehaviour
  /** Outside addresses; a firewall has none. */
  readonly publicAddresses: readonly string[]
  readonly #table: FlowTable
  readonly #ports: PortChooser

  constructor(behaviour: NatBehaviour, publicAddresses: readonly string[], random: Pick<Random, 'uniform'>) {
    this.behaviour = behaviour
    this.publicAddresses = publicAddresses
    this.#table = new FlowTable(behaviour.mappingsMax)
    this.#ports = new PortChooser(behaviour.ports, random)
  }

  /** Flows it remembers at `nowMs`. */
  flowCount(nowMs: number): number {
    return this.#table.count(nowMs)
  }

  /** A packet from inside. */
  outbound(header: PacketHeader, nowMs: number): NatVerdict {
    const isHairpin = this.publicAddresses.includes(header.destination.address)
    if (isHairpin && !this.behaviour.hairpinning) {
      const answersReset = this.behaviour.unsolicited !== 'drop' && header.kind === 'syn'
      return answersReset ? RESET : DROP_NO_HAIRPINNING
    }
    const verdict = this.#translateOut(header, nowMs)
    if (!isHairpin || verdict.action !== 'forward') {
      return verdict
    }
    const returned = this.inbound(verdict.header, nowMs)
    return returned.action === 'forward' ? { action: 'hairpin', header: returned.header } : returned
  }

  /** A packet from outside. */
  inbound(header: PacketHeader, nowMs: number): NatVerdict {
    const { kind, source, destination } = header
    const isTcp = kind !== 'udp'
    const known = this.#table.byOutside(outsideKeyOf(isTcp, destination, source), nowMs)
    if (known !== undefined && known.mapping !== undefined) {
      return this.#deliver(known.mapping, known, header, nowMs)
    }
    if (known !== undefined) {
      trackPacket(known, kind, 'in', this.behaviour, nowMs)
      return DROP_UNSOLICITED
    }
    const mapping = this.#admitting(isTcp, source, destination, nowMs)
    if (mapping === undefined) {
      return this.#refuse(header, nowMs)
    }
    if (isTcp && kind !== 'syn' && kind !== 'ack') {
      return DROP_NO_STATE
    }
    if (this.#table.isFull(nowMs)) {
      return DROP_TABLE_FULL
    }
    return this.#deliver(mapping, this.#newFlow(isTcp, mapping, destination, source, nowMs), header, nowMs)
  }

  /**
   * Maps a port on request for `lifetimeMs` (RFC 6886, UPnP IGD): the outside endpoint, or undefined where the box
   * does not do that or has no room. A second request for the same endpoint renews.
   */
  mapPort(protocol: 'tcp' | 'udp', internal: Endpoint, lifetimeMs: number, nowMs: number): Endpoint | undefined {
    if (!this.behaviour.portMapping || this.#table.isFull(nowMs)) {
      return undefined
    }
    const isTcp = protocol === 'tcp'
    const key = requestedKeyOf(isTcp, internal)
    const mapping =
      this.#table.mapping(key, nowMs) ?? this.#newMapping(isTcp, key, internal, undefined, nowMs, nowMs + lifetimeMs)
    if (mapping !== undefined) {
      mapping.requestedUntilMs = nowMs + lifetimeMs
    }
    return mapping?.external
  }

  #translateOut(header: PacketHeader, nowMs: number): NatVerdict {
    const { kind, source, destination } = header
    const isTcp = kind !== 'udp'
    let flow = this.#table.byInside(insideKeyOf(isTcp, source, destination), nowMs)
    if (flow === undefined) {
      if (isTcp && kind !== 'syn' && kind !== 'ack') {
        return DROP_NO_STATE
      }
      if (this.#table.isFull(nowMs)) {
        return DROP_TABLE_FULL
      }
      const mapping = this.#mappingFor(isTcp, source, destination, nowMs)
      if (mapping === undefined) {
        return DROP_NO_PORT
      }
      flow = this.#newFlow(isTcp, mapping, mapping.external, destination, nowMs)
    }
    trackPacket(flow, kind, 'out', this.behaviour, nowMs)
    return { action: 'forward', header: { kind, source: flow.external, destination } }
  }

  #deliver(mapping: NatMapping, flow: NatFlow, header: PacketHeader, nowMs: number): NatVerdict {
    trackPacket(flow, header.kind, 'in', this.behaviour, nowMs)
    return {
      action: 'forward',
      header: { kind: header.kind, source: header.source, destination: mapping.internal },
    }
  }

  /** The mapping under which a packet that belongs to no flow may come in (RFC 4787 §5). */
  #admitting(isTcp: boolean, source: Endpoint, destination: Endpoint, nowMs: number): NatMapping | undefined {
    const mapping = this.#table.mappingByExternal((isTcp ? 't' : 'u') + endpointKey(destination), nowMs)
    if (mapping === undefined || mapping.requestedUntilMs > nowMs) {
      return mapping
    }
    switch (this.behaviour.filtering) {
      case 'endpoint-independent':
        return mapping
      case 'address-dependent':
        return [...mapping.flows].some((flow) => flow.remote.address === source.address) ? mapping : undefined
      case 'address-and-port-dependent':
        return undefined
    }
  }

  #refuse(header: PacketHeader, nowMs: number): NatVerdict {
    const { kind, source, destination } = header
    if (this.behaviour.unsolicited === 'drop' || kind === 'rst') {
      return DROP_UNSOLICITED
    }
    if (kind !== 'udp') {
      return RESET
    }
    if (this.behaviour.unsolicited === 'poison' && !this.#table.isFull(nowMs)) {
      const flow = this.#newFlow(false, undefined, destination, source, nowMs)
      trackPacket(flow, kind, 'in', this.behaviour, nowMs)
    }
    return DROP_UNSOLICITED
  }

  #mappingFor(isTcp: boolean, source: Endpoint, destination: Endpoint, nowMs: number): NatMapping | undefined {
    const requested = this.#table.mapping(requestedKeyOf(isTcp, source), nowMs)
    if (requested !== undefined) {
      return requested
    }
    const key = this.#mappingKey(isTcp, source, destination)
    const mapping = this.#table.mapping(key, nowMs)
    const isTaken = (taken: NatMapping): boolean =>
      this.#table.byOutside(outsideKeyOf(isTcp, taken.external, destination), nowMs) !== undefined
    if (mapping === undefined || !isTaken(mapping)) {
      return mapping ?? this.#newMapping(isTcp, key, source, destination, nowMs, 0)
    }
    // The box took a packet from there for its own: this flow needs another port.
    return this.#newMapping(isTcp, `${key}!${endpointKey(destination)}`, source, destination, nowMs, 0)
  }

  #mappingKey(isTcp: boolean, source: Endpoint, destination: Endpoint): string {
    const key = (isTcp ? 't' : 'u') + endpointKey(source)
    switch (this.behaviour.mapping) {
      case 'endpoint-independent':
        return key
      case 'address-dependent':
        return `${key}>${destination.address}`
      case 'address-and-port-dependent':
        return `${key}>${endpointKey(destination)}`
    }
  }

  #newMapping(
    isTcp: boolean,
    key: string,
    internal: Endpoint,
    destination: Endpoint | undefined,
    nowMs: number,
    requestedUntilMs: number,
  ): NatMapping | undefined {
    const address = this.behaviour.isFirewall ? internal.address : this.#pooledAddress(internal.address)
    const port = this.behaviour.isFirewall
      ? internal.port
      : this.#ports.choose(internal.port, (candidate) =>
          this.#isPortFree(isTcp, { address, port: candidate }, destination, nowMs),
        )
    if (port === undefined) {
      return undefined
    }
    const external = { address, port }
    const mapping: NatMapping = { key, internal, external, flows: new Set(), requestedUntilMs }
    this.#table.addMapping(mapping)
    return mapping
  }

  #isPortFree(isTcp: boolean, external: Endpoint, destination: Endpoint | undefined, nowMs: number): boolean {
    const isFlowTaken =
      destination !== undefined &&
      this.#table.byOutside(outsideKeyOf(isTcp, external, destination), nowMs) !== undefined
    if (isFlowTaken) {
      return false
    }
    const owner = this.#table.mappingByExternal((isTcp ? 't' : 'u') + endpointKey(external), nowMs)
    return owner === undefined || (this.#sharesPorts() && destination !== undefined && owner.requestedUntilMs <= nowMs)
  }

  /** Linux gives one port to many flows that differ in their destination (RFC 4787 §4.2.1 "port overloading"). */
  #sharesPorts(): boolean {
    const { mapping, filtering } = this.behaviour
    return mapping === 'address-and-port-dependent' && filtering === 'address-and-port-dependent'
  }

  /** "Paired" pooling (RFC 4787 REQ-2): one inside address always has the same outside address. */
  #pooledAddress(internal: string): string {
    let sum = 0
    for (let i = 0; i < internal.length; i++) {
      sum = (sum * 31 + internal.charCodeAt(i)) >>> 0
    }
    return this.publicAddresses[sum % this.publicAddresses.length]!
  }

  #newFlow(
    isTcp: boolean,
    mapping: NatMapping | undefined,
    external: Endpoint,
    remote: Endpoint,
    nowMs: number,
  ): NatFlow {
    const flow: NatFlow = {
      mapping,
      insideKey: mapping === undefined ? '' : insideKeyOf(isTcp, mapping.internal, remote),
      outsideKey: outsideKeyOf(isTcp, external, remote),
      external,
      remote,
      isTcp,
      sinceMs: nowMs,
      state: 'opening',
      sawOut: false,
      sawIn: false,
      finOut: false,
      finIn: false,
      expiresMs: Number.POSITIVE_INFINITY,
    }
    this.#table.addFlow(flow)
    return flow
  }
}

function insideKeyOf(isTcp: boolean, internal: Endpoint, remote: Endpoint): string {
  return `${isTcp ? 't' : 'u'}${internal.address}:${internal.port}>${remote.address}:${remote.port}`
}

function outsideKeyOf(isTcp: boolean, external: Endpoint, remote: Endpoint): string {
  return `${isTcp ? 't' : 'u'}${external.address}:${external.port}<${remote.address}:${remote.port}`
}

function requestedKeyOf(isTcp: boolean, internal: Endpoint): string {
  return `${isTcp ? 't' : 'u'}=${endpointKey(internal)}`
}
