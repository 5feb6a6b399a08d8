import { identify, identifyPush } from '@libp2p/identify'
import type { ConnectionGater, PeerDiscovery, PeerInfo, PrivateKey, Transport } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import type { Datastore } from 'interface-datastore'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { Logger } from '../system/logger.ts'
import type { Random } from '../system/random.ts'
import type { AddressPolicy } from './libp2p-address-policy.ts'
import type { ConnectionGate } from './libp2p-connection-gate.ts'
import { guardedNoise } from './libp2p-guarded-noise.ts'
import { guardedYamux } from './libp2p-guarded-yamux.ts'
import { KAD_PROTOCOL, routingOnlyKad } from './libp2p-kad.ts'
import * as limits from './libp2p-limits.ts'
import { libp2pLogger } from './libp2p-logger.ts'
import type { KabberServices, Libp2pNode, MetricsFactory, TransportFactory } from './libp2p-types.ts'
import { DCUTR_ALLOWANCE_BYTES } from './reach/punch/punch-limits.ts'
import { DCUTR_PROTOCOL } from './reach/punch/puncher.ts'
import type { Reach } from './reach/reach.ts'
import { DIAL_BACK_PROTOCOL, DIAL_REQUEST_PROTOCOL } from './reach/reachability/autonat-messages.ts'

/** Name under which nodes of a LAN find each other (RFC 6763 §4.1). */
const MDNS_SERVICE = '_kabber._udp.local'

/** Bytes a stream of libp2p's own protocols may receive; what is not listed has its own flow control. */
const RECEIVE_ALLOWANCES: ReadonlyMap<string, number> = new Map([
  ['', limits.NEGOTIATION_ALLOWANCE_BYTES],
  [KAD_PROTOCOL, limits.KAD_ALLOWANCE_BYTES],
  ['/ipfs/id/1.0.0', limits.IDENTIFY_ALLOWANCE_BYTES],
  ['/ipfs/id/push/1.0.0', limits.IDENTIFY_ALLOWANCE_BYTES],
  ['/ipfs/ping/1.0.0', limits.PING_ALLOWANCE_BYTES],
  [DIAL_REQUEST_PROTOCOL, limits.AUTONAT_ALLOWANCE_BYTES],
  [DIAL_BACK_PROTOCOL, limits.AUTONAT_ALLOWANCE_BYTES],
  [DCUTR_PROTOCOL, DCUTR_ALLOWANCE_BYTES],
])

/** What `createNode` needs. */
export interface NodeParts {
  readonly privateKey: PrivateKey
  readonly datastore: Datastore
  /** The keys of every handshake come from here. */
  readonly random: Pick<Random, 'bytes'>
  readonly logger: Logger
  readonly gate: ConnectionGate
  readonly policy: AddressPolicy
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly dhtMode: 'server' | 'client'
  readonly version: string
  readonly maxConnections: number
  /** In place of TCP: the simulator's. */
  readonly tcp: TransportFactory | undefined
  readonly metrics: MetricsFactory | undefined
  readonly reach: Pick<Reach, 'transports' | 'services' | 'listen' | 'announced'>
  /** Called for each peer that mDNS finds; undefined turns mDNS off. */
  readonly onLanPeer: ((peer: PeerInfo) => void) | undefined
}

/** A libp2p node with every limit set and not yet started. */
export function createNode(parts: NodeParts): Promise<Libp2pNode> {
  const streamOptions = {
    initialStreamWindowSize: limits.STREAM_WINDOW_BYTES,
    maxStreamWindowSize: limits.STREAM_WINDOW_BYTES,
    maxReadBufferLength: limits.STREAM_READ_BUFFER_BYTES,
    maxWriteBufferLength: limits.STREAM_WRITE_BUFFER_BYTES,
  }
  return createLibp2p({
    start: false,
    privateKey: parts.privateKey,
    datastore: parts.datastore,
    logger: libp2pLogger(parts.logger),
    nodeInfo: { name: 'kabber', version: parts.version, userAgent: `kabber/${parts.version}` },
    addresses: {
      listen: [...parts.listen, ...parts.reach.listen()],
      announce: [...parts.announce],
      announceFilter: (addresses) => [...parts.reach.announced(addresses)],
    },
    transports: parts.reach
      .transports(parts.tcp ?? boundedTcp(parts.maxConnections))
      .map((factory) => obeying(factory, parts.policy)),
    connectionEncrypters: [guardedNoise(parts.random)],
    streamMuxers: [
      guardedYamux(
        {
          maxInboundStreams: limits.MAX_STREAMS_PER_CONNECTION,
          maxOutboundStreams: limits.MAX_STREAMS_PER_CONNECTION,
          maxEarlyStreams: limits.MAX_EARLY_STREAMS,
          maxMessageSize: limits.STREAM_WINDOW_BYTES,
          // KeepAlive pings, from one side and where nothing else was heard.
          enableKeepAlive: false,
          streamOptions,
        },
        RECEIVE_ALLOWANCES,
      ),
    ],
    connectionManager: connectionManagerInit(parts.maxConnections),
    connectionMonitor: { enabled: false },
    connectionGater: gater(parts.gate, parts.policy),
    peerStore: { maxAddressAge: limits.KNOWN_PEER_AGE_MS, maxPeerAge: limits.KNOWN_PEER_AGE_MS },
    peerDiscovery: parts.onLanPeer === undefined ? [] : [lanDiscovery(parts.onLanPeer)],
    ...(parts.metrics === undefined ? {} : { metrics: parts.metrics }),
    services: { ...parts.reach.services(), ...services(parts.dhtMode) },
  })
}

function services(dhtMode: 'server' | 'client'): NonNullable<Libp2pOptions<KabberServices>['services']> {
  const identifyInit = {
    maxMessageSize: limits.IDENTIFY_MAX_MESSAGE_BYTES,
    maxObservedAddresses: limits.IDENTIFY_MAX_OBSERVED_ADDRESSES,
  }
  return {
    identify: identify(identifyInit),
    identifyPush: identifyPush(identifyInit),
    ping: ping({ maxInboundStreams: limits.PING_MAX_STREAMS, maxOutboundStreams: limits.PING_MAX_STREAMS }),
    dht: routingOnlyKad(dhtMode),
  }
}

function connectionManagerInit(maxConnections: number): NonNullable<Libp2pOptions['connectionManager']> {
  return {
    maxConnections,
    maxIncomingPendingConnections: limits.LIBP2P_MAX_PENDING_INBOUND,
    // The gate counts for each host, and knows loopback and LAN from strangers.
    inboundConnectionThreshold: Number.MAX_SAFE_INTEGER,
    inboundUpgradeTimeout: limits.INBOUND_UPGRADE_TIMEOUT_MS,
    inboundStreamProtocolNegotiationTimeout: limits.NEGOTIATION_TIMEOUT_MS,
    outboundStreamProtocolNegotiationTimeout: limits.NEGOTIATION_TIMEOUT_MS,
    maxParallelDials: limits.MAX_PARALLEL_DIALS,
    maxDialQueueLength: limits.MAX_DIAL_QUEUE,
    maxPeerAddrsToDial: limits.MAX_ADDRESSES_PER_DIAL,
    dialTimeout: limits.DIAL_TIMEOUT_MS,
    addressDialTimeout: limits.ADDRESS_DIAL_TIMEOUT_MS,
  }
}

function gater(gate: ConnectionGate, policy: AddressPolicy): ConnectionGater {
  return {
    denyDialPeer: (peer) => peer.type !== 'Ed25519',
    denyDialMultiaddr: (address) => !policy.allows(address),
    denyInboundConnection: (connection) => !gate.admit(connection),
    denyOutboundConnection: (_peer, connection) => {
      gate.watch(connection)
      return false
    },
    denyInboundEncryptedConnection: (peer) => peer.type !== 'Ed25519',
    denyOutboundEncryptedConnection: (peer) => peer.type !== 'Ed25519',
    denyInboundUpgradedConnection: (_peer, connection) => {
      gate.settle(connection)
      return false
    },
    denyOutboundUpgradedConnection: (_peer, connection) => {
      gate.settle(connection)
      return false
    },
  }
}

function boundedTcp(maxConnections: number): TransportFactory {
  return tcp({
    // Behind the gate; it only bounds what the operating system hands over at once.
    maxConnections: maxConnections + limits.LIBP2P_MAX_PENDING_INBOUND,
    inboundSocketInactivityTimeout: limits.SOCKET_INACTIVITY_TIMEOUT_MS,
    outboundSocketInactivityTimeout: limits.SOCKET_INACTIVITY_TIMEOUT_MS,
  })
}

/** Asks the policy before each dial and tells it of each peer that was met. */
function obeying(factory: TransportFactory, policy: AddressPolicy): TransportFactory {
  return (components) => {
    const transport: Transport = factory(components)
    const dial = transport.dial.bind(transport)
    transport.dial = async (address, options) => {
      if (!policy.begin(address)) {
        throw new Error(`${address} was dialled a moment ago, or must not be`)
      }
      const connection = await dial(address, options)
      policy.succeeded(address)
      return connection
    }
    return transport
  }
}

function lanDiscovery(
  onPeer: (peer: PeerInfo) => void,
): (components: Parameters<ReturnType<typeof mdns>>[0]) => PeerDiscovery {
  const create = mdns({ serviceTag: MDNS_SERVICE })
  return (components) => {
    const discovery = create(components)
    discovery.addEventListener('peer', (event) => onPeer(event.detail))
    return discovery
  }
}
