import { assert } from '../../src/util/assert.ts'
import type { Endpoint } from '../nat/packet.ts'
import { natChain } from '../nat/presets.ts'
import { SeededRandom } from '../system/seeded-random.ts'
import { EventLoop } from './event-loop.ts'
import type { SimHost } from './host.ts'
import type { LinkConditions } from './links.ts'
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
const MAPPING_MS = 3_600_000

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
  const network = new SimNetwork(loop, linksOf(timing), new SeededRandom(seed))
  const hosts: [SimHost, SimHost] = [behind(network, from), behind(network, to)]
  const relay = network.addHost('relay')
  const open = protocol === 'udp' ? punchUdp(loop, relay, hosts, timing) : punchTcp(loop, relay, hosts, timing)
  const isDirect = from === 'open' || to === 'open'
  return open ? (isDirect ? 'direct' : 'punched') : 'failed'
}

/**
 * Whether a host behind boxes can be dialled from anywhere at the port that its router mapped for it on request (UPnP,
 * NAT-PMP). False where the router maps none, or another box is before it.
 */
export function mappingTrial(chain: string, seed: number): boolean {
  const loop = new EventLoop()
  const network = new SimNetwork(loop, linksOf(ONE_AFTER_THE_OTHER), new SeededRandom(seed))
  const host = behind(network, chain)
  const stranger = network.addHost('stranger')
  const [address, port] = [host.addresses[0]!, PUNCH_PORTS[0]]
  host.listen(address, port, () => {})
  const mapped = host.mapPort('tcp', port, MAPPING_MS)
  if (mapped === undefined) {
    return false
  }
  const socket = stranger.connect(mapped, {})
  loop.advance(TCP_PATIENCE_MS)
  return socket.isOpen
}

function linksOf({ latencyMs }: PunchTiming): LinkConditions {
  return {
    latency: { law: 'constant', ms: latencyMs },
    jitterMs: 0,
    loss: 0,
    bytesPerSecond: Number.POSITIVE_INFINITY,
  }
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
