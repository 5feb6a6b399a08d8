import { KAD_PEER_TIMEOUT_MS } from '../../src/util/kad-limits.ts'

/** Defaults of AdaptiveTimeout in @libp2p/utils 7.4, which kad-dht leaves as they are. */
const TIME_SPAN_MS = 5_000
const TIMEOUT_MULTIPLIER = 1.2
const FAILURE_MULTIPLIER = 2

/**
 * How long each node waits for an answer to a lookup's request, dial included: a moving average of what the last ones took,
 * within bounds, which grows when requests time out (@libp2p/utils, adaptive-timeout.js and moving-average.js).
 */
export class AdaptiveTimeouts {
  readonly #averageMs: Float32Array
  readonly #lastMs: Float64Array

  constructor(nodes: number) {
    this.#averageMs = new Float32Array(nodes)
    this.#lastMs = new Float64Array(nodes).fill(Number.NEGATIVE_INFINITY)
  }

  timeoutMs(node: number): number {
    const { minTimeout, maxTimeout } = KAD_PEER_TIMEOUT_MS
    return Math.min(maxTimeout, Math.max(minTimeout, (this.#averageMs[node] as number) * TIMEOUT_MULTIPLIER))
  }

  /** A request of `node` was answered, or given up, after so long. */
  took(node: number, ms: number, isFailure: boolean, nowMs: number): void {
    const value = isFailure ? ms * FAILURE_MULTIPLIER : ms
    const weight = 1 - Math.exp(-(nowMs - (this.#lastMs[node] as number)) / TIME_SPAN_MS)
    this.#averageMs[node] = weight * value + (1 - weight) * (this.#averageMs[node] as number)
    this.#lastMs[node] = nowMs
  }
}
