import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import type { Connection, DialTransportOptions, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { libp2pLogger } from '../../../../../src/os/libp2p-logger.ts'
import type { TransportFactory } from '../../../../../src/os/libp2p-types.ts'
import { PunchMappings } from '../../../../../src/os/reach/punch/punch-mappings.ts'
import { PunchPorts } from '../../../../../src/os/reach/punch/punch-ports.ts'
import {
  type PunchDialOptions,
  punchingTransport,
  relayOf,
  tellingCircuits,
} from '../../../../../src/os/reach/punch/punching-transport.ts'
import { peerIdFromSeed } from '../../../../support/peer-ids.ts'
import { RecordingLogger } from '../../../../support/recording-logger.ts'

const RELAY = peerIdFromSeed(new Uint8Array(32).fill(1))
const FIRST_PORT = 49_152
const servers: Server[] = []
const sockets: Socket[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) {
    socket.destroy()
  }
  for (const server of servers.splice(0)) {
    server.close()
  }
})

/** A listener on loopback; `callers` are the ports from which it was dialled. */
async function listen(port = 0): Promise<{ address: Multiaddr; port: number; callers: (number | undefined)[] }> {
  const callers: (number | undefined)[] = []
  const server = createServer((socket) => {
    callers.push(socket.remotePort)
    sockets.push(socket)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  servers.push(server)
  const { port: bound } = server.address() as { port: number }
  return { address: multiaddr(`/ip4/127.0.0.1/tcp/${bound}/p2p/${RELAY}`), port: bound, callers }
}

/** Takes connections as they are; says of each which side it was to play. */
class FakeUpgrader {
  readonly played: [MultiaddrConnection['direction'], boolean | undefined][] = []

  async upgradeOutbound(connection: MultiaddrConnection, options: { initiator?: boolean }): Promise<Connection> {
    this.played.push([connection.direction, options.initiator])
    // Whoever listens has it in its callers by the time it answers; here nobody speaks, so a turn of the loop must do.
    await new Promise((resolve) => setImmediate(resolve))
    return connection as unknown as Connection
  }

  upgradeInbound(): void {}
  createInboundAbortSignal(): void {}
  getStreamMuxers(): void {}
  getConnectionEncrypters(): void {}
}

function transportOver(ports: PunchPorts, create: TransportFactory = tcp()) {
  const upgrader = new FakeUpgrader()
  const components = { logger: libp2pLogger(new RecordingLogger()) } as Parameters<TransportFactory>[0]
  const transport: Transport = punchingTransport(create, ports)(components)
  const options = { signal: new AbortController().signal, upgrader: upgrader as unknown as Upgrader }
  return {
    upgrader,
    dial: (address: Multiaddr, more: PunchDialOptions = {}) =>
      transport.dial(address, { ...options, ...more } as DialTransportOptions),
  }
}

/** Draws the numbers given, one after the other, and 0 ever after. */
function drawing(...numbers: number[]) {
  return { uniform: (bound: number) => (numbers.shift() ?? 0) % bound }
}

async function until(predicate: () => boolean): Promise<void> {
  while (!predicate()) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('relays are dialled from one port, all others from ephemeral ones', async () => {
  const ports = new PunchPorts(drawing(4_711, 4_712, 4_713))
  const { dial } = transportOver(ports)
  const [one, two] = [await listen(), await listen()]
  await dial(one.address)
  ports.markRelay(RELAY)
  const connections = [await dial(one.address), await dial(two.address)]
  await until(() => one.callers.length === 2 && two.callers.length === 1)
  const [before, from] = one.callers
  assert.notEqual(before, from)
  assert.ok((from ?? 0) >= FIRST_PORT + 4_711)
  assert.equal(two.callers[0], from)
  assert.deepEqual(
    connections.map((connection) => ports.localPortOf(connection)),
    [from, from],
  )
})

test('a port that listens gives way to another, and so does one that has a connection to that relay', async () => {
  const taken = await listen()
  const draws = [taken.port - FIRST_PORT, 300, 301]
  const ports = new PunchPorts(taken.port < FIRST_PORT ? drawing(299, 300, 301) : drawing(...draws))
  ports.markRelay(RELAY)
  const { dial } = transportOver(ports)
  const relay = await listen()
  const [first, second] = [await dial(relay.address), await dial(relay.address)]
  await until(() => relay.callers.length === 2)
  const used = [ports.localPortOf(first), ports.localPortOf(second)]
  assert.deepEqual(used, relay.callers)
  assert.notEqual(used[0], used[1])
  assert.ok(!used.includes(taken.port))
})

test('where no port can be bound the dial leaves from an ephemeral one, and no mapping is claimed', async () => {
  const refusing: TransportFactory = (components) => {
    const transport = tcp()(components)
    const dial = transport.dial.bind(transport)
    transport.dial = async (address, options) => {
      if ((options as PunchDialOptions).localPort !== undefined) {
        throw Object.assign(new Error('in use'), { code: 'EADDRINUSE' })
      }
      return await dial(address, options)
    }
    return transport
  }
  const ports = new PunchPorts({ uniform: () => 1 })
  ports.markRelay(RELAY)
  const relay = await listen()
  const connection = await transportOver(ports, refusing).dial(relay.address)
  assert.equal(ports.localPortOf(connection), undefined)
})

test('a relay that is not there fails at once, not once for each port', async () => {
  const ports = new PunchPorts({ uniform: () => 77 })
  ports.markRelay(RELAY)
  const relay = await listen()
  servers.pop()?.close()
  await assert.rejects(transportOver(ports).dial(relay.address), { code: 'ECONNREFUSED' })
  assert.equal(ports.portFor('ip4'), FIRST_PORT + 77)
})

test('of a joint dial one side is upgraded as if it had been called', async () => {
  const { dial, upgrader } = transportOver(new PunchPorts({ uniform: () => 1 }))
  const { address } = await listen()
  await dial(address, { localPort: FIRST_PORT + 88, initiator: false })
  await dial(address, { localPort: FIRST_PORT + 89, initiator: true })
  assert.deepEqual(upgrader.played, [
    ['inbound', false],
    ['outbound', true],
  ])
})

test('the relay of a circuit is told before it is dialled', async () => {
  const told: string[] = []
  const circuits = (() => ({ dial: async () => told.push('dialled') })) as unknown as TransportFactory
  const transport = tellingCircuits(circuits, (relay) => told.push(relay))({} as Parameters<TransportFactory>[0])
  const address = multiaddr(`/ip4/7.7.7.7/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${peerIdFromSeed(new Uint8Array(32))}`)
  await transport.dial(address, {} as DialTransportOptions)
  assert.deepEqual(told, [RELAY, 'dialled'])
  assert.equal(relayOf(multiaddr('/ip4/7.7.7.7/tcp/1/p2p-circuit')), undefined)
  assert.equal(relayOf(multiaddr(`/ip4/7.7.7.7/tcp/1/p2p/${RELAY}`)), undefined)
})

test('what relays see of one port tells the kind of mapping, and ends with their connections', () => {
  const mappings = new PunchMappings(() => true)
  const connections = [1, 2, 3].map((seed) => connectionTo(peerIdFromSeed(new Uint8Array(32).fill(seed))))
  const learn = (index: number, localPort: number, port: number) =>
    mappings.learn(connections[index] as Connection, localPort, multiaddr(`/ip4/9.9.9.9/tcp/${port}`))
  learn(0, 50_000, 1)
  assert.equal(mappings.kind(), 'unknown')
  learn(1, 50_001, 2)
  assert.equal(mappings.kind(), 'unknown')
  learn(1, 50_000, 1)
  assert.equal(mappings.kind(), 'endpoint-independent')
  learn(2, 50_000, 3)
  assert.equal(mappings.kind(), 'endpoint-dependent')
  assert.equal(mappings.of(String(connections[1]?.remotePeer))[0]?.relay, String(connections[1]?.remotePeer))
  for (const connection of connections) {
    connection.dispatchEvent(new Event('close'))
  }
  assert.deepEqual(mappings.of(undefined), [])
})

function connectionTo(remotePeer: string): Connection {
  return Object.assign(new EventTarget(), { remotePeer, status: 'open' }) as unknown as Connection
}
