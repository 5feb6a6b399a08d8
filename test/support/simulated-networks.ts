import { MemoryDatastore } from 'datastore-core'
import { natChain } from '../../sim/nat/presets.ts'
import type { SimHost } from '../../sim/network/host.ts'
import { SimNetwork } from '../../sim/network/network.ts'
import type { Scheduler } from '../../sim/network/scheduler.ts'
import { simulatedTcp } from '../../sim/network/simulated-tcp.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { Libp2pNetwork } from '../../src/os/libp2p-network.ts'
import type { Libp2pNetworkInit } from '../../src/os/libp2p-network-init.ts'
import { OsClock } from '../../src/os/os-clock.ts'
import type { NetworkEvent } from '../../src/system/network.ts'
import { RecordingLogger } from './recording-logger.ts'

const PORT = 4_001

const realTime: Scheduler = {
  now: () => performance.now(),
  schedule: (delayMs, fn) => {
    const timer = setTimeout(fn, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}

const links = { latency: { law: 'constant', ms: 1 }, jitterMs: 0, loss: 0, bytesPerSecond: 1e8 } as const

/** Real libp2p networks in real time, with addresses of a simulated Internet and its NATs between them. */
export class SimulatedNetworks {
  readonly #internet = new SimNetwork(realTime, links, new SeededRandom(1))
  readonly #started: Libp2pNetwork[] = []
  readonly clock: OsClock = new OsClock()

  /** A network on a host behind the NATs of this preset; none: on the open Internet. Not started. */
  create(name: string, nat?: string, init: Partial<Libp2pNetworkInit> = {}): { network: Libp2pNetwork; host: SimHost } {
    const host = this.#internet.addHost(name, nat === undefined ? [] : natChain(nat))
    const random = new SeededRandom(name)
    const network = new Libp2pNetwork(
      { clock: this.clock, random, logger: new RecordingLogger(), datastore: new MemoryDatastore() },
      {
        privateKeySeed: random.bytes(32),
        listen: host.addresses.filter((a) => !a.includes(':')).map((address) => `/ip4/${address}/tcp/${PORT}`),
        mdns: false,
        tcp: simulatedTcp(host),
        ...init,
        reach: { mapPorts: false, watchInterfaces: false, ...init.reach },
      },
    )
    this.#started.push(network)
    return { network, host }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((network) => network.stop()))
  }
}

/** A network that others can be told to join by. */
export function simulatedBootstrap({ network, host }: { network: Libp2pNetwork; host: SimHost }): string {
  return `/ip4/${host.addresses[0]}/tcp/${PORT}/p2p/${network.peerId}`
}

/** Resolves when `predicate` holds, looked at after each event of the network; fails when it never does. */
export async function eventually(
  network: Libp2pNetwork,
  predicate: () => boolean,
  type: NetworkEvent['type'],
  signal: AbortSignal = AbortSignal.timeout(20_000),
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const unsubscribe = network.subscribe((event) => {
    if (event.type === type && predicate()) {
      resolve()
    }
  })
  signal.addEventListener('abort', () => reject(new Error(`it did not come to be: ${type}`)))
  if (predicate()) {
    resolve()
  }
  await promise.finally(unsubscribe)
}
