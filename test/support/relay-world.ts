import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { Libp2pNetwork } from '../../src/os/libp2p-network.ts'
import type { Libp2pNetworkInit } from '../../src/os/libp2p-network-init.ts'
import { OsClock } from '../../src/os/os-clock.ts'
import { HOP_PROTOCOL, type HopMessage, hopMessage } from '../../src/os/reach/relay/circuit-messages.ts'
import type { Network, NetworkStream } from '../../src/system/network.ts'
import { bootstrapAddress, loopbackNetwork } from './libp2p-world.ts'

/** A protocol of the network, which makes whoever speaks it a member; echoes. */
export const ECHO_PROTOCOL = '/kabber/echo/1'

const clock = new OsClock()
const STREAMS = { maxInboundStreamsPerPeer: 64, maxOutboundStreamsPerPeer: 64 }
/** Whatever of reaching is not about relays would only disturb. */
const RELAYS_ALONE = { autonat: false, mapPorts: false, watchInterfaces: false, punch: false } as const

/** Relays and nodes that nobody can dial, on loopback. */
export class RelayWorld {
  readonly #networks: Network[] = []
  readonly #peers: Libp2p[] = []

  async relay(init: Partial<Libp2pNetworkInit> = {}): Promise<Libp2pNetwork> {
    return await this.#start({ ...init, reach: { ...RELAYS_ALONE, serveOthers: 'on', relays: 0, ...init.reach } })
  }

  /** A node that listens nowhere and knows these. */
  async hidden(known: readonly Network[], init: Partial<Libp2pNetworkInit> = {}): Promise<Libp2pNetwork> {
    return await this.#start({
      listen: [],
      bootstrap: known.map(bootstrapAddress),
      ...init,
      reach: { ...RELAYS_ALONE, serveOthers: 'off', ...init.reach },
    })
  }

  /** A libp2p peer without our manners. */
  async peer(options: Libp2pOptions = {}): Promise<Libp2p> {
    const peer = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      ...options,
      services: { identify: identify(), ...options.services },
    })
    this.#peers.push(peer)
    return peer
  }

  /** The same, and it says that it is a member of the network. */
  async member(options: Libp2pOptions = {}): Promise<Libp2p> {
    const peer = await this.peer({ ...options, start: false })
    await peer.handle(
      ECHO_PROTOCOL,
      async (stream) => {
        for await (const chunk of stream) {
          stream.send(chunk)
        }
        await stream.close()
      },
      { runOnLimitedConnection: true },
    )
    await peer.start()
    return peer
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#networks, ...this.#peers].map((each) => each.stop()))
  }

  async #start(init: Partial<Libp2pNetworkInit>): Promise<Libp2pNetwork> {
    const network = loopbackNetwork(init)
    network.handle(ECHO_PROTOCOL, (stream) => stream.sink(stream.source), STREAMS)
    this.#networks.push(network)
    await network.start()
    return network
  }
}

/** Resolves when `predicate` holds; rejects after `limitMs`. */
export async function until(predicate: () => boolean, limitMs = 10_000): Promise<void> {
  const signal = clock.timeoutSignal(limitMs)
  while (!predicate()) {
    await clock.sleep(20, signal)
  }
}

/** Resolves when the node has so many reservations. */
export async function reserved(network: Network, count = 1, limitMs?: number): Promise<void> {
  await until(() => network.reach().relays.length === count, limitMs)
}

/** The relays of a node. */
export function relaysOf(network: Network): string[] {
  return network.reach().relays.map(({ peerId }) => peerId)
}

/** A stream to a node that can be reached through its relays alone. */
export async function dialThroughRelays(from: Network, to: Network): Promise<NetworkStream> {
  const addresses = to.reach().relays.map(({ address }) => address)
  return await from.dial({ peerId: to.peerId, addresses }, ECHO_PROTOCOL, clock.timeoutSignal(10_000))
}

/** Sends `chunks` to the echo and gives the bytes that came back. */
export async function echoed(stream: NetworkStream, chunks: Iterable<Uint8Array>): Promise<number> {
  const source = (async function* (): AsyncGenerator<Uint8Array> {
    yield* chunks
  })()
  const sending = stream.sink(source)
  let bytes = 0
  for await (const chunk of stream.source) {
    bytes += chunk.byteLength
  }
  await sending
  return bytes
}

/** Connects a peer to a network and gives what its hop protocol answers to one message. */
export async function askHop(peer: Libp2p, relay: Network, message: HopMessage): Promise<HopMessage> {
  const { answer, stream } = await sendHop(peer, relay, message)
  await stream.close()
  return answer
}

/** The same; the stream stays open, as a circuit if the answer was OK. */
export async function sendHop(
  peer: Libp2p,
  relay: Network,
  message: HopMessage,
): Promise<{ answer: HopMessage; stream: Stream }> {
  const connection = await peer.dial(multiaddr(bootstrapAddress(relay)))
  const stream = await connection.newStream(HOP_PROTOCOL)
  const exchange = lpStream(stream)
  await exchange.write(hopMessage.encode(message))
  const answer = hopMessage.decode((await exchange.read({ signal: clock.timeoutSignal(10_000) })).subarray())
  return { answer, stream: exchange.unwrap() }
}
