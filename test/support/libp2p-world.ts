import { MemoryDatastore } from 'datastore-core'
import { Libp2pNetwork } from '../../src/os/libp2p-network.ts'
import type { Libp2pNetworkComponents, Libp2pNetworkInit } from '../../src/os/libp2p-network-init.ts'
import { OsClock } from '../../src/os/os-clock.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import type { Network } from '../../src/system/network.ts'
import { RecordingLogger } from './recording-logger.ts'

const clock = new OsClock()
const random = new OsRandom()

/** A real libp2p network on loopback, without mDNS; every part may be replaced. */
export function loopbackNetwork(
  init: Partial<Libp2pNetworkInit> = {},
  components: Partial<Libp2pNetworkComponents> = {},
): Libp2pNetwork {
  return new Libp2pNetwork(
    { clock, random, logger: new RecordingLogger(), datastore: new MemoryDatastore(), ...components },
    { privateKeySeed: random.bytes(32), listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false, ...init },
  )
}

/** The first address of `network` that is its own as a bootstrap peer. */
export function bootstrapAddress(network: Network): string {
  return `${network.addresses().find((address) => !address.includes('/p2p-circuit'))}/p2p/${network.peerId}`
}

/** Resolves when `predicate` holds after one of the network's events, or at once. */
export async function when(network: Network, predicate: () => boolean): Promise<void> {
  if (predicate()) {
    return
  }
  await new Promise<void>((resolve) => {
    const unsubscribe = network.subscribe(() => {
      if (predicate()) {
        unsubscribe()
        resolve()
      }
    })
  })
}

/** Connects every network with every other and resolves when each finds all the others in the DHT. */
export async function meetInDht(networks: readonly Network[]): Promise<void> {
  for (const [index, from] of networks.entries()) {
    for (const to of networks.slice(index + 1)) {
      const signal = clock.timeoutSignal(10_000)
      const stream = await from.dial({ peerId: to.peerId, addresses: to.addresses() }, '/ipfs/ping/1.0.0', signal)
      await stream.close()
    }
  }
  const signal = clock.timeoutSignal(20_000)
  for (const network of networks) {
    while ((await network.closestPeers(new Uint8Array(32), 20, signal)).length < networks.length - 1) {
      await clock.sleep(20, signal)
    }
  }
}
