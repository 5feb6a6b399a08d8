// Packets per CPU second through NAT boxes: the boxes alone, UDP over the whole network, and a TCP stream.

import { NatBox } from '../../sim/nat/nat-box.ts'
import { NAT_PRESETS, natChain } from '../../sim/nat/presets.ts'
import { EventLoop } from '../../sim/network/event-loop.ts'
import { SimNetwork } from '../../sim/network/network.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'

const PACKETS = 300_000
const FLOWS = 200

function measure(name: string, packets: number, run: () => void): void {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  const seconds = (user + system) / 1e6
  console.log(
    `${name.padEnd(48)} ${Math.round(packets / seconds).toLocaleString('en')} per CPU s (${seconds.toFixed(2)} s)`,
  )
}

function boxesAlone(): void {
  const { behaviour } = NAT_PRESETS.home!
  const near = new NatBox(behaviour, ['45.0.0.1'], new SeededRandom(1))
  const far = new NatBox(behaviour, ['45.0.0.2'], new SeededRandom(2))
  for (let index = 0; index < PACKETS; index++) {
    const port = 5_000 + (index % FLOWS)
    const there = {
      kind: 'udp',
      source: { address: '192.168.1.2', port },
      destination: { address: '45.0.0.2', port },
    } as const
    const back = {
      kind: 'udp',
      source: { address: '192.168.1.2', port },
      destination: { address: '45.0.0.1', port },
    } as const
    if (index < FLOWS) {
      far.outbound(back, index / 1_000)
    }
    const verdict = near.outbound(there, index / 1_000)
    if (verdict.action !== 'forward' || far.inbound(verdict.header, index / 1_000).action !== 'forward') {
      throw new Error('a packet got lost')
    }
  }
}

function network(): {
  loop: EventLoop
  alice: ReturnType<SimNetwork['addHost']>
  bob: ReturnType<SimNetwork['addHost']>
} {
  const loop = new EventLoop()
  const links = {
    latency: { law: 'lognormal', medianMs: 50, sigma: 0.5 },
    jitterMs: 5,
    loss: 0.001,
    bytesPerSecond: 1e8,
  } as const
  const world = new SimNetwork(loop, links, new SeededRandom(1))
  return { loop, alice: world.addHost('alice', natChain('home')), bob: world.addHost('bob', natChain('upnp')) }
}

function datagrams(): void {
  const { loop, alice, bob } = network()
  const door = bob.mapPort('udp', 4_001, 1e9)!
  let arrived = 0
  bob.bind(4_001, () => {
    arrived += 1
  })
  for (let index = 0; index < PACKETS; index++) {
    alice.sendDatagram(5_000 + (index % FLOWS), door, new Uint8Array(100))
    loop.advance(0.1)
  }
  if (arrived < PACKETS * 0.99) {
    throw new Error(`only ${arrived} arrived`)
  }
}

function stream(): void {
  const { loop, alice, bob } = network()
  const door = bob.mapPort('tcp', 4_001, 1e9)!
  let arrived = 0
  bob.listen(bob.addresses[0]!, 4_001, (socket) => {
    socket.attach({
      onData: () => {
        arrived += 1
      },
    })
  })
  const socket = alice.connect(door, {})
  loop.advance(10_000)
  for (let index = 0; index < PACKETS; index++) {
    socket.write(new Uint8Array(100))
    loop.advance(10)
  }
  loop.advance(10_000)
  if (arrived < PACKETS) {
    throw new Error(`only ${arrived} arrived`)
  }
}

measure('through two NAT boxes, boxes alone: packets', PACKETS, boxesAlone)
measure('hosts, links and two boxes, UDP: packets', PACKETS, datagrams)
measure('hosts, links and two boxes, TCP: 100-byte writes', PACKETS, stream)
