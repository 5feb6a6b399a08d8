import { compare } from 'uint8arrays/compare'
import { RECORD_CLOCK_SKEW_MS } from './account-record.ts'
import { type NodeEntry, nodeEntry, RECORD_NODES_MAX } from './account-record-message.ts'

/** A device that has not renewed its entry for so long is taken off the account; it comes back when it returns. */
export const NODE_ENTRY_LIFETIME_MS: number = 30 * 24 * 3_600_000

/**
 * The nodes of one account, from the lists of two of its devices: of each node the entry renewed last, none older than 30
 * days, at most 16 (this node and those renewed last). This node's own entry is always the one in `ours`. Both devices
 * come to the same list, in the order of PeerIds, whichever side each is on (as far as it does not concern themselves).
 */
export function mergeNodes(
  ours: readonly NodeEntry[],
  other: readonly NodeEntry[],
  selfPeerId: string,
  nowMs: number,
): NodeEntry[] {
  const newest = new Map<string, NodeEntry>()
  for (const entry of [...ours, ...other]) {
    const known = newest.get(entry.peerId)
    // An entry from the future would never give way; its device has a wrong clock and its records are refused as well.
    const isTimely = entry.updatedMs > nowMs - NODE_ENTRY_LIFETIME_MS && entry.updatedMs <= nowMs + RECORD_CLOCK_SKEW_MS
    if (entry.peerId !== selfPeerId && isTimely && (known === undefined || isNewer(entry, known))) {
      newest.set(entry.peerId, entry)
    }
  }
  const self = ours.filter(({ peerId }) => peerId === selfPeerId).slice(0, 1)
  const others = [...newest.values()]
    .sort((a, b) => b.updatedMs - a.updatedMs || byPeerId(a, b))
    .slice(0, RECORD_NODES_MAX - self.length)
  return [...self, ...others].sort(byPeerId)
}

function isNewer(a: NodeEntry, b: NodeEntry): boolean {
  // Of equal times the greater bytes: not right, but alike everywhere.
  return a.updatedMs === b.updatedMs ? compare(nodeEntry.encode(a), nodeEntry.encode(b)) > 0 : a.updatedMs > b.updatedMs
}

function byPeerId(a: NodeEntry, b: NodeEntry): number {
  return a.peerId < b.peerId ? -1 : Number(a.peerId > b.peerId)
}
