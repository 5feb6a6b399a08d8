import type { NodeClass, Scenario } from '../../sim/scenario/scenario.ts'

const MINUTE_MS = 60_000

/** Nodes with public addresses that stay, and people on them. */
export const STEADY_CLASS: NodeClass = {
  name: 'steady',
  share: 1,
  nat: [],
  churn: {
    session: undefined,
    absence: { law: 'constant', ms: MINUTE_MS },
    crashShare: 0,
    diskShare: 1,
    diurnal: 1,
    trace: undefined,
  },
  storageBytes: 64 * 1024 * 1024,
  people: true,
}

/** A small scenario in which four people on ten nodes write to each other for three minutes. */
export function stackScenario(
  changes: Partial<Omit<Scenario, 'workload'>> & { workload?: Partial<Scenario['workload']> } = {},
): Scenario {
  return {
    name: 'small',
    about: '',
    source: '',
    durationMs: 3 * MINUTE_MS,
    warmupMs: 2 * MINUTE_MS,
    settleMs: 10 * MINUTE_MS,
    sampleEveryMs: MINUTE_MS,
    nodes: 10,
    classes: [STEADY_CLASS],
    network: { latency: { law: 'constant', ms: 40 }, jitterMs: 5, loss: 0.001, bytesPerSecond: 1_250_000 },
    faults: [],
    assertions: [],
    sweep: undefined,
    text: '',
    ...changes,
    workload: {
      people: 4,
      contactsPerPerson: 2,
      messagesPerPersonPerHour: 60,
      messageBytes: 120,
      offline: undefined,
      lookupsPerNodePerHour: 10,
      ...changes.workload,
    },
  }
}
