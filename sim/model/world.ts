import { classSizes } from '../scenario/class-sizes.ts'
import type { NodeClass, Scenario } from '../scenario/scenario.ts'
import { IdSpace, type Place } from './id-space.ts'
import { Stream } from './stream.ts'

/** What a Sybil does; 0: it is none. */
export const HONEST = 0
export const DROPS = 1
export const LIES = 2

/** Nodes that come in the course of a run beside those of the scenario. */
export interface Extras {
  /** Of the classes of the scenario, by their shares. */
  readonly newcomers: number
  /** Sybils: where they are put, and what they do. */
  readonly sybils: readonly { readonly place: Place; readonly behaviour: number }[]
}

/** Every node of a run: some tens of bytes each, in arrays by node. */
export class World {
  readonly size: number
  /** Nodes of the scenario; newcomers and then Sybils have the numbers above. */
  readonly regular: number
  readonly firstSybil: number
  readonly classes: readonly NodeClass[]
  readonly ids: IdSpace
  readonly classOf: Uint8Array
  readonly behaviour: Uint8Array
  /** 1: runs and is not away. */
  readonly up: Uint8Array
  readonly upSinceMs: Float64Array
  readonly downSinceMs: Float64Array
  readonly uptimeMs: Float64Array
  readonly sessions: Uint32Array
  readonly bytesSent: Float64Array
  readonly bytesReceived: Float64Array
  /** Behind a box that lets nobody in unasked: nothing is mapped or punched in the model, not even where the box would. */
  readonly hidden: Uint8Array
  /** 1: answers lookups and may keep letters. */
  readonly server: Uint8Array
  /** Side of the partition, when there is one. */
  readonly side: Uint8Array
  /** Of servers, the share that can be dialled. */
  readonly openShare: number
  nodesUp = 0

  constructor(scenario: Scenario, seed: number, extras: Extras) {
    this.classes = scenario.classes
    this.regular = scenario.nodes
    this.firstSybil = scenario.nodes + extras.newcomers
    this.ids = new IdSpace(
      this.firstSybil,
      extras.sybils.map(({ place }) => place),
      new Stream(seed, 'ids'),
    )
    const { size } = this.ids
    this.size = size
    this.classOf = new Uint8Array(size)
    this.behaviour = new Uint8Array(size)
    this.up = new Uint8Array(size)
    this.upSinceMs = new Float64Array(size)
    this.downSinceMs = new Float64Array(size).fill(Number.NEGATIVE_INFINITY)
    this.uptimeMs = new Float64Array(size)
    this.sessions = new Uint32Array(size)
    this.bytesSent = new Float64Array(size)
    this.bytesReceived = new Float64Array(size)
    this.hidden = new Uint8Array(size)
    this.server = new Uint8Array(size)
    this.side = new Uint8Array(size)
    this.#assign(0, scenario.nodes)
    this.#assign(scenario.nodes, extras.newcomers)
    extras.sybils.forEach(({ behaviour }, i) => {
      this.behaviour[this.firstSybil + i] = behaviour
      this.server[this.firstSybil + i] = 1
    })
    this.openShare = this.#openShare()
  }

  /** The class of a node; Sybils have none. */
  classAt(node: number): NodeClass | undefined {
    return node < this.firstSybil ? this.classes[this.classOf[node] as number] : undefined
  }

  /** Bytes that a node keeps for others. */
  storageOf(node: number): number {
    return this.classAt(node)?.storageBytes ?? Number.MAX_SAFE_INTEGER
  }

  come(node: number, nowMs: number): void {
    if (this.up[node] === 0) {
      this.up[node] = 1
      this.upSinceMs[node] = nowMs
      this.sessions[node] = (this.sessions[node] as number) + 1
      this.nodesUp++
    }
  }

  go(node: number, nowMs: number): void {
    if (this.up[node] === 1) {
      this.up[node] = 0
      this.downSinceMs[node] = nowMs
      this.uptimeMs[node] = (this.uptimeMs[node] as number) + nowMs - (this.upSinceMs[node] as number)
      this.nodesUp--
    }
  }

  charge(from: number, to: number, bytes: number): void {
    this.bytesSent[from] = (this.bytesSent[from] as number) + bytes
    this.bytesReceived[to] = (this.bytesReceived[to] as number) + bytes
  }

  #assign(first: number, count: number): void {
    let node = first
    classSizes(this.classes, count).forEach((nodes, index) => {
      const { nat, storageBytes } = this.classes[index] as NodeClass
      this.classOf.fill(index, node, node + nodes)
      this.hidden.fill(nat.length > 0 ? 1 : 0, node, node + nodes)
      this.server.fill(storageBytes > 0 ? 1 : 0, node, node + nodes)
      node += nodes
    })
  }

  #openShare(): number {
    let servers = 0
    let open = 0
    for (let node = 0; node < this.size; node++) {
      servers += this.server[node] as number
      open += (this.server[node] as number) & (1 - (this.hidden[node] as number))
    }
    return servers === 0 ? 0 : open / servers
  }
}
