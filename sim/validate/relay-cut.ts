import { MemoryDatastore } from 'datastore-core'
import { NodeKey } from '../../src/identity/node-key.ts'
import { Libp2pNetwork } from '../../src/os/libp2p-network.ts'
import { natChain } from '../nat/presets.ts'
import { SimNetwork } from '../network/network.ts'
import { simulatedTcp } from '../network/simulated-tcp.ts'
import { SeededRandom } from '../system/seeded-random.ts'
import { silentLogger } from '../system/silent-logger.ts'
import { SimulatedClock } from '../time/simulated-clock.ts'
import { type VirtualTime, virtualTime } from '../time/virtual-time.ts'
import type { Effort, Finding, Reference } from './finding.ts'

const PROTOCOL = '/kabber/validate/1.0.0'
const PORT = 4001
/** Sixteen times what the relays of IPFS let through. */
const SENT_BYTES = 2 * 1024 * 1024
const CHUNK_BYTES = 16 * 1024
const RESERVED_WITHIN_MS = 120_000
const SENT_WITHIN_MS = 180_000
const STEP_MS = 1_000
const LINKS = { latency: { law: 'constant', ms: 40 }, jitterMs: 0, loss: 0, bytesPerSecond: 2_500_000 } as const

/** R23: what a relay lets through. Needs virtual time, as `kabber sim` has it. */
export const RELAY_CUT: Reference = {
  id: 'R23',
  subject: 'limits of a relay: two production nodes behind symmetric boxes, and a third that relays',
  source: 'go-libp2p, resources.go: 128 KiB each way, 2 min',
  check,
}

async function check({ seed }: Effort): Promise<Finding[]> {
  const time = virtualTime()
  const { received, tookMs } = await time.drive(seed, () => relayedBytes(time, seed))
  const isCut = received < SENT_BYTES
  return [
    {
      quantity: 'bytes one way before the reset',
      published: '131072',
      ours: isCut ? String(received) : `none in ${SENT_BYTES} (${Math.round(tookMs / 1_000)} s)`,
      tolerance: 'exact',
      outcome: received === 131_072 ? 'pass' : 'FAIL',
      reason: isCut
        ? 'the circuit was reset, and should not have been'
        : 'by design: our relays limit rates and bytes a day for each peer and network, and cut no circuit of a member',
    },
  ]
}

/** Sends through a relay; gives what arrived. */
async function relayedBytes(time: VirtualTime, seed: number): Promise<{ received: number; tookMs: number }> {
  const random = new SeededRandom(`${seed}/relay cut`)
  const world = new SimNetwork(time, LINKS, random.fork('network'))
  const relay = node(time, world, { name: 'relay', chain: 'open', random, bootstrap: [] })
  await relay.start()
  const bootstrap = [`${relay.addresses()[0]}/p2p/${relay.peerId}`]
  const [alice, bob] = ['alice', 'bob'].map((name) =>
    node(time, world, { name, chain: 'symmetric', random, bootstrap }),
  )
  let received = 0
  if (alice === undefined || bob === undefined) {
    return { received: 0, tookMs: 0 }
  }
  // Both, as relays serve only those who speak a protocol of Kabber.
  for (const one of [alice, bob]) {
    one.handle(
      PROTOCOL,
      async ({ source }) => {
        for await (const chunk of source) {
          received += chunk.byteLength
        }
      },
      { maxInboundStreamsPerPeer: 1, maxOutboundStreamsPerPeer: 1 },
    )
  }
  await Promise.all([alice.start(), bob.start()])
  await until(time, RESERVED_WITHIN_MS, () => bob.reach().relays.length > 0)
  const clock = new SimulatedClock(time)
  const beginMs = time.now()
  const target = { peerId: bob.peerId, addresses: bob.addresses() }
  const stream = await alice.dial(target, PROTOCOL, clock.timeoutSignal(SENT_WITHIN_MS))
  void stream.sink(chunks()).catch(() => undefined)
  await until(time, SENT_WITHIN_MS, () => received >= SENT_BYTES)
  return { received, tookMs: time.now() - beginMs }
}

function node(
  time: VirtualTime,
  world: SimNetwork,
  init: { name: string; chain: string; random: SeededRandom; bootstrap: readonly string[] },
): Libp2pNetwork {
  const { name, chain, random, bootstrap } = init
  const host = world.addHost(name, natChain(chain) ?? [])
  const listen = [`/ip4/${host.addresses[0]}/tcp/${PORT}`]
  return new Libp2pNetwork(
    {
      clock: new SimulatedClock(time),
      random: random.fork(name),
      logger: silentLogger,
      datastore: new MemoryDatastore(),
    },
    {
      privateKeySeed: NodeKey.fromSeed(random.fork(`${name}/key`).bytes(32)).seed,
      listen,
      announce: chain === 'open' ? listen : [],
      bootstrap,
      mdns: false,
      tcp: simulatedTcp(host),
      reach: { mapPorts: false, watchInterfaces: false },
    },
  )
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < SENT_BYTES; sent += CHUNK_BYTES) {
    yield new Uint8Array(CHUNK_BYTES)
  }
}

async function until(time: VirtualTime, withinMs: number, holds: () => boolean): Promise<void> {
  for (const endMs = time.now() + withinMs; time.now() < endMs && !holds(); ) {
    await new Promise<void>((resolve) => time.schedule(STEP_MS, resolve))
  }
}
