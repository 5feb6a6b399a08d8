import { OsClock } from '../../src/os/os-clock.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import type { Network } from '../../src/system/network.ts'
import { loopbackNetwork, meetInDht } from '../support/libp2p-world.ts'
import { MemoryWorld } from '../support/memory-network.ts'
import { MEMORY_STREAM_BUFFER_BYTES } from '../support/memory-stream.ts'
import { peerIdFromSeed } from '../support/peer-ids.ts'
import { type NetworkWorld, networkContract } from './network.ts'

const clock = new OsClock()
const random = new OsRandom()

networkContract('MemoryNetwork', () => {
  const world = new MemoryWorld(clock)
  return worldOf(() => world.createNetwork(peerIdFromSeed(random.bytes(32))), MEMORY_STREAM_BUFFER_BYTES * 2)
})

networkContract('Libp2pNetwork', () => worldOf(() => loopbackNetwork(), 1024 * 1024, meet))

function worldOf(
  make: () => Network,
  maxBufferedBytes: number,
  introduce: NetworkWorld['introduce'] = async () => {},
): NetworkWorld {
  const networks: Network[] = []
  return {
    maxBufferedBytes,
    introduce,
    create: () => {
      const network = make()
      networks.push(network)
      return network
    },
    close: async () => {
      await Promise.all(networks.map((network) => network.stop()))
    },
  }
}

/** Two find each other by the addresses they are given; more need the DHT. */
async function meet(networks: readonly Network[]): Promise<void> {
  if (networks.length > 2) {
    await meetInDht(networks)
  }
}
