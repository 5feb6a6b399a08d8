import type { PeerId } from '@libp2p/interface'
import { compare } from 'uint8arrays/compare'
import { xor } from 'uint8arrays/xor'

/** An entry of kad-dht's routing table: a peer and its place in the DHT, 32 bytes. */
export interface TableEntry {
  readonly peerId: PeerId
  readonly kadId: Uint8Array
}

/** An entry and the first bytes of its distance. */
interface Found {
  readonly entry: TableEntry
  readonly head: number
}

/** Bits of a distance that a number holds exactly. */
const HEAD_BYTES = 6

/**
 * The `count` entries nearest to `target` by XOR, nearest first. In the place of kad-dht's own search, which compares
 * each entry with each it has kept so far, for every request (6 % of a node's work in a network of 60).
 */
export function nearestEntries(
  entries: Iterable<TableEntry>,
  target: Uint8Array,
  { count, exclude = [] }: { readonly count: number; readonly exclude?: readonly PeerId[] },
): PeerId[] {
  const found: Found[] = []
  for (const entry of entries) {
    const next = { entry, head: headOfDistance(entry.kadId, target) }
    const last = found.length < count ? undefined : found[count - 1]
    const isNearer = last === undefined || isBefore(next, last, target)
    if (isNearer && !exclude.some((peer) => peer.equals(entry.peerId))) {
      insert(found, next, target)
      found.length = Math.min(found.length, count)
    }
  }
  return found.map(({ entry }) => entry.peerId)
}

/** Into its place among those found, the nearest of which is the first; behind its equals. */
function insert(found: Found[], next: Found, target: Uint8Array): void {
  let place = found.length
  for (let before = found[place - 1]; before !== undefined && isBefore(next, before, target); ) {
    found[place] = before
    place--
    before = found[place - 1]
  }
  found[place] = next
}

function isBefore(left: Found, right: Found, target: Uint8Array): boolean {
  return left.head === right.head
    ? compare(xor(left.entry.kadId, target), xor(right.entry.kadId, target)) < 0
    : left.head < right.head
}

function headOfDistance(left: Uint8Array, right: Uint8Array): number {
  let head = 0
  for (let index = 0; index < HEAD_BYTES; index++) {
    head = head * 256 + ((left[index] ?? 0) ^ (right[index] ?? 0))
  }
  return head
}
