import type { PeerIdText } from '../../system/network.ts'
import { CUSTODIANS_PER_PLACE } from './letter-limits.ts'

/** A peer that may be custodian of a place. */
export interface Candidate {
  readonly peerId: PeerIdText
  /** SHA-256 of the multihash in the PeerId: `kadIdOfPeer`. */
  readonly kadId: Uint8Array
  /** The /24s and /48s of its public addresses: `networksOf(addresses)`. Empty: exempt from the rule. */
  readonly networks: readonly string[]
  /** Whether it advertises that it keeps letters for others. */
  readonly storage: boolean
}

/** XOR of two Kademlia ids. */
export function xorDistance(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.map((byte, index) => byte ^ (other[index] ?? 0))
}

/** Negative when `one` is nearer to `target` than `other`, 0 when they are the same. */
export function compareDistance(target: Uint8Array, one: Uint8Array, other: Uint8Array): number {
  for (let index = 0; index < target.length; index++) {
    const byte = target[index] ?? 0
    const difference = ((one[index] ?? 0) ^ byte) - ((other[index] ?? 0) ^ byte)
    if (difference !== 0) {
      return difference
    }
  }
  return 0
}

/** The peers in the order of their distance to `target`, a Kademlia id (`kadId(place)`). */
export function nearestFirst<Peer extends Pick<Candidate, 'kadId'>>(
  target: Uint8Array,
  peers: readonly Peer[],
): readonly Peer[] {
  return [...peers].sort((one, other) => compareDistance(target, one.kadId, other.kadId))
}

/**
 * The custodians of a place among `candidates` (nearest first, this node included where it is one): the nearest that
 * keep letters, at most one per /24 or /48, at most `limit`; in small networks all there are. protocols.md "Custodians"
 */
export function custodiansOf<Peer extends Pick<Candidate, 'networks' | 'storage'>>(
  candidates: readonly Peer[],
  limit: number = CUSTODIANS_PER_PLACE,
): readonly Peer[] {
  const custodians: Peer[] = []
  const taken = new Set<string>()
  for (const candidate of candidates) {
    if (custodians.length >= limit) {
      break
    }
    if (candidate.storage && !candidate.networks.some((network) => taken.has(network))) {
      custodians.push(candidate)
      for (const network of candidate.networks) {
        taken.add(network)
      }
    }
  }
  return custodians
}

/** Whether `self` is a custodian of the place at `target` (`kadId(place)`) beside `others`, in any order. */
export function isCustodian(self: Candidate, target: Uint8Array, others: readonly Candidate[]): boolean {
  return custodiansOf(nearestFirst(target, [self, ...others.filter(({ peerId }) => peerId !== self.peerId)])).includes(
    self,
  )
}
