import { Connections } from '../../../../sim/model/connections.ts'
import { EventHeap } from '../../../../sim/model/event-heap.ts'
import type { Place } from '../../../../sim/model/id-space.ts'
import { type LookupResult, Lookups } from '../../../../sim/model/lookups.ts'
import { Paths } from '../../../../sim/model/paths.ts'
import { RoutingTables } from '../../../../sim/model/routing-tables.ts'
import { Stream } from '../../../../sim/model/stream.ts'
import { World } from '../../../../sim/model/world.ts'
import { Links } from '../../../../sim/network/links.ts'
import type { NatChain, NodeClass, Scenario } from '../../../../sim/scenario/scenario.ts'

const NAT: NatChain = [
  {
    preset: 'home',
    behaviour: {
      mapping: 'endpoint-independent',
      filtering: 'address-and-port-dependent',
      ports: 'preserving',
      hairpinning: false,
      unsolicited: 'drop',
      tcpIdleMs: 7_200_000,
      tcpOpeningMs: 240_000,
      udpIdleMs: 120_000,
      mappingsMax: 1_000,
      portMapping: false,
      isFirewall: false,
    },
  },
]

/** A class that never leaves. */
export function nodeClass(name: string, share: number, isHidden = false): NodeClass {
  const churn = {
    session: undefined,
    absence: { law: 'constant', ms: 1 },
    crashShare: 0,
    diskShare: 1,
    diurnal: 1,
    trace: undefined,
  } as const
  return { name, share, nat: isHidden ? NAT : [], churn, storageBytes: 2 ** 29, people: true }
}

/** A scenario without people, churn and faults. */
export function quietScenario(nodes: number, changes: Partial<Scenario> = {}): Scenario {
  return {
    name: 'quiet',
    about: '',
    source: '',
    durationMs: 3_600_000,
    warmupMs: 0,
    settleMs: 0,
    sampleEveryMs: 600_000,
    nodes,
    classes: [nodeClass('all', 1)],
    network: { latency: { law: 'constant', ms: 40 }, jitterMs: 0, loss: 0, bytesPerSecond: 1e7 },
    workload: {
      people: 0,
      contactsPerPerson: 2,
      messagesPerPersonPerHour: 0,
      messageBytes: 300,
      offline: undefined,
      lookupsPerNodePerHour: 0,
    },
    faults: [],
    assertions: [],
    sweep: undefined,
    text: '',
    ...changes,
  }
}

/** Nodes that all run, with their tables, and lookups to the end. */
export function smallWorld(
  scenario: Scenario,
  seed = 1,
): {
  readonly world: World
  readonly tables: RoutingTables
  readonly paths: Paths
  lookUp(source: number, place: Place): LookupResult
} {
  const world = new World(scenario, seed, { newcomers: 0, sybils: [] })
  for (let node = 0; node < world.size; node++) {
    world.come(node, 0)
  }
  const tables = new RoutingTables(world, new Stream(seed, 'tables'))
  let nowMs = 0
  const now = (): number => nowMs
  const links = new Links(scenario.network, new Stream(seed, 'links'))
  const connections = new Connections(world, tables, now)
  const paths = new Paths(world, { tables, connections, links, stream: new Stream(seed, 'paths'), now })
  const heap = new EventHeap()
  const lookups = new Lookups(world, tables, paths, new Stream(seed, 'lookups'), (delayMs, request) =>
    heap.add(nowMs + delayMs, 0, request),
  )
  const lookUp = (source: number, place: { high: number; low: number }): LookupResult => {
    let result: LookupResult | undefined
    lookups.start(source, place, nowMs, (ended) => {
      result = ended
    })
    while (heap.take()) {
      nowMs = heap.atMs
      lookups.answered(heap.subject, nowMs)
    }
    return result as LookupResult
  }
  return { world, tables, paths, lookUp }
}
