import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../system/clock.ts'
import { isPublicAddress, isRelayedAddress, withoutPeerId } from '../../libp2p-addresses.ts'
import { tcpFamilyOf } from './punch-addresses.ts'
import { DIRECT_DIAL_TIMEOUT_MS, MAX_DIRECT_ADDRESSES } from './punch-limits.ts'

/** What a direct dial takes from libp2p. */
export interface DirectDialComponents {
  readonly clock: Pick<Clock, 'timeoutSignal'>
  readonly peerStore: {
    get(peerId: PeerId): Promise<{ readonly addresses: readonly { readonly multiaddr: Multiaddr }[] }>
  }
  readonly connectionManager: {
    openConnection(
      target: Multiaddr[],
      options: { readonly signal: AbortSignal; readonly force: true },
    ): Promise<Connection>
  }
}

/**
 * Dials the public addresses that a peer announces (DCUtR: "a unilateral connection upgrade"). It leaves from an
 * ephemeral port: a SYN from the punch port to the endpoint of the joint dial would leave state in firewalls that the
 * joint dial does not fit (measured). Resolves to whether there is a direct connection now.
 */
export async function dialDirectly(
  { clock, peerStore, connectionManager }: DirectDialComponents,
  peerId: PeerId,
  signal: AbortSignal,
): Promise<boolean> {
  const known = await peerStore.get(peerId).catch(() => undefined)
  const addresses = (known?.addresses ?? [])
    .map(({ multiaddr }) => withoutPeerId(multiaddr))
    .filter((address) => isPublicAddress(address) && tcpFamilyOf(address) !== undefined)
    .slice(0, MAX_DIRECT_ADDRESSES)
    .map((address) => address.encapsulate(`/p2p/${peerId.toString()}`))
  if (addresses.length === 0) {
    return false
  }
  try {
    const bounded = AbortSignal.any([signal, clock.timeoutSignal(DIRECT_DIAL_TIMEOUT_MS)])
    // Without `force` the relayed connection would do.
    const { remoteAddr } = await connectionManager.openConnection(addresses, { signal: bounded, force: true })
    return !isRelayedAddress(remoteAddr)
  } catch {
    return false
  }
}
