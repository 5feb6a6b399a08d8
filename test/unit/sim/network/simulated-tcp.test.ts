import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type {
  Connection,
  Listener,
  MultiaddrConnection,
  StreamMessageEvent,
  Transport,
  Upgrader,
} from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { natChain } from '../../../../sim/nat/presets.ts'
import type { SimHost } from '../../../../sim/network/host.ts'
import { simulatedTcp } from '../../../../sim/network/simulated-tcp.ts'
import { libp2pLogger } from '../../../../src/os/libp2p-logger.ts'
import { RecordingLogger } from '../../../support/recording-logger.ts'
import { type World, world } from '../../../support/simulated-world.ts'

const logger = libp2pLogger(new RecordingLogger())

/** A transport whose upgrader hands out the bare connection. */
class Peer {
  readonly transport: Transport
  readonly inbound: MultiaddrConnection[] = []
  readonly #world: World
  readonly upgrader: Upgrader

  constructor(place: World, host: SimHost) {
    this.#world = place
    this.transport = simulatedTcp(host)({ logger })
    this.upgrader = {
      upgradeOutbound: async (connection: MultiaddrConnection) => connection,
      upgradeInbound: async (connection: MultiaddrConnection) => {
        this.inbound.push(connection)
      },
    } as unknown as Upgrader
  }

  async listen(address: string): Promise<Listener> {
    const listener = this.transport.createListener({ upgrader: this.upgrader })
    await listener.listen(multiaddr(address))
    return listener
  }

  async dial(
    address: string,
    signal: AbortSignal = new AbortController().signal,
    localPort?: number,
  ): Promise<MultiaddrConnection> {
    const dialling = this.start(address, signal, localPort)
    let isPending = true
    const settle = (): void => {
      isPending = false
    }
    dialling.then(settle, settle)
    for (let second = 0; isPending && second < 130; second++) {
      await pass(this.#world, 1_000)
    }
    return (await dialling) as unknown as MultiaddrConnection
  }

  /** Dials with the options of `net.connect` beside libp2p's, as @libp2p/tcp takes them. */
  start(address: string, signal: AbortSignal, localPort?: number): Promise<Connection> {
    const options = { signal, upgrader: this.upgrader, ...(localPort === undefined ? {} : { localPort }) }
    return this.transport.dial(multiaddr(address), options)
  }
}

/** Lets simulated time pass, and everything that promises do in between. */
async function pass({ loop }: World, ms: number): Promise<void> {
  const untilMs = loop.now() + ms
  await turn()
  while (loop.step(untilMs)) {
    await turn()
  }
  loop.advance(untilMs - loop.now())
}

async function pair(
  place: World = world(),
): Promise<{ place: World; out: MultiaddrConnection; into: MultiaddrConnection; hosts: SimHost[] }> {
  const hosts = [place.network.addHost('alice'), place.network.addHost('bob')]
  const [alice, bob] = [new Peer(place, hosts[0]!), new Peer(place, hosts[1]!)]
  await bob.listen('/ip4/0.0.0.0/tcp/4001')
  const dialling = alice.transport.dial(multiaddr(`/ip4/${hosts[1]!.addresses[0]}/tcp/4001`), {
    signal: new AbortController().signal,
    upgrader: alice.upgrader,
  })
  await pass(place, 200)
  return { place, out: (await dialling) as unknown as MultiaddrConnection, into: bob.inbound[0]!, hosts }
}

function collect(connection: MultiaddrConnection): { bytes: number } {
  const collected = { bytes: 0 }
  connection.addEventListener('message', (event: StreamMessageEvent) => {
    collected.bytes += event.data.byteLength
  })
  return collected
}

test('a listener names the own address and a chosen port, and gives the port back', async () => {
  const place = world()
  const host = place.network.addHost('alice')
  const peer = new Peer(place, host)
  const listener = await peer.listen('/ip4/0.0.0.0/tcp/0')
  const [address] = listener.getAddrs()
  assert.match(String(address), new RegExp(`^/ip4/${host.addresses[0]}/tcp/\\d+$`))
  await assert.rejects(peer.listen(String(address)), { code: 'EADDRINUSE' })
  await listener.close()
  assert.deepEqual(listener.getAddrs(), [])
  await peer.listen(String(address))
  assert.deepEqual((await peer.listen('/ip6/::/tcp/0')).getAddrs(), [])
})

test('only IP addresses with a TCP port are for this transport', () => {
  const place = world()
  const { transport } = new Peer(place, place.network.addHost('alice'))
  const all = [
    '/ip4/1.2.3.4/tcp/1',
    '/ip6/::1/tcp/1',
    '/ip4/1.2.3.4/udp/1/quic-v1',
    '/dns4/a.b/tcp/1',
    '/ip4/1.2.3.4/tcp/1/ws',
  ]
  assert.deepEqual(transport.dialFilter(all.map((text) => multiaddr(text))).map(String), all.slice(0, 2))
})

test('bytes are echoed', async () => {
  const { place, out, into } = await pair()
  into.addEventListener('message', (event: StreamMessageEvent) => into.send(event.data))
  const collected = collect(out)
  out.send(new Uint8Array(100_000))
  await pass(place, 1_000)
  assert.equal(collected.bytes, 100_000)
})

test('a paused reader makes the writer wait; what was written arrives when it resumes', async () => {
  const { place, out, into } = await pair()
  const collected = collect(into)
  into.pause()
  let written = 0
  while (written < 4_000_000) {
    written += 65_536
    if (!out.send(new Uint8Array(65_536))) {
      break
    }
    await pass(place, 100)
  }
  assert.ok(written < 500_000, `${written} bytes were taken`)
  let drained = false
  out.addEventListener('drain', () => {
    drained = true
  })
  await pass(place, 60_000)
  assert.deepEqual([collected.bytes, drained], [0, false])
  into.resume()
  await pass(place, 1_000)
  assert.deepEqual([collected.bytes, drained], [written, true])
})

test('an abort resets the other side; a close ends it in good order after the last byte', async () => {
  const aborted = await pair()
  aborted.out.abort(new Error('enough'))
  await pass(aborted.place, 100)
  assert.deepEqual([aborted.out.status, aborted.into.status], ['aborted', 'reset'])
  const closed = await pair()
  const collected = collect(closed.into)
  closed.out.send(new Uint8Array(1_000))
  const closing = closed.out.close()
  await pass(closed.place, 100)
  await closing
  assert.deepEqual([closed.out.status, closed.into.status, collected.bytes], ['closed', 'closed', 1_000])
  assert.deepEqual(
    closed.hosts.map((host) => host.connections),
    [0, 0],
  )
})

test('an idle connection ends after ten minutes, a used one does not', async () => {
  const { place, out, into } = await pair()
  await pass(place, 599_000)
  out.send(new Uint8Array(1))
  await pass(place, 599_000)
  assert.equal(out.status, 'open')
  await pass(place, 2_000)
  assert.deepEqual([out.status, into.status], ['aborted', 'aborted'])
})

test('a dial is refused, times out or is called off', async () => {
  const place = world()
  const peer = new Peer(place, place.network.addHost('alice'))
  const bob = place.network.addHost('bob')
  await assert.rejects(peer.dial(`/ip4/${bob.addresses[0]}/tcp/9`), { code: 'ECONNREFUSED' })
  await assert.rejects(peer.dial('/ip4/8.8.8.8/tcp/9'), { code: 'ETIMEDOUT' })
  await assert.rejects(peer.dial('/ip6/2a01::1/tcp/9'), { code: 'ENETUNREACH' })
  const controller = new AbortController()
  place.loop.schedule(500, () => controller.abort())
  await assert.rejects(peer.dial('/ip4/8.8.8.8/tcp/9', controller.signal), { name: 'AbortError' })
  await assert.rejects(peer.dial('/ip4/8.8.8.8/tcp/9', AbortSignal.abort(new Error('before'))), { message: 'before' })
})

test('closing a listener ends what it accepted', async () => {
  const place = world()
  const [alice, bob] = [place.network.addHost('alice'), place.network.addHost('bob')]
  const server = new Peer(place, bob)
  const listener = await server.listen('/ip4/0.0.0.0/tcp/4001')
  const out = await new Peer(place, alice).dial(`/ip4/${bob.addresses[0]}/tcp/4001`)
  await listener.close()
  await pass(place, 100)
  assert.equal(out.status, 'reset')
})

test('a dial does not leave from a port that listens, as Node refuses it', async () => {
  const place = world()
  const peer = new Peer(place, place.network.addHost('alice'))
  await peer.listen('/ip4/0.0.0.0/tcp/4001')
  const { signal } = new AbortController()
  await assert.rejects(peer.dial('/ip4/8.8.8.8/tcp/9', signal, 4_001), { code: 'EADDRINUSE' })
})

test('two transports with fixed ports punch through their boxes', async () => {
  const place = world()
  const hosts = ['home', 'home'].map((chain) => place.network.addHost(chain, natChain(chain)))
  const [alice, bob] = hosts.map((host) => new Peer(place, host))
  const relay = new Peer(place, place.network.addHost('relay'))
  await relay.listen('/ip4/0.0.0.0/tcp/4001')
  const door = `/ip4/${place.network.hosts[2]!.addresses[0]}/tcp/4001`
  const signal = new AbortController().signal
  await alice!.dial(door, signal, 5_001)
  await bob!.dial(door, signal, 5_001)
  const [a, b] = relay.inbound.map((connection) => String(connection.remoteAddr))
  const dials = [alice!.start(b!, signal, 5_001), bob!.start(a!, signal, 5_001)]
  await pass(place, 1_000)
  const [left, right] = (await Promise.all(dials)) as unknown as [MultiaddrConnection, MultiaddrConnection]
  const collected = collect(right)
  left.send(Uint8Array.of(1))
  await pass(place, 1_000)
  assert.equal(collected.bytes, 1)
})
