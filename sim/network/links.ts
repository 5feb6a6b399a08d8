import type { Random } from '../../src/system/random.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { lawQuantile } from './law-quantile.ts'

/** What the links between hosts are like; the `network` section of a scenario. */
export type LinkConditions = Scenario['network']

/** Two hosts behind one box or on one LAN, one way. */
const SAME_SITE_LATENCY_MS = 1
/** Least latency of a link, so that nothing arrives before it was sent and the laws may have no lower end. */
const MIN_LATENCY_MS = 0.1
/** Largest payload of a segment (Ethernet, IPv4, TCP with timestamps). */
const SEGMENT_PAYLOAD_BYTES = 1_448
/** Ethernet payload headers of a segment: IPv4, TCP with timestamps. */
const SEGMENT_HEADER_BYTES = 52
/** Least retransmission timeout (Linux `TCP_RTO_MIN`). */
const RETRANSMIT_MIN_MS = 200
/** Losses of one segment in a row that are still drawn. */
const MAX_LOSSES_IN_A_ROW = 8
/** Random numbers below 1 have this resolution. */
const UNIT = 2 ** 32

/** Bytes on the wire of a TCP payload. */
export function wireBytes(payloadBytes: number): number {
  return payloadBytes + SEGMENT_HEADER_BYTES * Math.max(1, Math.ceil(payloadBytes / SEGMENT_PAYLOAD_BYTES))
}

/** How long TCP waits before it sends again what a link of this latency lost. */
export function retransmitMs(latencyMs: number): number {
  return Math.max(RETRANSMIT_MIN_MS, 3 * latencyMs)
}

/** Latency, jitter and loss of every link. The latency of a pair is drawn from the seed and the pair alone. */
export class Links {
  readonly #conditions: LinkConditions
  readonly #seed: number
  #latencyTimes = 1
  #addedLoss = 0

  constructor(conditions: LinkConditions, random: Pick<Random, 'uniform'>) {
    this.#conditions = conditions
    this.#seed = random.uniform(UNIT)
  }

  /** Bytes a second of each host's uplink. */
  get bytesPerSecond(): number {
    return this.#conditions.bytesPerSecond
  }

  /** Makes every link slower by a factor and loses packets in addition (0 to 1). */
  degrade(latencyTimes: number, loss: number): void {
    this.#latencyTimes = latencyTimes
    this.#addedLoss = loss
  }

  /** Milliseconds one way between two sites; the same in both directions, without jitter. */
  latencyMs(from: number, to: number): number {
    if (from === to) {
      return SAME_SITE_LATENCY_MS * this.#latencyTimes
    }
    const low = Math.min(from, to)
    const high = Math.max(from, to)
    const first = mix(mix(this.#seed ^ low) ^ high)
    const second = mix(first ^ 0x9e3779b9)
    const drawn = lawQuantile(this.#conditions.latency, first / UNIT, second / UNIT)
    return Math.max(MIN_LATENCY_MS, drawn) * this.#latencyTimes
  }

  /** Extra delay of one packet. */
  jitterMs(random: Pick<Random, 'uniform'>): number {
    return this.#conditions.jitterMs === 0 ? 0 : (random.uniform(UNIT) / UNIT) * this.#conditions.jitterMs
  }

  /** Whether a packet that nobody sends again is lost. */
  isLost(random: Pick<Random, 'uniform'>): boolean {
    const loss = this.#loss()
    return loss > 0 && random.uniform(UNIT) < loss * UNIT
  }

  /** Delay that loss causes to a piece of a stream: each loss of any of its segments costs a timeout, doubled each time. */
  lossDelayMs(payloadBytes: number, latencyMs: number, random: Pick<Random, 'uniform'>): number {
    const loss = this.#loss()
    if (loss === 0) {
      return 0
    }
    const segments = Math.max(1, Math.ceil(payloadBytes / SEGMENT_PAYLOAD_BYTES))
    let chance = 1 - (1 - loss) ** segments
    let delayMs = 0
    for (let losses = 0; losses < MAX_LOSSES_IN_A_ROW && random.uniform(UNIT) < chance * UNIT; losses++) {
      delayMs += retransmitMs(latencyMs) * 2 ** losses
      chance = loss
    }
    return delayMs
  }

  #loss(): number {
    return 1 - (1 - this.#conditions.loss) * (1 - this.#addedLoss)
  }
}

/** A 32-bit mixer (Chris Wellons, "lowbias32"). */
function mix(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}
