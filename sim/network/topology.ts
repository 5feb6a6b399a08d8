import type { Random } from '../../src/system/random.ts'
import { assert } from '../../src/util/assert.ts'
import { NatBox } from '../nat/nat-box.ts'
import type { PacketHeader } from '../nat/packet.ts'
import { NAT_PRESETS } from '../nat/presets.ts'
import type { NatChain } from '../scenario/scenario.ts'
import type { SeededRandom } from '../system/seeded-random.ts'
import type { Packet } from './packet.ts'

/** Addresses that reach each other without a box; `gateway` leads out. */
export interface Realm {
  readonly owners: Map<string, HostNode | BoxNode>
  readonly gateway: BoxNode | undefined
  /** Makes the addresses that are given out in it. */
  readonly nextAddress: () => string
}

/** A box where it stands. */
export interface BoxNode {
  readonly box: NatBox
  readonly outside: Realm
  readonly inside: Realm
  /** What is in one place: latencies are drawn between sites. */
  readonly site: number
  /** Presets of the boxes from here outward, as in `home+cgn-fixed`. */
  readonly label: string
}

/** A host as the network sees it. */
export interface HostNode {
  readonly box: undefined
  readonly site: number
  /** As of a box; `open` for none. */
  readonly label: string
  readonly isUp: boolean
  /** For what happens to its packets. */
  readonly random: SeededRandom
  placeOf(address: string): Place | undefined
  /** When a packet handed over now has left by the uplink. */
  departureMs(bytes: number, nowMs: number): number
  receive(header: PacketHeader, packet: Packet): void
}

/** Where a host is. */
export interface Place {
  readonly address: string
  readonly realm: Realm
  readonly site: number
}

/** Boxes in a row that a packet may pass in one direction. */
export const MAX_BOXES_IN_A_ROW = 8
/** Public IPv4 addresses that can be given out: as many first octets times 2^24. */
const FIRST_OCTETS = 70
/** First octet of the first one; 20 to 89 are all public. */
const FIRST_OCTET = 20
/** Spreads addresses over networks, so that rules that count /16s or /24s see what they would in the world. */
const SPREAD = 65_537 * 163
/** Hosts behind a box from which on its inside looks like a carrier's. */
const CARRIER_HOSTS = 64

/** The Internet, the boxes at its edge and what is behind them. */
export class Topology {
  readonly core: Realm
  readonly #random: Pick<Random, 'uniform'>
  /** Boxes with room for more hosts, by what they are. */
  readonly #open = new Map<string, { readonly node: BoxNode; left: number }>()
  #sites = 0
  #ip6Hosts = 0

  constructor(random: Pick<Random, 'uniform'>) {
    this.#random = random
    this.core = realm(undefined, publicAddresses())
  }

  /** A place behind the boxes of `chain`, the first of which is the nearest. */
  place(chain: NatChain): Place {
    assert(chain.length <= MAX_BOXES_IN_A_ROW, `at most ${MAX_BOXES_IN_A_ROW} boxes in a row, not ${chain.length}`)
    let inner = this.core
    let site: number | undefined
    for (let index = chain.length - 1; index >= 0; index--) {
      const node = this.#box(chain.slice(index), inner, site)
      site = node.site
      inner = node.inside
    }
    return { address: inner.nextAddress(), realm: inner, site: site ?? this.#sites++ }
  }

  /** An IPv6 place: no translation, but a filter where `chain` has any box. */
  place6(chain: NatChain, site: number): Place {
    const address = `2a01:${(this.#ip6Hosts >>> 16).toString(16)}:${(this.#ip6Hosts++ & 0xffff).toString(16)}::2`
    const nearest = chain[0]
    if (nearest === undefined) {
      return { address, realm: this.core, site }
    }
    const behaviour = { ...nearest.behaviour, isFirewall: true }
    const node = boxNode(new NatBox(behaviour, [], this.#random), this.core, site, `${nearest.preset}6`, () => address)
    return { address, realm: node.inside, site }
  }

  /** Makes an address reach `owner`, through any firewalls around its realm. */
  register(place: Place, owner: HostNode): void {
    place.realm.owners.set(place.address, owner)
    for (let gateway = place.realm.gateway; gateway?.box.behaviour.isFirewall; gateway = gateway.outside.gateway) {
      gateway.outside.owners.set(place.address, gateway)
    }
  }

  #box(chain: NatChain, outside: Realm, outerSite: number | undefined): BoxNode {
    const { preset, behaviour } = chain[0]!
    const label = chain.map((box) => box.preset).join('+')
    const key = chain.map((box) => `${box.preset}${JSON.stringify(box.behaviour)}`).join('+')
    const open = this.#open.get(key)
    if (open !== undefined && open.left > 0) {
      open.left -= 1
      return open.node
    }
    const hosts = NAT_PRESETS[preset]?.hostsPerBox ?? 1
    const inner = hosts >= CARRIER_HOSTS ? counted(100, 64, 2) : hosts > 1 ? counted(10, 0, 2) : counted(192, 168, 258)
    const site = outerSite ?? this.#sites++
    const addresses = behaviour.isFirewall ? [] : [outside.nextAddress()]
    const box = new NatBox(behaviour, addresses, this.#random)
    const node = boxNode(box, outside, site, label, behaviour.isFirewall ? outside.nextAddress : inner)
    for (const address of addresses) {
      outside.owners.set(address, node)
    }
    this.#open.set(key, { node, left: hosts - 1 })
    return node
  }
}

function boxNode(box: NatBox, outside: Realm, site: number, label: string, nextAddress: () => string): BoxNode {
  const inside: { -readonly [Key in keyof Realm]: Realm[Key] } = realm(undefined, nextAddress)
  const node: BoxNode = { box, outside, inside, site, label }
  inside.gateway = node
  return node
}

function realm(gateway: BoxNode | undefined, nextAddress: () => string): Realm {
  return { owners: new Map(), gateway, nextAddress }
}

/** Private addresses one after the other: `first.second.0.0` and `start` more. */
function counted(first: number, second: number, start: number): () => string {
  let next = start
  return () => {
    const index = next++
    return `${first}.${second + ((index >>> 16) & 0x3f)}.${(index >>> 8) & 0xff}.${index & 0xff}`
  }
}

function publicAddresses(): () => string {
  let index = 0
  return () => {
    const space = FIRST_OCTETS * 2 ** 24
    const spread = (index++ * SPREAD) % space
    return [FIRST_OCTET + (spread >>> 24), (spread >>> 16) & 0xff, (spread >>> 8) & 0xff, spread & 0xff].join('.')
  }
}
