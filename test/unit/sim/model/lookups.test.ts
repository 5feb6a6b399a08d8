import assert from 'node:assert/strict'
import { test } from 'node:test'
import { greedyHops } from '../../../../sim/model/greedy-route.ts'
import { Stream } from '../../../../sim/model/stream.ts'
import { KAD_K } from '../../../../src/util/kad-limits.ts'
import { nodeClass, quietScenario, smallWorld } from './small-world.ts'

/** H_k of Cai and Devroye. */
const HARMONIC = Array.from({ length: KAD_K }, (_, i) => 1 / (i + 1)).reduce((sum, part) => sum + part, 0)

for (const nodes of [1_000, 10_000, 100_000]) {
  test(`routes through ${nodes} nodes have ln N / H_k steps within 8 % (R1)`, () => {
    const { world, tables } = smallWorld(quietScenario(nodes))
    const stream = new Stream(1, 'routes')
    const routes = 1_000
    let hops = 0
    for (let route = 0; route < routes; route++) {
      hops += greedyHops(world, tables, stream.uniform(nodes), { high: stream.bits(), low: stream.bits() }, 0)
    }
    const ratio = hops / routes / (Math.log(nodes) / HARMONIC)
    assert.ok(ratio > 0.92 && ratio < 1.08, `${ratio}`)
  })
}

test('a lookup in a quiet network finds exactly the k closest', () => {
  const { world, lookUp } = smallWorld(quietScenario(3_000))
  const stream = new Stream(1, 'places')
  for (let round = 0; round < 50; round++) {
    const place = { high: stream.bits(), low: stream.bits() }
    const source = stream.uniform(3_000)
    const { nodes, hops } = lookUp(source, place)
    assert.deepEqual(
      nodes,
      world.ids.closest(place, KAD_K, (node) => node !== source),
    )
    assert.ok(hops >= 1 && hops <= 5)
  }
})

test('a lookup passes over the dead, and waits for them', () => {
  const { world, lookUp } = smallWorld(quietScenario(200))
  const place = { high: 77, low: 77 }
  const quick = lookUp(0, place)
  for (const node of quick.nodes.slice(0, 3)) {
    world.go(node, 1_000)
  }
  const slow = lookUp(0, place)
  assert.ok(slow.tookMs >= 1_500)
  assert.deepEqual(
    slow.nodes,
    world.ids.closest(place, KAD_K, (node) => node !== 0 && world.up[node] === 1),
  )
})

test('nobody behind a NAT is reached by another one behind a NAT, and everybody reaches the open', () => {
  const { world, paths } = smallWorld(
    quietScenario(100, { classes: [nodeClass('open', 0.5), nodeClass('home', 0.5, true)] }),
  )
  for (let from = 0; from < world.size; from++) {
    for (let to = 0; to < world.size; to++) {
      const isReached = paths.reach(from, to) !== 'none'
      assert.equal(paths.reaches(from, to), isReached)
      if (world.hidden[to] === 0) {
        assert.ok(isReached)
      } else if (world.hidden[from] === 1) {
        assert.ok(!isReached)
      }
    }
  }
})

test('across a partition nobody is reached', () => {
  const { world, paths } = smallWorld(quietScenario(50))
  world.side[7] = 1
  assert.equal(paths.reach(7, 8), 'none')
  assert.equal(paths.reach(8, 7), 'none')
  assert.notEqual(paths.reach(8, 9), 'none')
})
