import { isPeerId, type PeerId, type PeerInfo, type TypedEventTarget } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { assert } from '../util/assert.ts'
import {
  KAD_ALPHA,
  KAD_DISJOINT_PATHS,
  KAD_K,
  KAD_PEER_TIMEOUT_MS,
  KAD_SELF_LOOKUP_INTERVAL_MS,
} from '../util/kad-limits.ts'
import {
  KAD_INCOMING_TIMEOUT_MS,
  KAD_MAX_INBOUND_STREAMS,
  KAD_MAX_OUTBOUND_STREAMS,
  KAD_TAG_INTERVAL_MS,
} from './libp2p-limits.ts'
import { nearestEntries, type TableEntry } from './libp2p-nearest-entries.ts'

/** The DHT of Kabber; a network of its own, for routing only. */
export const KAD_PROTOCOL = '/kabber/kad/1.0.0'

/** The RPCs that are answered; values and providers have no quota in kad-dht 16.4 (security.md L7). */
const ANSWERED_RPCS = new Set(['FIND_NODE', 'PING'])

/** What this network uses of kad-dht 16.4 that its types hide. */
export interface KadInside {
  readonly routingTable: {
    readonly size: number
    readonly kb?: { toIterable(): Iterable<TableEntry> }
    remove(peer: PeerId): Promise<void>
    closestPeers(kadId: Uint8Array, options?: { readonly count?: number; readonly exclude?: PeerId[] }): PeerId[]
    readonly closestPeerTagger: { refreshInterval: number }
  }
  readonly network: TypedEventTarget<{ peer: CustomEvent<PeerInfo> }> & {
    dispatchEvent(event: Event): boolean
    sendRequest(
      to: PeerId,
      message: unknown,
      options: { signal?: AbortSignal },
    ): AsyncGenerator<{ readonly name: string }>
  }
  readonly rpc: { readonly handlers: Record<string, unknown> }
}

type KadComponents = Parameters<ReturnType<typeof kadDHT>>[0]

/** kad-dht as Kabber uses it. `mode`: a server answers and is found, a client only asks. */
export function routingOnlyKad(mode: 'server' | 'client'): (components: KadComponents) => KadDHT {
  return (components) => {
    const kad = kadDHT({
      protocol: KAD_PROTOCOL,
      clientMode: mode === 'client',
      peerInfoMapper: passthroughMapper,
      kBucketSize: KAD_K,
      alpha: KAD_ALPHA,
      disjointPaths: KAD_DISJOINT_PATHS,
      networkDialTimeout: KAD_PEER_TIMEOUT_MS,
      allowQueryWithZeroPeers: true,
      querySelfInterval: KAD_SELF_LOOKUP_INTERVAL_MS,
      maxInboundStreams: KAD_MAX_INBOUND_STREAMS,
      maxOutboundStreams: KAD_MAX_OUTBOUND_STREAMS,
      incomingMessageTimeout: KAD_INCOMING_TIMEOUT_MS,
    })(pingingUnconnected(components))
    const { routingTable, rpc } = insideOf(kad)
    // Every 5 s by itself, for which kadDHT has no option: a third of an idle node's work.
    routingTable.closestPeerTagger.refreshInterval = KAD_TAG_INTERVAL_MS
    routingTable.closestPeers = (kadId, { count = KAD_K, exclude = [] } = {}) =>
      nearestEntries(routingTable.kb?.toIterable() ?? [], kadId, { count, exclude })
    const { handlers } = rpc
    for (const name of Object.keys(handlers)) {
      if (!ANSWERED_RPCS.has(name)) {
        delete handlers[name]
      }
    }
    assert(Object.keys(handlers).length === ANSWERED_RPCS.size, 'kad-dht has changed inside')
    return kad
  }
}

/** kad-dht pings every peer it meets; that one with a connection is there the keep-alive knows. */
function pingingUnconnected(components: KadComponents): KadComponents {
  const ping: KadComponents['ping']['ping'] = async (peer, options) => {
    const connections = isPeerId(peer) ? components.connectionManager.getConnections(peer) : []
    return connections.some(({ status }) => status === 'open') ? 0 : await components.ping.ping(peer, options)
  }
  // libp2p's components cannot be copied: they are made when asked for.
  return Object.create(components, { ping: { value: { ping } } }) as KadComponents
}

/** The inside of `kad`, checked as far as this network relies on it. */
export function insideOf(kad: KadDHT): KadInside {
  const inside = kad as unknown as KadInside
  assert(
    typeof inside.routingTable?.remove === 'function' &&
      typeof inside.routingTable.closestPeers === 'function' &&
      typeof inside.routingTable.closestPeerTagger?.refreshInterval === 'number' &&
      typeof inside.network?.sendRequest === 'function' &&
      typeof inside.network.dispatchEvent === 'function' &&
      typeof inside.rpc?.handlers === 'object',
    'kad-dht has changed inside',
  )
  return inside
}
