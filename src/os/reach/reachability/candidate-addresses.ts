import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { hostOf, isLoopbackAddress, isPublicAddress, isRelayedAddress } from '../../libp2p-addresses.ts'

/** Addresses that peers are asked to dial. */
const MAX_CANDIDATES = 6

/**
 * Where strangers might dial this node: public addresses it listens on, the port mapped on the router, and the hosts under
 * which peers see it with the ports it listens on there (a port that was forwarded by hand, or a NAT of one to one).
 */
export function candidateAddresses(node: {
  readonly listening: readonly Multiaddr[]
  readonly mapped: Multiaddr | undefined
  /** `/ip4/…` or `/ip6/…`, the best first. */
  readonly observedHosts: readonly string[]
}): readonly Multiaddr[] {
  const own = node.listening.filter((address) => isTcp(address) && isPublicAddress(address))
  const observed = node.observedHosts.flatMap((host) => {
    const port = node.listening.find((address) => listensFor(address, host))?.getComponents()[1]?.value
    return port === undefined ? [] : [multiaddr(`${host}/tcp/${port}`)]
  })
  const all = [...own, ...(node.mapped === undefined ? [] : [node.mapped]), ...observed]
  return [...new Map(all.map((address) => [address.toString(), address])).values()].slice(0, MAX_CANDIDATES)
}

/** The port that a router is to map and the private IPv4 addresses listened on with it; undefined without such. */
export function portToMap(
  listening: readonly Multiaddr[],
): { readonly port: number; readonly addresses: readonly string[] } | undefined {
  const behindNat = listening.filter(
    (address) =>
      isTcp(address) && hostOf(address)?.family === 'ip4' && !isLoopbackAddress(address) && !isPublicAddress(address),
  )
  const port = behindNat[0]?.getComponents()[1]?.value
  const addresses = behindNat.filter((address) => address.getComponents()[1]?.value === port)
  return port === undefined
    ? undefined
    : { port: Number(port), addresses: [...new Set(addresses.map((address) => hostOf(address)?.ip ?? ''))] }
}

function isTcp(address: Multiaddr): boolean {
  return address.getComponents()[1]?.name === 'tcp' && !isRelayedAddress(address)
}

function listensFor(address: Multiaddr, host: string): boolean {
  return isTcp(address) && !isLoopbackAddress(address) && host.startsWith(`/${hostOf(address)?.family}/`)
}
