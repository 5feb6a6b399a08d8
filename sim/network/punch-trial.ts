import { assert } from '../../src/util/assert.ts'
import type { Endpoint } from '../nat/packet.ts'
import { natChain } from '../nat/presets.ts'
import { SeededRandom } from '../system/seeded-random.ts'
import { EventLoop } from './event-loop.ts'
import type { SimHost } from './host.ts'
import { SimNetwork } from './network.ts'

/** How the two sides of a hole punch are set against each other. */
export interface PunchTiming {
  /** One way between any two places. */
  readonly latencyMs: number
  /** How much later the second side starts. */
  readonly skewMs: number
}

/** The order of the kernel lab: the first side's packet is at the other's box before that side sends (R22). */
export const ONE_AFTER_THE_OTHER: PunchTiming = { latencyMs: 0.1, skewMs: 5 }

const RELAY_PORT = 7_000
const PUNCH_PORTS: readonly [number, number] = [5_001, 5_002]
/** Datagrams each side sends, one every second, to where the other was last heard of. */
const UDP_ROUNDS = 3
const UDP_ROUND_MS = 1_000
/** Two SYNs. */
const TCP_PATIENCE_MS = 2_500
const SETTLE_MS = 1_000

/**
 * Two hosts behind boxes (chains as `natChain` reads them) learn from a relay how it sees them and then send to each
 * other from the same ports: what comes of it. UDP answers to where it was sent from; TCP dials once.
 */
export function punchTrial(
  from: string,
  to: string,
  protocol: 'udp' | 'tcp',
  seed: number,
  timing: PunchTiming = ONE_AFTER_THE_OTHER,
): 'direct' | 'punched' | 'failed' {
  const loop = new EventLoop()
  const links = {
    latency: { law: 'constant', ms: timing.latencyMs },
    jitterMs: 0,
    loss: 0,
    bytesPerSecond: Number.POSITIVE_INFINITY,
  } as const
  const network = new SimNetwork(loop, links, new SeededRandom(seed))
  const hosts: [SimHost, SimHost] = [behind(network, from), behind(network, to)]
  const relay = network.addHost('relay')
  const open = protocol === 'udp' ? punchUdp(loop, relay, hosts, timing) : punchTcp(loop, relay, hosts, timing)
  const isDirect = from === 'open' || to === 'open'
  return open ? (isDirect ? 'direct' : 'punched') : 'failed'
}

function behind(network: SimNetwork, name: string): SimHost {
  const chain = natChain(name)
  assert(chain !== undefined, `${name} is no chain of boxes`)
  return network.addHost(name, chain)
}

function punchUdp(loop: EventLoop, relay: SimHost, hosts: [SimHost, SimHost], timing: PunchTiming): boolean {
  const seen: Endpoint[] = []
  const heard = [false, false]
  relay.bind(RELAY_PORT, (source, [index]) => {
    seen[index!] = source
  })
  hosts.forEach((host, index) => {
    const port = PUNCH_PORTS[index]!
    host.bind(port, (source) => {
      heard[index] = true
      seen[1 - index] = source
    })
    host.sendDatagram(port, { address: relay.addresses[0]!, port: RELAY_PORT }, Uint8Array.of(index))
    loop.advance(SETTLE_MS)
  })
  for (let round = 0; round < UDP_ROUNDS; round++) {
    hosts.forEach((host, index) => {
      const target = seen[1 - index]
      if (target !== undefined) {
        host.sendDatagram(PUNCH_PORTS[index]!, target, new Uint8Array(1))
      }
      loop.advance(timing.skewMs)
    })
    loop.advance(UDP_ROUND_MS)
  }
  return heard.every(Boolean)
}

function punchTcp(loop: EventLoop, relay: SimHost, hosts: [SimHost, SimHost], timing: PunchTiming): boolean {
  const seen: Endpoint[] = []
  const isOpen = [false, false]
  relay.listen(relay.addresses[0]!, RELAY_PORT, (socket) => seen.push(socket.remote))
  hosts.forEach((host, index) => {
    host.connect({ address: relay.addresses[0]!, port: RELAY_PORT }, {}, { localPort: PUNCH_PORTS[index]! })
    if (host.label === 'open') {
      host.listen(host.addresses[0]!, PUNCH_PORTS[index]!, () => {
        isOpen[index] = true
      })
    }
    loop.advance(SETTLE_MS)
  })
  hosts.forEach((host, index) => {
    const target = seen[1 - index]
    const events = {
      onConnect: () => {
        isOpen[index] = true
      },
    }
    try {
      host.connect(target!, events, { localPort: PUNCH_PORTS[index]! })
    } catch {
      // The other side's dial has opened this very connection already.
    }
    loop.advance(timing.skewMs)
  })
  loop.advance(TCP_PATIENCE_MS)
  return isOpen.every(Boolean)
}
