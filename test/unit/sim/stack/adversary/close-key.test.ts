import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closeKey } from '../../../../../sim/stack/adversary/close-key.ts'
import { SeededRandom } from '../../../../../sim/system/seeded-random.ts'
import { kadId, kadIdOfPeer } from '../../../../../src/identity/kad-id.ts'
import { NodeKey } from '../../../../../src/identity/node-key.ts'
import { compareDistance } from '../../../../../src/protocol/mailbox/placement.ts'

const target = kadId(new TextEncoder().encode('a mailbox'))
const random = new SeededRandom(1)
const honest = Array.from({ length: 100 }, (_, node) => {
  return kadIdOfPeer(NodeKey.fromSeed(random.fork(`node/${node}`).bytes(32)).peerId)
})

test('a ground key is nearer to its target than a hundred honest nodes, and its seed gives its peer id', () => {
  for (const name of ['one', 'two', 'three']) {
    const key = closeKey(target, honest, random.fork(name))
    const id = kadIdOfPeer(key.peerId)
    assert.ok(honest.every((other) => compareDistance(target, id, other) < 0))
    assert.equal(NodeKey.fromSeed(key.seed).peerId, key.peerId)
  }
})

test('the same stream grinds the same key; where nobody is, any key is near enough', () => {
  assert.equal(closeKey(target, honest, random.fork('x')).peerId, closeKey(target, honest, random.fork('x')).peerId)
  const first = NodeKey.fromSeed(random.fork('alone').bytes(32))
  assert.equal(closeKey(target, [], random.fork('alone')).peerId, first.peerId)
})
