import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NearestList } from '../../../../sim/model/nearest-list.ts'

test('the nearest are kept in order, and what is farther than a full list does not enter', () => {
  const distance = fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 1_000_000 }))
  fc.assert(
    fc.property(fc.uniqueArray(distance, { selector: String, maxLength: 60 }), (distances) => {
      const list = new NearestList(20)
      distances.forEach(([high, low], node) => {
        list.add(high, low, node, node % 7)
      })
      const order = distances
        .map((pair, node) => ({ pair, node }))
        .sort((one, other) => one.pair[0] - other.pair[0] || one.pair[1] - other.pair[1])
        .slice(0, 20)
        .map(({ node }) => node)
      assert.deepEqual([...list.nodes.subarray(0, list.size)], order)
      assert.ok(order.every((node, at) => list.depths[at] === node % 7))
      if (order.length > 0) {
        list.shift()
        assert.deepEqual([...list.nodes.subarray(0, list.size)], order.slice(1))
      }
    }),
  )
})
