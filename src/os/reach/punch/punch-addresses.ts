import type { Multiaddr } from '@multiformats/multiaddr'
import { withoutPeerId } from '../../libp2p-addresses.ts'
import type { IpFamily } from './punch-ports.ts'

/** Which addresses can be announced and dialled for a joint dial. */
export type Punchable = (address: Multiaddr) => boolean

/** The IP family of a plain TCP address, `/ip4|ip6/…/tcp/…` and at most the peer's id; undefined for all others. */
export function tcpFamilyOf(address: Multiaddr): IpFamily | undefined {
  const [host, port, more] = withoutPeerId(address).getComponents()
  const isIp = host?.name === 'ip4' || host?.name === 'ip6'
  return isIp && port?.name === 'tcp' && Number(port.value) > 0 && more === undefined
    ? (host.name as IpFamily)
    : undefined
}

/** True for a TCP address of one host that is not this very machine: unicast, neither loopback nor link-local. */
export function isPunchable(address: Multiaddr): boolean {
  const host = address.getComponents()[0]?.value ?? ''
  switch (tcpFamilyOf(address)) {
    case 'ip4':
      return isUnicastIp4(host)
    case 'ip6':
      // RFC 4291 §2.4, RFC 4193: global unicast and unique local.
      return /^(2|3|fc|fd)[0-9a-f]+:/i.test(host)
    default:
      return false
  }
}

/** Not this network, loopback, link-local, multicast, reserved or broadcast (RFC 6890, RFC 5771). */
function isUnicastIp4(host: string): boolean {
  const [a = 0, b = 0] = host.split('.').map(Number)
  return a > 0 && a < 224 && a !== 127 && !(a === 169 && b === 254)
}
