import type { Multiaddr } from '@multiformats/multiaddr'
import type { Endpoint } from '../nat/packet.ts'
import { SocketError } from './socket-error.ts'

/** Address and port of `/ip4/…/tcp/…` or `/ip6/…/tcp/…`, whatever follows. @throws SocketError for other multiaddrs */
export function endpointOf(address: Multiaddr): Endpoint {
  const [ip, tcp] = address.getComponents()
  const isIp = ip?.name === 'ip4' || ip?.name === 'ip6'
  if (!isIp || ip.value === undefined || tcp?.name !== 'tcp' || tcp.value === undefined) {
    throw new SocketError('EINVAL', `${address} is not an IP address with a TCP port`)
  }
  return { address: ip.value, port: Number(tcp.value) }
}

/** True for exactly such an address, with or without `/p2p/…`. */
export function isTcpAddress(address: Multiaddr): boolean {
  const names = address.getComponents().map((component) => component.name)
  const hasIp = names[0] === 'ip4' || names[0] === 'ip6'
  return hasIp && names[1] === 'tcp' && (names.length === 2 || (names.length === 3 && names[2] === 'p2p'))
}
