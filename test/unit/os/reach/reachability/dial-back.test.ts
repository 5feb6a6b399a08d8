import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, Stream } from '@libp2p/interface'
import { lpStream, streamPair } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { SeededRandom } from '../../../../../sim/system/seeded-random.ts'
import { OsClock } from '../../../../../src/os/os-clock.ts'
import {
  AutonatStream,
  autonatMessage,
  DIAL_STATUS,
  dialBack,
  dialBackResponse,
  RESPONSE_STATUS,
} from '../../../../../src/os/reach/reachability/autonat-messages.ts'
import { DialBackClient } from '../../../../../src/os/reach/reachability/dial-back-client.ts'
import { DialBackServer } from '../../../../../src/os/reach/reachability/dial-back-server.ts'
import { peerIdFromSeed } from '../../../../support/peer-ids.ts'

const clock = new OsClock()
const signal = AbortSignal.timeout(20_000)
const ASKER = '/ip4/9.9.9.9/tcp/50123'
const PEER = peerIdFromSeed(new Uint8Array(32).fill(1))
const OWN = multiaddr('/ip4/9.9.9.9/tcp/4001')

function connectionFrom(remoteAddr: string, parts: Partial<Connection> = {}): Connection {
  return {
    id: remoteAddr,
    remoteAddr: multiaddr(remoteAddr),
    remotePeer: { toString: () => PEER },
    direction: 'inbound',
    ...parts,
  } as unknown as Connection
}

interface Served {
  readonly status: number | undefined
  readonly dialStatus: number | undefined
  readonly dialled: readonly string[]
}

/** What a server answers and whom it dials when somebody at `from` asks for `addresses`; nobody is there. */
async function asked(
  addresses: readonly string[],
  {
    from = ASKER,
    mayDial = () => true,
    server,
  }: { from?: string; mayDial?: () => boolean; server?: DialBackServer } = {},
  dialled: string[] = [],
): Promise<Served> {
  const [here, there] = await streamPair()
  const dial = async (address: Multiaddr): Promise<Connection> => {
    dialled.push(address.toString())
    throw new Error('nobody is there')
  }
  const serving = (server ?? new DialBackServer({ clock, mayDial, dial })).serve(there, connectionFrom(from))
  const messages = new AutonatStream(here)
  const addrs = addresses.map((address) => multiaddr(address).bytes)
  await messages.write(autonatMessage, { dialRequest: { addrs, nonce: 7n } }, signal)
  const { dialResponse } = await messages.read(autonatMessage, signal)
  await here.close()
  await serving
  return { status: dialResponse?.status, dialStatus: dialResponse?.dialStatus, dialled }
}

test('a server dials the asker at its own IP address and tells that nobody was there', async () => {
  const { status, dialStatus, dialled } = await asked(['/ip4/9.9.9.9/tcp/4001'])
  assert.deepEqual([status, dialStatus], [RESPONSE_STATUS.ok, DIAL_STATUS.dialError])
  assert.deepEqual(dialled, [`/ip4/9.9.9.9/tcp/4001/p2p/${PEER}`])
})

test('a server dials no other host, no private one, no name, no relay and nothing but TCP', async () => {
  const others = [
    '/ip4/8.8.8.8/tcp/1',
    '/ip4/10.0.0.1/tcp/1',
    '/dns4/a.example/tcp/1',
    '/ip4/9.9.9.9/udp/1',
    '/ip4/9.9.9.9/tcp/0',
  ]
  const relayed = `/ip4/9.9.9.9/tcp/1/p2p/${PEER}/p2p-circuit`
  for (const address of [...others, relayed, '/ip4/9.9.9.9/tcp/1/ws', '/ip6/::1/tcp/1']) {
    assert.deepEqual(
      await asked([address]),
      { status: RESPONSE_STATUS.dialRefused, dialStatus: 0, dialled: [] },
      address,
    )
  }
  for (const from of ['/ip4/10.0.0.7/tcp/5', '/ip4/127.0.0.1/tcp/5', relayed]) {
    assert.equal(
      (await asked(['/ip4/10.0.0.7/tcp/1', '/ip4/9.9.9.9/tcp/1'], { from })).status,
      RESPONSE_STATUS.dialRefused,
      from,
    )
  }
})

test('a server asks the address policy, and answers for the first address that it may dial', async () => {
  assert.equal((await asked(['/ip4/9.9.9.9/tcp/1'], { mayDial: () => false })).status, RESPONSE_STATUS.dialRefused)
  const { dialled } = await asked(['/ip4/8.8.8.8/tcp/1', '/ip4/9.9.9.9/tcp/2', '/ip4/9.9.9.9/tcp/3'])
  assert.deepEqual(dialled, [`/ip4/9.9.9.9/tcp/2/p2p/${PEER}`])
})

test('a server makes so many dials a minute and rejects what is more', async () => {
  let dials = 0
  const dial = async (): Promise<Connection> => {
    dials += 1
    throw new Error('nobody is there')
  }
  const server = new DialBackServer({ clock, mayDial: () => true, dial })
  const statuses = new Set<number | undefined>()
  for (let made = 0; made < 70; made++) {
    statuses.add((await asked(['/ip4/9.9.9.9/tcp/1'], { server })).status)
  }
  assert.equal(dials, 60)
  assert.ok(statuses.has(RESPONSE_STATUS.requestRejected))
})

test('a malformed or oversized request resets the stream', async () => {
  for (const bytes of [new Uint8Array(5_000), Uint8Array.of(0xff, 0xff), Uint8Array.of(0x12, 0x00)]) {
    const [here, there] = await streamPair()
    const server = new DialBackServer({ clock, mayDial: () => true, dial: () => Promise.reject(new Error('no')) })
    const reset = new Promise((resolve) => here.addEventListener('close', resolve, { once: true }))
    const serving = server.serve(there, connectionFrom(ASKER))
    await lpStream(here).write(bytes)
    await Promise.all([serving, reset])
    assert.notEqual(here.status, 'open')
  }
})

/** A client that asks; `answer` plays the peer, which may dial back by `back`. */
async function answerOf(
  answer: (
    nonce: bigint,
    back: (nonce: bigint, from?: Partial<Connection> & { at?: string }) => Promise<boolean>,
  ) => Promise<{ status: number; dialStatus: number }>,
): Promise<string> {
  const client = new DialBackClient({ clock, random: new SeededRandom(1) })
  const [here, there] = await streamPair()
  const asking = connectionFrom('/ip4/8.8.8.8/tcp/4001', { newStream: async () => here as Stream })
  const found = client.ask(asking, OWN, signal)
  const messages = new AutonatStream(there)
  const { dialRequest } = await messages.read(autonatMessage, signal)
  const back = async (
    nonce: bigint,
    { at = '/ip4/8.8.8.9/tcp/50000', ...parts }: { at?: string } & Partial<Connection> = {},
  ): Promise<boolean> => {
    const [theirs, ours] = await streamPair()
    const serving = client.serve(ours, connectionFrom(at, parts))
    const stream = new AutonatStream(theirs)
    await stream.write(dialBack, { nonce }, signal)
    const taken = await stream.read(dialBackResponse, signal).then(
      () => true,
      () => false,
    )
    await theirs.close().catch(() => {})
    await serving
    return taken
  }
  const dialResponse = { addrIdx: 0, ...(await answer(dialRequest?.nonce ?? 0n, back)) }
  await messages.write(autonatMessage, { dialResponse }, signal)
  await there.close()
  return await found
}

const { ok } = RESPONSE_STATUS

test('a client believes a success only with its nonce from outside, on another connection', async () => {
  assert.equal(await answerOf(async () => ({ status: ok, dialStatus: DIAL_STATUS.ok })), 'refused')
  const honest = answerOf(async (nonce, back) => {
    assert.ok(await back(nonce))
    return { status: ok, dialStatus: DIAL_STATUS.ok }
  })
  assert.equal(await honest, 'reached')
  const relayed = `/ip4/8.8.8.8/tcp/1/p2p/${PEER}/p2p-circuit`
  for (const from of [
    { at: '/ip4/8.8.8.8/tcp/4001' },
    { at: '/ip4/10.0.0.1/tcp/1' },
    { at: relayed },
    { direction: 'outbound' as const },
  ]) {
    const cheated = answerOf(async (nonce, back) => {
      assert.ok(!(await back(nonce, from)))
      return { status: ok, dialStatus: DIAL_STATUS.ok }
    })
    assert.equal(await cheated, 'refused')
  }
  assert.equal(
    await answerOf(async (nonce, back) => {
      assert.ok(!(await back(nonce + 1n)))
      return { status: ok, dialStatus: DIAL_STATUS.ok }
    }),
    'refused',
  )
})

test('a client takes a failed dial as such and anything else as no answer', async () => {
  assert.equal(await answerOf(async () => ({ status: ok, dialStatus: DIAL_STATUS.dialError })), 'unreached')
  assert.equal(await answerOf(async () => ({ status: ok, dialStatus: DIAL_STATUS.dialBackError })), 'refused')
  assert.equal(await answerOf(async () => ({ status: RESPONSE_STATUS.requestRejected, dialStatus: 0 })), 'refused')
})
