import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RECORD_CLOCK_SKEW_MS } from '../../../src/identity/account-record.ts'
import { type NodeEntry, RECORD_NODES_MAX } from '../../../src/identity/account-record-message.ts'
import { mergeNodes, NODE_ENTRY_LIFETIME_MS } from '../../../src/identity/merge-nodes.ts'
import { NodeKey } from '../../../src/identity/node-key.ts'

const NOW_MS = 1_900_000_000_000
const peerIds = Array.from({ length: 40 }, (_, i) => NodeKey.fromSeed(new Uint8Array(32).fill(i)).peerId).sort()

function node(index: number, updatedMs: number, port = 1): NodeEntry {
  const addresses = [`/ip4/192.0.2.1/tcp/${port}`]
  return { peerId: peerIds[index] ?? '', addresses, capabilities: [], updatedMs, prekeys: [] }
}

const entries = fc.uniqueArray(
  fc.tuple(fc.nat(39), fc.integer({ min: NOW_MS - 10, max: NOW_MS }), fc.nat(3)).map((args) => node(...args)),
  { selector: (entry) => entry.peerId, maxLength: RECORD_NODES_MAX },
)

describe('merging the node lists of two devices', () => {
  test('keeps of each node the entry it renewed last, in the order of PeerIds', () => {
    const ours = [node(3, NOW_MS - 5), node(1, NOW_MS), node(0, NOW_MS - 1)]
    const other = [node(3, NOW_MS - 4), node(0, NOW_MS - 2), node(2, NOW_MS)]
    const merged = mergeNodes(ours, other, peerIds[1] ?? '', NOW_MS)
    assert.deepEqual(merged, [node(0, NOW_MS - 1), node(1, NOW_MS), node(2, NOW_MS), node(3, NOW_MS - 4)])
  })

  test('keeps this node’s own entry whatever another device says of it, and however old it is', () => {
    const self = node(1, NOW_MS - NODE_ENTRY_LIFETIME_MS)
    assert.deepEqual(mergeNodes([self], [node(1, NOW_MS, 9)], self.peerId, NOW_MS), [self])
    assert.deepEqual(mergeNodes([], [self], self.peerId, NOW_MS), [])
  })

  test('drops nodes that did not renew their entry for 30 days, and entries from the future', () => {
    for (const [updatedMs, kept] of [
      [NOW_MS - NODE_ENTRY_LIFETIME_MS, false],
      [NOW_MS - NODE_ENTRY_LIFETIME_MS + 1, true],
      [NOW_MS + RECORD_CLOCK_SKEW_MS, true],
      [NOW_MS + RECORD_CLOCK_SKEW_MS + 1, false],
    ] as const) {
      assert.equal(mergeNodes([], [node(2, updatedMs)], '', NOW_MS).length, Number(kept))
    }
  })

  test('keeps this node and those renewed last when there are more than 16', () => {
    const ours = Array.from({ length: 16 }, (_, i) => node(i, NOW_MS - 100 + i))
    const other = Array.from({ length: 16 }, (_, i) => node(16 + i, NOW_MS - 50 + i))
    const merged = mergeNodes(ours, other, peerIds[0] ?? '', NOW_MS)
    assert.deepEqual(merged, [node(0, NOW_MS - 100), ...other.slice(1)])
  })

  test('comes to the same list on either side, and merging again changes nothing', () => {
    fc.assert(
      fc.property(entries, entries, (a, b) => {
        const merged = mergeNodes(a, b, '', NOW_MS)
        assert.deepEqual(mergeNodes(b, a, '', NOW_MS), merged)
        assert.deepEqual(mergeNodes(merged, a, '', NOW_MS), merged)
        assert.ok(merged.length <= RECORD_NODES_MAX)
      }),
    )
  })
})
