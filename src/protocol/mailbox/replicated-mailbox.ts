import type { PeerIdText } from '../../system/network.ts'
import { CUSTODIANS_PER_PLACE, FORMER_KEPT_MS, HANDED_OVER_MIN, RING_PARTNERS } from './letter-limits.ts'
import { type Candidate, custodiansOf } from './placement.ts'

/** A custodian's care of one mailbox. */
export interface ReplicatedMailbox {
  readonly mailbox: string
  /** When its last letter and tombstone are over. */
  expiresMs: number
  /** Whether there are letters that nobody acknowledged; if not, there is little to care for. */
  live: boolean
  phase: 'idle' | 'waiting' | 'looking-up'
  /** When to look its custodians up again. */
  dueMs: number
  /** As last looked up, nearest first, this node included where it is one; empty before. */
  custodians: readonly PeerIdText[]
  /** Who would be custodian if this node were not. */
  successor: PeerIdText | undefined
  /** Since when this node is not among them any more. */
  formerSinceMs: number | undefined
  /** Custodians that have all of it since then. */
  handedTo: readonly PeerIdText[]
}

/**
 * The custodians among `candidates` (nearest first): those that answer before those that are `absent`, so that a silent
 * one is replaced where somebody can take its place, and kept where nobody can.
 */
export function answeringCustodians(
  candidates: readonly Candidate[],
  absent: (peerId: PeerIdText) => boolean,
): readonly PeerIdText[] {
  const present = candidates.filter(({ peerId }) => !absent(peerId))
  const chosen = new Set(custodiansOf([...present, ...candidates.filter(({ peerId }) => absent(peerId))]))
  return candidates.filter((candidate) => chosen.has(candidate)).map(({ peerId }) => peerId)
}

/**
 * With whom this custodian starts a sync each round: the next two in the ring of distance, and one of the others by
 * `choice`. Both sides end up with the same, so a letter spreads along the ring in both directions, over the random
 * chords faster, and no two dead neighbours cut it; a round costs a mailbox at most 30 exchanges instead of 90.
 */
export function ringPartners(
  custodians: readonly PeerIdText[],
  self: PeerIdText,
  choice: number,
): readonly PeerIdText[] {
  const others = afterInRing(custodians, self)
  const rest = others.slice(RING_PARTNERS)
  const chosen = rest[Math.floor(choice * rest.length)]
  return chosen === undefined ? others : [...others.slice(0, RING_PARTNERS), chosen]
}

/** Whether `peer` is this custodian's to welcome: at most two places away, so that not all nine do. */
export function isRingNeighbour(custodians: readonly PeerIdText[], self: PeerIdText, peer: PeerIdText): boolean {
  const others = afterInRing(custodians, self)
  const at = others.indexOf(peer)
  return at >= 0 && (at < RING_PARTNERS || at >= others.length - RING_PARTNERS)
}

/** Who becomes custodian when this node leaves. */
export function successorOf(
  candidates: readonly Candidate[],
  custodians: readonly PeerIdText[],
  self: PeerIdText,
): PeerIdText | undefined {
  const without = candidates.filter(({ peerId }) => peerId !== self)
  return custodiansOf(without, CUSTODIANS_PER_PLACE).find(({ peerId }) => !custodians.includes(peerId))?.peerId
}

/** Whether this node, custodian no more, may delete: the right ones have everything, and it has waited. */
export function isHandedOver(replica: ReplicatedMailbox, nowMs: number): boolean {
  return (
    replica.formerSinceMs !== undefined &&
    nowMs - replica.formerSinceMs >= FORMER_KEPT_MS &&
    replica.custodians.length > 0 &&
    missingHandOvers(replica) === 0
  )
}

/** How many more of the right custodians must have everything. */
export function missingHandOvers({ custodians, handedTo }: ReplicatedMailbox): number {
  const having = custodians.filter((peerId) => handedTo.includes(peerId)).length
  return Math.max(0, Math.min(HANDED_OVER_MIN, custodians.length) - having)
}

function afterInRing(custodians: readonly PeerIdText[], self: PeerIdText): readonly PeerIdText[] {
  const at = custodians.indexOf(self)
  return [...custodians.slice(at + 1), ...custodians.slice(0, Math.max(0, at))]
}
