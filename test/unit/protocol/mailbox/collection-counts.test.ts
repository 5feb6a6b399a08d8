import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CollectionCounts } from '../../../../src/protocol/mailbox/collection-counts.ts'
import { COLLECTIONS_MAX, FOLLOWS_MAX, FOLLOWS_MAX_PER_PEER } from '../../../../src/protocol/mailbox/protocol.ts'

describe('the collections a custodian serves', () => {
  it('are bounded in all', () => {
    const counts = new CollectionCounts()
    for (let i = 0; i < COLLECTIONS_MAX; i++) {
      assert.ok(counts.enter(`peer ${i}`, false))
    }
    assert.ok(!counts.enter('one more', false))
    counts.leave('peer 1', false)
    assert.ok(counts.enter('one more', false))
  })

  it('that follow are bounded a peer and in all, and leave room for others', () => {
    const counts = new CollectionCounts()
    for (let i = 0; i < FOLLOWS_MAX; i++) {
      assert.ok(counts.enter(`peer ${Math.floor(i / FOLLOWS_MAX_PER_PEER)}`, true))
    }
    assert.ok(!counts.enter('late', true))
    assert.ok(counts.enter('late', false))
    assert.ok(!counts.enter('peer 0', true))
    counts.leave('peer 0', true)
    assert.ok(counts.enter('peer 0', true))
    for (let i = 0; i < FOLLOWS_MAX; i++) {
      counts.leave(`peer ${Math.floor(i / FOLLOWS_MAX_PER_PEER)}`, true)
    }
    assert.deepEqual([counts.follows, counts.collections], [0, 1])
  })
})
