import { Connections } from '../model/connections.ts'
import { Paths } from '../model/paths.ts'
import { RoutingTables } from '../model/routing-tables.ts'
import { Stream } from '../model/stream.ts'
import { World } from '../model/world.ts'
import { Links } from '../network/links.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** A moment at which every node has looked after its table at least once. */
const NOW_MS = 3_600_000

/** A network of the model tier in which nobody comes or goes. */
export interface StillNetwork {
  readonly world: World
  readonly tables: RoutingTables
  readonly paths: Paths
  readonly nowMs: number
  /** For draws of the experiment, apart from those of the network. */
  readonly stream: Stream
}

/** A network of so many open nodes, all of them servers, of which a share has died just now and is still in all tables. */
export function stillNetwork(nodes: number, seed: number, deadShare = 0): StillNetwork {
  const world = new World(openScenario(nodes), seed, { newcomers: 0, sybils: [] })
  const stream = new Stream(seed, 'experiment')
  for (let node = 0; node < nodes; node++) {
    world.come(node, 0)
  }
  for (let node = 0; node < nodes; node++) {
    if (stream.next() < deadShare) {
      world.go(node, NOW_MS)
    }
  }
  const tables = new RoutingTables(world, new Stream(seed, 'tables'))
  const now = (): number => NOW_MS
  const links = new Links(openScenario(nodes).network, new Stream(seed, 'links'))
  const connections = new Connections(world, tables, now)
  const paths = new Paths(world, { tables, connections, links, stream: new Stream(seed, 'paths'), now })
  return { world, tables, paths, nowMs: NOW_MS, stream }
}

function openScenario(nodes: number): Scenario {
  return {
    name: 'still',
    about: 'Open nodes that stay.',
    source: 'sim/validate',
    durationMs: NOW_MS,
    warmupMs: 0,
    settleMs: 0,
    sampleEveryMs: NOW_MS,
    nodes,
    classes: [
      {
        name: 'open',
        share: 1,
        nat: [],
        churn: {
          session: undefined,
          absence: { law: 'constant', ms: 0 },
          crashShare: 1,
          diskShare: 0,
          diurnal: 1,
          trace: undefined,
        },
        storageBytes: 2 ** 30,
        people: false,
      },
    ],
    network: { latency: { law: 'constant', ms: 50 }, jitterMs: 0, loss: 0, bytesPerSecond: 1e9 },
    workload: {
      people: 0,
      contactsPerPerson: 0,
      messagesPerPersonPerHour: 0,
      messageBytes: 0,
      offline: undefined,
      lookupsPerNodePerHour: 0,
    },
    faults: [],
    assertions: [],
    sweep: undefined,
    text: '',
  }
}
