import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../system/clock.ts'
import type { PeerAddresses } from '../system/network.ts'
import { isRelayedAddress, parseAddress, withoutPeerId } from './libp2p-addresses.ts'
import { MAX_DIAL_HINTS, MAX_RELAYED_DIALS, RELAYED_DIAL_DELAY_MS } from './libp2p-limits.ts'
import type { Libp2pNode } from './libp2p-types.ts'

/** What `connect` needs besides the node. */
export interface ConnectOptions {
  readonly clock: Pick<Clock, 'sleep'>
  readonly signal: AbortSignal
  /** Dials one address through a relay, past libp2p's queue. */
  readonly dialRelayed: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
}

/**
 * A new connection to `peer`: direct, or through a relay if that is there first. libp2p alone dials one address after the
 * other, those through relays last, and each address of a home that does not answer takes 4 s.
 */
export async function connect(node: Libp2pNode, peer: PeerAddresses, options: ConnectOptions): Promise<Connection> {
  const peerId = peerIdFromString(peer.peerId)
  const addresses = await addressesOf(node, peer, peerId)
  const relayed = addresses.filter(isRelayedAddress).slice(0, MAX_RELAYED_DIALS)
  const direct = addresses.filter((address) => !isRelayedAddress(address))
  if (relayed.length === 0) {
    // Without addresses libp2p looks the peer up in the DHT.
    return await node.dial(direct.length === 0 ? peerId : direct, { signal: options.signal })
  }
  return await race(relayed, options, direct.length === 0 ? undefined : () => node.dial(direct, options))
}

/** The first connection there is. Direct dials go on when a relay was faster; those through relays end. */
async function race(
  relayed: readonly Multiaddr[],
  { clock, signal, dialRelayed }: ConnectOptions,
  dialDirect: (() => Promise<Connection>) | undefined,
): Promise<Connection> {
  const settled = new AbortController()
  const ending = AbortSignal.any([signal, settled.signal])
  const headStarts = dialDirect === undefined ? 0 : 1
  const dials = relayed.map(async (address, index) => {
    await clock.sleep((index + headStarts) * RELAYED_DIAL_DELAY_MS, ending)
    return await dialRelayed(address, ending)
  })
  try {
    return await Promise.any(dialDirect === undefined ? dials : [dialDirect(), ...dials])
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof AggregateError ? (error.errors[0] ?? error) : error
  } finally {
    settled.abort(new Error('another way was faster'))
  }
}

/** Hints and known addresses together: given addresses, libp2p would dial these alone. */
async function addressesOf(node: Libp2pNode, peer: PeerAddresses, peerId: PeerId): Promise<Multiaddr[]> {
  const hints = peer.addresses.slice(0, MAX_DIAL_HINTS).flatMap((text) => parseAddress(text) ?? [])
  const known = await node.peerStore.get(peerId).catch(() => undefined)
  const all = [...hints, ...(known?.addresses.map(({ multiaddr }) => multiaddr) ?? [])].map(withoutPeerId)
  const unique = new Map(all.map((address) => [address.toString(), address]))
  return [...unique.values()].map((address) => address.encapsulate(`/p2p/${peer.peerId}`))
}
