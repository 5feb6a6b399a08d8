import type { RunResult } from '../../sim/results/results.ts'
import { METRIC_NAMES, type MetricName, type Scenario } from '../../sim/scenario/scenario.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'

const HOUR_MS = 3_600_000

/** A scenario with one class and nothing special, for tests of what is written about a run. */
export function plainScenario(changes: Partial<Scenario> = {}): Scenario {
  return {
    name: 'plain',
    about: 'Two hundred nodes and nothing special.',
    source: 'made up for a test',
    durationMs: 24 * HOUR_MS,
    warmupMs: HOUR_MS,
    settleMs: HOUR_MS,
    sampleEveryMs: 60_000,
    nodes: 200,
    classes: [],
    network: { latency: { law: 'constant', ms: 40 }, jitterMs: 0, loss: 0, bytesPerSecond: 1e6 },
    workload: {
      people: 100,
      contactsPerPerson: 5,
      messagesPerPersonPerHour: 1,
      messageBytes: 200,
      offline: undefined,
      lookupsPerNodePerHour: 1,
    },
    faults: [],
    assertions: [],
    sweep: undefined,
    text: 'about: Two hundred nodes and nothing special.\n',
    ...changes,
  }
}

/** Metrics of zero, save those that are given. */
export function plainMetrics(changes: Partial<Record<MetricName, number>> = {}): Record<MetricName, number> {
  return { ...(Object.fromEntries(METRIC_NAMES.map((name) => [name, 0])) as Record<MetricName, number>), ...changes }
}

/** A run with nothing in its tables. */
export function emptyResult(changes: Partial<RunResult> = {}): RunResult {
  return {
    tier: 'model',
    seed: 1,
    simulatedMs: 24 * HOUR_MS,
    isPartial: false,
    traceHash: '0123456789abcdef',
    metrics: plainMetrics(),
    samples: [],
    messages: [],
    nodes: [],
    lookups: [],
    natMatrix: [],
    violations: [],
    events: 0,
    ...changes,
  }
}

/** A run with something in every table: `messages` messages, a sample a minute, 200 nodes. */
export function livelyResult(messages = 2_000): RunResult {
  const random = new SeededRandom('lively')
  const uniform = (): number => random.uniform(1_000_000) / 1_000_000
  const minutes = 26 * 60
  return emptyResult({
    simulatedMs: minutes * 60_000,
    events: 1_234_567,
    metrics: plainMetrics({
      messages_sent: messages,
      messages_delivered: Math.round(messages * 0.97),
      delivered_share: 0.97,
      delay_p50_ms: 140,
      delay_p90_ms: 9e5,
      delay_p99_ms: 2.3e7,
      letters_share: 0.28,
      lookups: 800,
      lookup_found_share: 0.99,
      lookup_hops_mean: 2.4,
      bytes_per_node_per_s: 312.4,
      replicas_mean: 9.3,
      replicas_min: Number.NaN,
    }),
    samples: Array.from({ length: minutes }, (_, i) => {
      const sent = Math.round((messages * i) / minutes)
      const delivered = Math.round(sent * (0.9 + (0.07 * i) / minutes))
      return {
        t_ms: i * 60_000,
        nodes_up: Math.round(140 + 25 * Math.sin(i / 150) + (i > 800 && i < 900 ? -60 : 0) + uniform() * 6),
        sent,
        delivered,
        failed: Math.round(sent * 0.002),
        pending: sent - delivered,
        stored: Math.round((sent - delivered) * 0.8),
        replicas_mean: 9.6 - (i > 800 && i < 900 ? 3.2 : 0) - uniform() * 0.4,
        replicas_min: Math.round(7 - (i > 800 && i < 900 ? 4 : 0) - uniform() * 2),
        connections: 900,
        bytes: i * 50_000,
        events: i * 800,
      }
    }),
    messages: Array.from({ length: messages }, (_, id) => {
      const isLetter = uniform() < 0.28
      const isLost = uniform() < 0.03
      const delay = isLetter ? 2_000 + -3 * HOUR_MS * Math.log(1 - uniform()) : 60 + 160 * uniform() ** 3
      const sent_ms = id * 40_000
      return {
        id,
        from: id % 100,
        to: (id * 7) % 100,
        sent_ms,
        stored_ms: isLetter ? sent_ms + 900 : null,
        delivered_ms: isLost ? null : sent_ms + delay,
        way: isLost ? 'none' : isLetter ? 'letter' : 'direct',
        state: isLost ? 'pending' : 'delivered',
      } as const
    }),
    nodes: Array.from({ length: 200 }, (_, node) => ({
      node,
      class: node < 60 ? 'holders' : node < 170 ? 'homes' : 'phones',
      nat: node < 60 ? 'open' : node < 170 ? 'home' : 'cgn-cellular',
      uptime_ms: node < 60 ? minutes * 60_000 : 6 * HOUR_MS * (0.2 + uniform()),
      sessions: node < 60 ? 1 : 4,
      bytes_sent: (node < 60 ? 9e7 : 6e6) * (0.3 + uniform()),
      bytes_received: (node < 60 ? 8e7 : 5e6) * (0.3 + uniform()),
      letters_kept: node < 60 ? random.uniform(400) : random.uniform(30),
    })),
    lookups: Array.from({ length: 800 }, (_, i) => ({
      t_ms: i * 100_000,
      node: i % 200,
      hops: 1 + Math.floor(4 * uniform() ** 1.6),
      messages: 12,
      took_ms: 600,
      found: uniform() < 0.97,
    })),
    natMatrix: ['open', 'home', 'symmetric', 'cgn-cellular'].flatMap((from, i, kinds) =>
      kinds.map((to, j) => ({ from, to, direct: j === 0 ? 900 : 12, punched: 0, relayed: i * 20, failed: i * j * 70 })),
    ),
  })
}
