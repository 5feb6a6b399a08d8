import { kadIdOfPeer } from '../../../src/identity/kad-id.ts'
import { NodeKey } from '../../../src/identity/node-key.ts'
import { compareDistance } from '../../../src/protocol/mailbox/placement.ts'
import type { SeededRandom } from '../../system/seeded-random.ts'

/** Keys tried for each honest node: one is as likely nearest as another, so e^-64 of all searches end without one. */
const TRIES_PER_NODE = 64
const SEED_BYTES = 32

/**
 * A node key whose Kademlia id is nearer to `target` (a Kademlia id) than those of all `others`, found as an adversary
 * finds it: by making keys until one fits. Costs about 0.1 ms for each of the others.
 */
export function closeKey(target: Uint8Array, others: readonly Uint8Array[], random: SeededRandom): NodeKey {
  const toBeat = others.reduce<Uint8Array | undefined>((nearest, id) => nearerOf(target, nearest, id), undefined)
  let best: { readonly key: NodeKey; readonly id: Uint8Array } | undefined
  for (let tries = 0; tries <= TRIES_PER_NODE * others.length; tries++) {
    const key = NodeKey.fromSeed(random.bytes(SEED_BYTES))
    const id = kadIdOfPeer(key.peerId)
    if (best === undefined || compareDistance(target, id, best.id) < 0) {
      best = { key, id }
    }
    if (toBeat === undefined || compareDistance(target, id, toBeat) < 0) {
      break
    }
  }
  return (best as { readonly key: NodeKey }).key
}

function nearerOf(target: Uint8Array, one: Uint8Array | undefined, other: Uint8Array): Uint8Array {
  return one === undefined || compareDistance(target, other, one) < 0 ? other : one
}
