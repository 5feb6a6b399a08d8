import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { ADDRESS_DIAL_TIMEOUT_MS } from '../../src/os/libp2p-limits.ts'
import {
  dialThroughRelays,
  ECHO_PROTOCOL,
  echoed,
  RelayWorld,
  relaysOf,
  reserved,
  until,
} from '../support/relay-world.ts'

const HELLO = new TextEncoder().encode('Wherefore art thou Romeo?')
const MEBIBYTE = 1_048_576
/** What the issue allows for replacing a lost relay. */
const REPLACED_WITHIN_MS = 30_000

let world: RelayWorld

beforeEach(() => {
  world = new RelayWorld()
})

afterEach(() => world.stop())

test('Romeo and Juliet, whom nobody can dial, talk through a relay that both have found', async () => {
  const relay = await world.relay()
  const [romeo, juliet] = await Promise.all([world.hidden([relay]), world.hidden([relay])])
  await reserved(juliet)
  const stream = await dialThroughRelays(romeo, juliet)
  assert.equal(stream.path, 'relayed')
  assert.equal(await echoed(stream, [HELLO]), HELLO.byteLength)
  assert.equal(romeo.path(juliet.peerId), 'relayed')
  assert.equal(juliet.path(romeo.peerId), 'relayed')
})

test('the address at the relay is among the addresses of the node, and goes when the relay goes', async () => {
  const relay = await world.relay()
  const juliet = await world.hidden([relay])
  await until(() => juliet.addresses().some((address) => address.endsWith(`/p2p/${relay.peerId}/p2p-circuit`)))
  await relay.stop()
  await until(() => juliet.addresses().length === 0)
  assert.deepEqual(juliet.reach().relays, [])
})

test('several mebibytes go through a relay unharmed, both ways', async () => {
  const relay = await world.relay()
  const [romeo, juliet] = await Promise.all([world.hidden([relay]), world.hidden([relay])])
  await reserved(juliet)
  const chunk = new Uint8Array(MEBIBYTE).fill(7)
  assert.equal(await echoed(await dialThroughRelays(romeo, juliet), [chunk, chunk, chunk, chunk]), 4 * MEBIBYTE)
  assert.ok((relay.reach().relaying?.relayedBytes ?? 0) > 8 * MEBIBYTE)
})

test('Juliet holds two relays, and when one ends a third takes its place while the other still serves her', async () => {
  const relays = await Promise.all([world.relay(), world.relay(), world.relay()])
  const [romeo, juliet] = await Promise.all([world.hidden(relays), world.hidden(relays)])
  await reserved(juliet, 2)
  const [first] = relaysOf(juliet)
  await relays.find(({ peerId }) => peerId === first)?.stop()
  assert.equal(await echoed(await dialThroughRelays(romeo, juliet), [HELLO]), HELLO.byteLength)
  await until(() => relaysOf(juliet).length === 2 && !relaysOf(juliet).includes(first ?? ''), REPLACED_WITHIN_MS)
})

test('a relay that is drained sends its people elsewhere before it ends, and what runs through it goes on', async () => {
  const [old, young] = await Promise.all([world.relay(), world.relay({ reach: { serveOthers: 'off' } })])
  const [romeo, juliet] = await Promise.all([world.hidden([old]), world.hidden([old, young], { reach: { relays: 1 } })])
  await reserved(juliet)
  const stream = await dialThroughRelays(romeo, juliet)
  const other = await world.relay({ bootstrap: [`${old.addresses()[0]}/p2p/${old.peerId}`] })
  await juliet.dial({ peerId: other.peerId, addresses: other.addresses() }, ECHO_PROTOCOL, AbortSignal.timeout(5_000))
  await old.drain()
  await until(() => relaysOf(juliet).join() === other.peerId, REPLACED_WITHIN_MS)
  assert.equal(await echoed(stream, [HELLO]), HELLO.byteLength)
})

test('a relay that calls Juliet through another relay becomes her second one, over a direct connection', async () => {
  const relay = await world.relay()
  const juliet = await world.hidden([relay])
  await reserved(juliet)
  const other = await world.relay()
  assert.equal((await dialThroughRelays(other, juliet)).path, 'relayed')
  assert.equal(juliet.path(other.peerId), 'relayed')
  await reserved(juliet, 2, REPLACED_WITHIN_MS)
  assert.equal(juliet.path(other.peerId), 'direct')
})

test('a node that knows no relay finds one that serves by asking the DHT', async () => {
  const relay = await world.relay()
  const plain = await world.relay({
    reach: { serveOthers: 'off' },
    bootstrap: [`${relay.addresses()[0]}/p2p/${relay.peerId}`],
  })
  const juliet = await world.hidden([plain])
  await reserved(juliet, 1, REPLACED_WITHIN_MS)
  assert.deepEqual(relaysOf(juliet), [relay.peerId])
})

test('Juliet is reached through her relay though other addresses of hers take a call and say nothing', async () => {
  const relay = await world.relay()
  const [romeo, juliet] = await Promise.all([world.hidden([relay]), world.hidden([relay])])
  await reserved(juliet)
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => sockets.add(socket))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const addresses = [`/ip4/127.0.0.1/tcp/${port}`, ...juliet.reach().relays.map(({ address }) => address)]
  // Less than one silent address takes by itself.
  const signal = AbortSignal.timeout(ADDRESS_DIAL_TIMEOUT_MS - 500)
  const stream = await romeo.dial({ peerId: juliet.peerId, addresses }, ECHO_PROTOCOL, signal)
  assert.equal(stream.path, 'relayed')
  assert.equal(await echoed(stream, [HELLO]), HELLO.byteLength)
  for (const socket of sockets) {
    socket.destroy()
  }
  silent.close()
})
