import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BoundedMap } from '../../../src/util/bounded-map.ts'

describe('a bounded map', () => {
  it('lets the entry that was set longest ago give way, and tells of it', () => {
    const evicted: [string, number][] = []
    const map = new BoundedMap<string, number>({ maxEntries: 2, onEvicted: (key, value) => evicted.push([key, value]) })
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 3)
    map.set('c', 4)
    assert.deepEqual(evicted, [['b', 2]])
    assert.deepEqual([...map.keys()], ['a', 'c'])
    assert.deepEqual([...map.values()], [3, 4])
  })

  it('forgets what is deleted without telling', () => {
    const evicted: string[] = []
    const map = new BoundedMap<string, number>({ maxEntries: 2, onEvicted: (key) => evicted.push(key) })
    map.set('a', 1)
    assert.equal(map.delete('a'), true)
    assert.equal(map.delete('a'), false)
    map.set('b', 2)
    map.clear()
    assert.equal(map.size, 0)
    assert.deepEqual(evicted, [])
  })

  it('never exceeds its bound and always has the newest entries', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat({ max: 12 }), { maxLength: 60 }), (bound, keys) => {
        const map = new BoundedMap<number, number>({ maxEntries: bound })
        const order: number[] = []
        for (const key of keys) {
          map.set(key, key)
          const at = order.indexOf(key)
          if (at >= 0) {
            order.splice(at, 1)
          }
          order.push(key)
        }
        assert.deepEqual([...map.keys()], order.slice(-bound))
      }),
    )
  })
})
