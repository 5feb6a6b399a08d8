import { noise } from '@chainsafe/libp2p-noise'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, MultiaddrConnection } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { isRelayedAddress, peerIdOf } from '../../../../../src/os/libp2p-addresses.ts'
import { libp2pLogger } from '../../../../../src/os/libp2p-logger.ts'
import type { TransportFactory } from '../../../../../src/os/libp2p-types.ts'
import { OsClock } from '../../../../../src/os/os-clock.ts'
import { OsRandom } from '../../../../../src/os/os-random.ts'
import { HolePunching } from '../../../../../src/os/reach/punch/hole-punching.ts'
import { tcpFamilyOf } from '../../../../../src/os/reach/punch/punch-addresses.ts'
import type { PunchDialOptions } from '../../../../../src/os/reach/punch/punching-transport.ts'
import { RecordingLogger } from '../../../../support/recording-logger.ts'

/** A node that punches. */
export interface PunchingNode {
  readonly node: Libp2p<{ ping: ReturnType<ReturnType<typeof ping>> }>
  readonly punching: HolePunching
}

/**
 * Where joint dials meet. Loopback answers a SYN to a port without a listener at once with RST, so that no two SYNs can
 * cross there: two dials from and to each other's ports are joined in memory. All other dials are TCP.
 */
export class MeetingPoint {
  /** Joint dials, `from>to`. */
  readonly dials: string[] = []
  readonly #waiting = new Map<string, (end: MultiaddrConnection) => void>()

  transport(): TransportFactory {
    return (components) => {
      const transport = tcp()(components)
      const dial = transport.dial.bind(transport)
      transport.dial = async (address, options) => {
        const { localPort, initiator } = options as PunchDialOptions
        if (localPort === undefined || initiator === undefined) {
          return await dial(address, options)
        }
        return await options.upgrader.upgradeOutbound(await this.#meet(address, localPort, options.signal), options)
      }
      return transport
    }
  }

  #meet(address: Multiaddr, localPort: number, signal: AbortSignal): Promise<MultiaddrConnection> {
    const remotePort = Number(address.getComponents()[1]?.value)
    this.dials.push(`${localPort}>${remotePort}`)
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      const other = this.#waiting.get(`${remotePort}>${localPort}`)
      if (other === undefined) {
        this.#waiting.set(`${localPort}>${remotePort}`, (end) => {
          end.remoteAddr = address
          // As TCP: each side has dialled.
          end.direction = 'outbound'
          resolve(end)
        })
      } else {
        const [own, others] = multiaddrConnectionPair({ outbound: { remoteAddr: address } })
        other(others)
        resolve(own)
      }
    })
  }
}

const reach = { clock: new OsClock(), random: new OsRandom(), logger: new RecordingLogger() }

/** A relay on loopback. */
export async function startRelay(): Promise<Libp2p> {
  return await createLibp2p({
    ...base(),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    services: { identify: identify(), relay: circuitRelayServer() },
  })
}

/** A node that listens nowhere but on relays, and punches. */
export async function startPunching(meeting: MeetingPoint, listen: readonly Multiaddr[] = []): Promise<PunchingNode> {
  const punching = new HolePunching(reach, {
    enabled: true,
    punchable: (address) => tcpFamilyOf(address) !== undefined,
  })
  for (const relay of listen.flatMap((address) => peerIdOf(address) ?? [])) {
    punching.useForRelay(relay)
  }
  const node = await createLibp2p({
    ...base(),
    addresses: { listen: listen.map((address) => `${address.toString()}/p2p-circuit`) },
    transports: [punching.transport(meeting.transport()), punching.circuit(circuitRelayTransport())],
    services: { identify: identify(), ping: ping(), dcutr: punching.service() as () => unknown },
  })
  return { node, punching }
}

/** The address of `peer` through `relay`. */
export function throughRelay(relay: Libp2p, peer: Libp2p): Multiaddr {
  return multiaddr(`${relay.getMultiaddrs()[0]?.toString()}/p2p-circuit/p2p/${peer.peerId.toString()}`)
}

/** Resolves with the first direct connection to `peer`. */
export async function directConnection(node: Libp2p, peer: Libp2p): Promise<Connection> {
  const isDirect = ({ remoteAddr, remotePeer }: Connection): boolean =>
    remotePeer.equals(peer.peerId) && !isRelayedAddress(remoteAddr)
  return await new Promise((resolve) => {
    node.addEventListener('connection:open', ({ detail }) => {
      if (isDirect(detail)) {
        resolve(detail)
      }
    })
    const open = node.getConnections().find(isDirect)
    if (open !== undefined) {
      resolve(open)
    }
  })
}

function base() {
  return {
    logger: libp2pLogger(reach.logger),
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { inboundConnectionThreshold: 1_000 },
  }
}
