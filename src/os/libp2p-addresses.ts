import { isPrivate } from '@libp2p/utils'
import { CODE_P2P, CODE_P2P_CIRCUIT, type Multiaddr, multiaddr } from '@multiformats/multiaddr'

/** The multiaddr that `text` names, or undefined if it is none: hints come from strangers. */
export function parseAddress(text: string): Multiaddr | undefined {
  try {
    return multiaddr(text)
  } catch {
    return undefined
  }
}

/** `address` without the `/p2p/…` that ends it. */
export function withoutPeerId(address: Multiaddr): Multiaddr {
  return address.getComponents().at(-1)?.code === CODE_P2P ? address.decapsulateCode(CODE_P2P) : address
}

/** The PeerId that ends `address`, if one does. */
export function peerIdOf(address: Multiaddr): string | undefined {
  const last = address.getComponents().at(-1)
  return last?.code === CODE_P2P ? last.value : undefined
}

/** True for an address through a relay, `…/p2p-circuit…`. */
export function isRelayedAddress(address: Multiaddr): boolean {
  return address.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT)
}

/** True where the address itself may be reachable from the whole Internet: a public IP address; no name, no relay. */
export function isPublicAddress(address: Multiaddr): boolean {
  return hostOf(address) !== undefined && !isRelayedAddress(address) && !isAbsurdAddress(address) && !isPrivate(address)
}

/** True for what nobody can listen on: an unspecified, multicast or broadcast host, or port 0. */
export function isAbsurdAddress(address: Multiaddr): boolean {
  const [host, transport] = address.getComponents()
  if ((transport?.name === 'tcp' || transport?.name === 'udp') && Number(transport.value) === 0) {
    return true
  }
  const text = host?.value ?? ''
  if (host?.name === 'ip4') {
    const first = Number(text.split('.')[0])
    return first === 0 || first >= 224
  }
  // NAT64 of any IPv4 address (RFC 6052): a host of its own network for who translates.
  return host?.name === 'ip6' && (/^ff/i.test(text) || text === '::' || /^64:ff9b:/i.test(text))
}

/** The IP address at the beginning of `address`, alone as a multiaddr. */
export function hostOf(address: Multiaddr): { family: 'ip4' | 'ip6'; address: string; ip: string } | undefined {
  const first = address.getComponents()[0]
  return first?.value !== undefined && (first.name === 'ip4' || first.name === 'ip6')
    ? { family: first.name, address: `/${first.name}/${first.value}`, ip: first.value }
    : undefined
}

/** The address of the relay in a relayed address, up to its PeerId; undefined for others. */
export function relayOf(address: Multiaddr): Multiaddr | undefined {
  return isRelayedAddress(address) ? address.decapsulateCode(CODE_P2P_CIRCUIT) : undefined
}

/** Addresses in the order of what strangers can do with them: public ones and names, through relays, private, loopback. */
export function usefulFirst(addresses: readonly Multiaddr[]): readonly Multiaddr[] {
  const rank = (address: Multiaddr): number => {
    if (isRelayedAddress(address)) {
      return 1
    }
    return isLoopbackAddress(address) ? 3 : isPublicAddress(address) || isNamedAddress(address) ? 0 : 2
  }
  return addresses.toSorted((one, other) => rank(one) - rank(other))
}

function isNamedAddress(address: Multiaddr): boolean {
  return address.getComponents()[0]?.name.startsWith('dns') ?? false
}

/** True where the host is a name. */
export function isNamed(address: Multiaddr): boolean {
  return address.getComponents()[0]?.name.startsWith('dns') === true
}

/** The host part as a key: the IPv4 address, the /64 of an IPv6 address, or undefined for anything else. */
export function hostKey(address: Multiaddr): string | undefined {
  const first = address.getComponents()[0]
  if (first?.value === undefined) {
    return undefined
  }
  if (first.name === 'ip4') {
    return first.value
  }
  return first.name === 'ip6' ? prefix64(first.value) : undefined
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopbackAddress(address: Multiaddr): boolean {
  const first = address.getComponents()[0]
  return (first?.name === 'ip4' && first.value?.startsWith('127.') === true) || first?.value === '::1'
}

function prefix64(ip6: string): string {
  const [head = '', tail] = ip6.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...zeros, ...right].slice(0, 4).join(':')
}
