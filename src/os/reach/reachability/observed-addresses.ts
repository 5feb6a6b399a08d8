import type { Multiaddr } from '@multiformats/multiaddr'
import { BoundedMap } from '../../../util/bounded-map.ts'
import { networksOf } from '../../../util/ip-network.ts'
import { hostOf, isPublicAddress } from '../../libp2p-addresses.ts'

/** Networks of observers whose last observation is kept, for each family of addresses; at the bound the oldest is forgotten. */
const MAX_OBSERVER_NETWORKS = 32
/** Observers' networks that must agree; more where many speak, so that two liars among them are not believed. *ours* */
const AGREEING_NETWORKS = 2
const MANY_NETWORKS = 8
const AGREEING_NETWORKS_OF_MANY = 3
/** Hosts reported. */
const MAX_REPORTED_HOSTS = 4

/**
 * The hosts (`/ip4/…`, `/ip6/…`) under which peers see this node. The port of an outbound connection says nothing of the
 * next one's, so it is left out. Each /24 or /48 of observers has one voice, its latest; what cannot be, nobody can say:
 * only public unicast addresses count, and only from observers who are public themselves.
 */
export class ObservedAddresses {
  readonly #byNetwork = {
    ip4: new BoundedMap<string, string>({ maxEntries: MAX_OBSERVER_NETWORKS }),
    ip6: new BoundedMap<string, string>({ maxEntries: MAX_OBSERVER_NETWORKS }),
  }

  /** A peer at `observer` sees this node at `observed`. True if it counts. */
  note(observer: Multiaddr, observed: Multiaddr): boolean {
    const network = observerNetwork(observer)
    const host = isPublicAddress(observed) ? hostOf(observed) : undefined
    if (network === undefined || host === undefined) {
      return false
    }
    this.#byNetwork[host.family].set(network, host.address)
    return true
  }

  /** Hosts with the number of networks that see them, most first. */
  all(): readonly { readonly address: string; readonly observers: number }[] {
    return (['ip4', 'ip6'] as const).flatMap((family) => this.#counts(family)).slice(0, MAX_REPORTED_HOSTS)
  }

  /** The hosts in which enough networks agree; at most one of each family. */
  believed(): readonly string[] {
    return (['ip4', 'ip6'] as const).flatMap((family) => {
      const { size } = this.#byNetwork[family]
      const [most] = this.#counts(family)
      const needed = size >= MANY_NETWORKS ? AGREEING_NETWORKS_OF_MANY : AGREEING_NETWORKS
      return most !== undefined && most.observers >= needed ? [most.address] : []
    })
  }

  /** After a change of networks all is to be seen anew. */
  clear(): void {
    this.#byNetwork.ip4.clear()
    this.#byNetwork.ip6.clear()
  }

  #counts(family: 'ip4' | 'ip6'): { address: string; observers: number }[] {
    const counts = new Map<string, number>()
    for (const host of this.#byNetwork[family].values()) {
      counts.set(host, (counts.get(host) ?? 0) + 1)
    }
    return [...counts]
      .map(([address, observers]) => ({ address, observers }))
      .sort((left, right) => right.observers - left.observers)
  }
}

/** The network whose voice a peer at this address has; undefined for private, loopback and relayed ones. */
export function observerNetwork(observer: Multiaddr): string | undefined {
  return isPublicAddress(observer) ? networksOf([observer.toString()])[0] : undefined
}
