import type { NatFlow, NatMapping } from './flow.ts'
import { endpointKey } from './packet.ts'

/** Flows that a table holds before it first looks for dead ones. */
const FIRST_SWEEP_FLOWS = 64

/** The state of a box: flows by both ends and the mappings that they live on. What expired is never seen. */
export class FlowTable {
  readonly #inside = new Map<string, NatFlow>()
  readonly #outside = new Map<string, NatFlow>()
  readonly #mappings = new Map<string, NatMapping>()
  readonly #external = new Map<string, NatMapping>()
  readonly #flowsMax: number
  #sweepAt = FIRST_SWEEP_FLOWS

  constructor(flowsMax: number) {
    this.#flowsMax = flowsMax
  }

  /** Flows alive at `nowMs`. */
  count(nowMs: number): number {
    this.#sweep(nowMs)
    return this.#outside.size
  }

  byInside(key: string, nowMs: number): NatFlow | undefined {
    return this.#alive(this.#inside.get(key), nowMs)
  }

  byOutside(key: string, nowMs: number): NatFlow | undefined {
    return this.#alive(this.#outside.get(key), nowMs)
  }

  mapping(key: string, nowMs: number): NatMapping | undefined {
    return this.#aliveMapping(this.#mappings.get(key), nowMs)
  }

  /** The mapping that owns an external endpoint: `t` (TCP) or `u` (UDP), then the endpoint's key. */
  mappingByExternal(key: string, nowMs: number): NatMapping | undefined {
    return this.#aliveMapping(this.#external.get(key), nowMs)
  }

  /** True when one more flow does not fit. */
  isFull(nowMs: number): boolean {
    if (this.#outside.size >= Math.min(this.#sweepAt, this.#flowsMax)) {
      this.#sweep(nowMs)
    }
    return this.#outside.size >= this.#flowsMax
  }

  addMapping(mapping: NatMapping): void {
    this.#mappings.set(mapping.key, mapping)
    this.#external.set(externalKey(mapping), mapping)
  }

  addFlow(flow: NatFlow): void {
    this.#outside.set(flow.outsideKey, flow)
    if (flow.mapping !== undefined) {
      this.#inside.set(flow.insideKey, flow)
      flow.mapping.flows.add(flow)
    }
  }

  #alive(flow: NatFlow | undefined, nowMs: number): NatFlow | undefined {
    if (flow !== undefined && flow.expiresMs <= nowMs) {
      this.#removeFlow(flow)
      this.#aliveMapping(flow.mapping, nowMs)
      return undefined
    }
    return flow
  }

  #aliveMapping(mapping: NatMapping | undefined, nowMs: number): NatMapping | undefined {
    if (mapping === undefined) {
      return undefined
    }
    for (const flow of mapping.flows) {
      if (flow.expiresMs <= nowMs) {
        this.#removeFlow(flow)
      }
    }
    if (mapping.flows.size > 0 || mapping.requestedUntilMs > nowMs) {
      return mapping
    }
    this.#mappings.delete(mapping.key)
    if (this.#external.get(externalKey(mapping)) === mapping) {
      this.#external.delete(externalKey(mapping))
    }
    return undefined
  }

  #removeFlow(flow: NatFlow): void {
    this.#outside.delete(flow.outsideKey)
    if (flow.mapping !== undefined) {
      this.#inside.delete(flow.insideKey)
      flow.mapping.flows.delete(flow)
    }
  }

  #sweep(nowMs: number): void {
    for (const flow of this.#outside.values()) {
      if (flow.mapping === undefined && flow.expiresMs <= nowMs) {
        this.#removeFlow(flow)
      }
    }
    for (const mapping of this.#mappings.values()) {
      this.#aliveMapping(mapping, nowMs)
    }
    this.#sweepAt = Math.max(FIRST_SWEEP_FLOWS, 2 * this.#outside.size)
  }
}

function externalKey(mapping: NatMapping): string {
  return mapping.key[0] + endpointKey(mapping.external)
}
