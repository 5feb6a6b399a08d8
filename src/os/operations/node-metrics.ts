import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { MetricsFactory } from '../libp2p-types.ts'
import type { NodeFigures } from './node-figures.ts'

/** What metrics are made of. */
export interface NodeMetricsInit {
  readonly version: string
  /** The folder whose file system is told of. */
  readonly folder: string
}

type Labels = Readonly<Record<string, number>>

/**
 * The metrics of one node: ours, those of the process, and libp2p's, in a registry of their own. Nothing in them says whom
 * the node serves: the labels are words of this program, no addresses and no peers.
 */
export class NodeMetrics {
  /** For the libp2p node, before it is made. */
  readonly libp2p: MetricsFactory
  readonly #registry = new Registry()
  #figures: (() => NodeFigures) | undefined

  constructor({ version, folder }: NodeMetricsInit) {
    this.libp2p = prometheusMetrics({
      registry: this.#registry,
      collectDefaultMetrics: false,
      statfsLocation: folder,
    })
    collectDefaultMetrics({ register: this.#registry })
    this.#gauges()
    this.#counters()
    this.#gauge('build_info', 'Version of kabber', { label: 'version', values: () => ({ [version]: 1 }) })
  }

  /** Where the figures come from, once there is a node. */
  observe(figures: () => NodeFigures): void {
    this.#figures = figures
  }

  /** The exposition format of Prometheus, version 0.0.4. */
  async text(): Promise<string> {
    return await this.#registry.metrics()
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  #gauges(): void {
    this.#gauge('connected_peers', 'Peers with at least one connection', (now) => now.connectedPeers)
    this.#gauge('reachability', 'Whether strangers can dial this node: 1 for what holds', {
      label: 'state',
      values: ({ reach }) => ({ unknown: 0, public: 0, private: 0, [reach.reachability]: 1 }),
    })
    this.#gauge('held_reservations', 'Reservations this node holds on relays', ({ reach }) => reach.relays.length)
    this.#gauge('relay_reservations', 'Reservations given to others', ({ reach }) => reach.relaying?.reservations ?? 0)
    this.#gauge('relay_reservations_limit', 'Reservations given at most', ({ reach }) => {
      return reach.relaying?.maxReservations ?? 0
    })
    this.#gauge('relay_circuits', 'Connections relayed now', ({ reach }) => reach.relaying?.circuits ?? 0)
    this.#gauge('letters_kept', 'Sealed letters kept for others', ({ letters }) => letters.kept)
    this.#gauge('letters_bytes', 'Bytes of sealed letters kept for others', ({ letters }) => letters.bytes)
    this.#gauge('storage_limit_bytes', 'Bytes of letters kept at most', ({ letters }) => letters.limitBytes)
    this.#gauge('records_kept', 'Account records kept for others', (now) => now.recordsKept)
    this.#gauge('outbox_messages', 'Messages of the accounts here that wait to leave', ({ accounts }) => {
      return accounts.reduce((sum, { outboxMessages }) => sum + outboxMessages, 0)
    })
  }

  #counters(): void {
    this.#counter('relay_bytes_total', 'Bytes relayed for others', ({ reach }) => reach.relaying?.relayedBytes ?? 0)
    this.#counter('relay_refused_total', 'Reservations and circuits refused to others', {
      label: 'reason',
      values: ({ reach: { relaying } }) =>
        relaying?.refusedFor ?? (relaying === undefined ? {} : { any: relaying.refused }),
    })
    this.#counter('punches_total', 'Hole punches since the start', {
      label: 'result',
      values: ({ reach: { punches } }) => ({ succeeded: punches.succeeded, failed: punches.tried - punches.succeeded }),
    })
    this.#counter('refused_total', 'Input of peers refused', { label: 'reason', values: ({ refused }) => refused })
  }

  #gauge(name: string, help: string, source: Source): void {
    const gauge = new Gauge({
      name: `kabber_${name}`,
      help,
      labelNames: labelsOf(source),
      registers: [this.#registry],
      collect: () => {
        gauge.reset()
        this.#each(source, (labels, value) => gauge.set(labels, value))
      },
    })
  }

  /** Counted by the node since its start; a restart begins at 0, as Prometheus expects. */
  #counter(name: string, help: string, source: Source): void {
    const counter = new Counter({
      name: `kabber_${name}`,
      help,
      labelNames: labelsOf(source),
      registers: [this.#registry],
      collect: () => {
        counter.reset()
        this.#each(source, (labels, value) => counter.inc(labels, value))
      },
    })
  }

  #each(source: Source, set: (labels: Record<string, string>, value: number) => void): void {
    const now = this.#figures?.()
    if (now === undefined) {
      return
    }
    if (typeof source === 'function') {
      set({}, source(now))
      return
    }
    for (const [word, value] of Object.entries(source.values(now))) {
      set({ [source.label]: word }, value)
    }
  }
}

/** One value, or one for each word of a label. */
type Source = ((now: NodeFigures) => number) | { readonly label: string; readonly values: (now: NodeFigures) => Labels }

function labelsOf(source: Source): string[] {
  return typeof source === 'function' ? [] : [source.label]
}
