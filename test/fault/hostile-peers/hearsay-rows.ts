import assert from 'node:assert/strict'
import { identify } from '@libp2p/identify'
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { KAD_PROTOCOL } from '../../../src/os/libp2p-kad.ts'
import type { Libp2pNetwork } from '../../../src/os/libp2p-network.ts'
import type { TransportFactory } from '../../../src/os/libp2p-types.ts'
import { OsRandom } from '../../../src/os/os-random.ts'
import { HostilePeer } from '../../support/hostile-peer.ts'
import type { AfterHooks } from '../../support/kabber-process.ts'
import { loopbackNetwork } from '../../support/libp2p-world.ts'
import { peerIdFromSeed } from '../../support/peer-ids.ts'
import type { Row } from '../hostile/row.ts'

/** A host of the Internet that has nothing to do with it; nothing here really dials it. */
const VICTIM = '/ip4/9.9.9.9/tcp/25'
const OWN_NETWORK = ['/ip4/127.0.0.1/tcp/22', '/ip4/10.0.0.1/tcp/80', '/ip4/192.168.1.1/tcp/443', '/ip6/::1/tcp/631']
const ABSURD = ['/ip4/0.0.0.0/tcp/1', '/ip4/224.0.0.1/tcp/1', '/ip4/9.9.9.9/tcp/0', '/ip6/ff02::1/tcp/1']
const INVENTED_PEERS = 16
const LOOKUPS = 12
const MANY_ADDRESSES = 10_000
/** Those fit into the answer that is read of one request. */
const ADDRESSES_IN_ANSWER = 1_000
const LOOKUP_MAX_MS = 15_000

/** L9: answers of the DHT that name what nobody should dial. */
export function hearsayRows(hooks: AfterHooks): readonly Row[] {
  return [
    {
      id: 'L9 public',
      sent: `answers of FIND_NODE that name loopback, private and absurd addresses, ${MANY_ADDRESSES} addresses, and one host for ${INVENTED_PEERS * LOOKUPS} invented peers; to a public node`,
      must: 'what is in its own network is never dialled, any other address once a minute at most',
      run: async () => {
        const { dials, asked } = await poisoned(hooks, ['/ip4/8.8.4.4/tcp/4001'])
        const inside = [...dials.keys()].filter((address) => [...OWN_NETWORK, ...ABSURD].includes(address))
        assert.deepEqual(inside, [])
        return figuresOf(dials, asked)
      },
    },
    {
      id: 'L9 lan',
      sent: 'the same, to a node without a public address',
      must: 'absurd addresses are never dialled, any other once a minute at most',
      run: async () => {
        const { dials, asked } = await poisoned(hooks, [])
        assert.deepEqual(
          [...dials.keys()].filter((address) => ABSURD.includes(address)),
          [],
        )
        return figuresOf(dials, asked)
      },
    },
  ]
}

function figuresOf(dials: ReadonlyMap<string, number>, asked: number): string {
  const often = [...dials].filter(([, times]) => times > 1)
  assert.deepEqual(often, [])
  assert.ok(asked > 0, 'the hostile peer was never asked')
  return `${asked} poisoned answers, ${dials.size} addresses dialled, each once; the victim ${dials.get(VICTIM) ?? 0} times`
}

/** How often a node dialled which address while it looked up keys in a network of one liar. */
async function poisoned(
  hooks: AfterHooks,
  announce: readonly string[],
): Promise<{ readonly dials: ReadonlyMap<string, number>; readonly asked: number }> {
  const liar = await HostilePeer.create(undefined, { identify: identify(), ping: ping() })
  hooks.after(() => liar.stop())
  let asked = 0
  await liar.libp2p.handle(KAD_PROTOCOL, (stream) => {
    asked += 1
    answerOnce(stream)
  })
  const address = liar.libp2p.getMultiaddrs()[0]
  const dials = new Map<string, number>()
  const network = loopbackNetwork({ announce, bootstrap: [String(address)], tcp: countingTcp(dials, String(address)) })
  hooks.after(() => network.stop())
  await network.start()
  await lookUp(network)
  await Promise.all([network.stop(), liar.stop()])
  return { dials, asked }
}

async function lookUp(network: Libp2pNetwork): Promise<void> {
  const signal = AbortSignal.timeout(LOOKUP_MAX_MS)
  const random = new OsRandom()
  // Until it has identified the liar as a server of the DHT.
  while ((await network.closestPeers(random.bytes(32), 20, signal)).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    signal.throwIfAborted()
  }
  for (let made = 0; made < LOOKUPS; made++) {
    const found = await network.closestPeers(random.bytes(32), 20, signal).catch(() => [])
    // What the node itself does with a lookup: it asks those whom it found.
    await Promise.allSettled(found.map((peer) => network.dial(peer, '/test/1.0.0', signal)))
  }
}

/** TCP that counts dials and makes none but to the liar. */
function countingTcp(dials: Map<string, number>, allowed: string): TransportFactory {
  return (components) => {
    const transport = tcp()(components)
    const dial = transport.dial.bind(transport)
    transport.dial = async (address, options) => {
      if (address.toString() !== allowed) {
        const bare = address.toString().replace(/\/p2p\/.*/u, '')
        dials.set(bare, (dials.get(bare) ?? 0) + 1)
        throw new Error('nobody is there')
      }
      return await dial(address, options)
    }
    return transport
  }
}

let answers = 0

/** Answers a request of the DHT, whatever it is, with peers that nobody is. */
function answerOnce(stream: Stream): void {
  stream.addEventListener(
    'message',
    ({ data }: StreamMessageEvent) => {
      answers += 1
      const invented = Array.from({ length: INVENTED_PEERS }, (_, index) => {
        const bait = index % 4 === 0 ? manyAddresses() : [VICTIM, ...(index % 2 === 0 ? OWN_NETWORK : ABSURD)]
        return closerPeer(peerIdFromSeed(new OsRandom().bytes(32)), bait.slice(0, ADDRESSES_IN_ANSWER / INVENTED_PEERS))
      })
      // Of the kind that was asked: behind the length and the tag of the first field.
      const request = data.subarray()
      const kind = request[request.indexOf(0x08) + 1] ?? 0
      const message = Uint8Array.of(0x08, kind, ...invented.flat())
      stream.send(Uint8Array.of(...varint(message.byteLength), ...message))
      void stream.close().catch(() => {})
    },
    { once: true },
  )
}

/** Others each time, `MANY_ADDRESSES` in all. */
function manyAddresses(): string[] {
  return Array.from({ length: ADDRESSES_IN_ANSWER }, (_, index) => {
    const number = (answers * ADDRESSES_IN_ANSWER + index) % MANY_ADDRESSES
    return `/ip4/${11 + (number % 50)}.${number >> 8}.${number & 255}.7/tcp/${1 + number}`
  })
}

/** `closerPeers` of a kad-dht message, https://github.com/libp2p/specs/tree/master/kad-dht#rpc-messages */
function closerPeer(peerId: string, addresses: readonly string[]): number[] {
  const id = peerIdFromString(peerId).toMultihash().bytes
  const fields = [0x0a, id.byteLength, ...id]
  for (const address of addresses) {
    const { bytes } = multiaddr(address)
    fields.push(0x12, bytes.byteLength, ...bytes)
  }
  return [0x42, ...varint(fields.length), ...fields]
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)]
}
