import type { Multiaddr } from '@multiformats/multiaddr'
import { withoutPeerId } from '../../libp2p-addresses.ts'
import { tcpFamilyOf } from './punch-addresses.ts'
import { MAX_ADDRESSES_CONSIDERED } from './punch-limits.ts'
import type { PunchMapping } from './punch-mappings.ts'
import type { IpFamily } from './punch-ports.ts'

/** IPv6 first: there are seldom mappings in the way, only firewalls. Both sides must choose alike. */
const FAMILIES: readonly IpFamily[] = ['ip6', 'ip4']

/** What a joint dial goes from and to. */
export interface PunchTarget {
  readonly mapping: PunchMapping
  readonly address: Multiaddr
}

/** Who can be punched from `own` at what the other side `named`, the first of its addresses that `allowed` passes. */
export async function choosePunch(
  own: readonly PunchMapping[],
  named: readonly Multiaddr[],
  allowed: (address: Multiaddr) => Promise<boolean>,
): Promise<PunchTarget | undefined> {
  let considered = 0
  for (const family of FAMILIES) {
    const mapping = own.find((candidate) => candidate.family === family)
    const addresses = mapping === undefined ? [] : named.filter((address) => tcpFamilyOf(address) === family)
    for (const address of addresses.map(withoutPeerId)) {
      considered += 1
      if (considered > MAX_ADDRESSES_CONSIDERED || mapping === undefined) {
        return undefined
      }
      if (!address.equals(mapping.address) && (await allowed(address))) {
        return { mapping, address }
      }
    }
  }
  return undefined
}
