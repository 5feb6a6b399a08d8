import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import fc from 'fast-check'
import { compare } from 'uint8arrays/compare'
import { xor } from 'uint8arrays/xor'
import { nearestEntries } from '../../../src/os/libp2p-nearest-entries.ts'
import { peerIdFromSeed } from '../../support/peer-ids.ts'

const peers: readonly PeerId[] = Array.from({ length: 12 }, (_, index) =>
  peerIdFromString(peerIdFromSeed(new Uint8Array(32).fill(index))),
)

test('the entries nearest to a key come in the order of their distance, without those that are excluded', () => {
  // Few different bytes, so that distances agree in their first bytes often.
  const place = fc.uint8Array({ minLength: 32, maxLength: 32, max: 1 })
  fc.assert(
    fc.property(fc.array(place, { maxLength: 12 }), place, fc.integer({ min: 1, max: 12 }), (places, target, count) => {
      const entries = places.map((kadId, index) => ({ peerId: peers[index]!, kadId }))
      const found = nearestEntries(entries, target, { count, exclude: [peers[0]!] })
      const distances = entries
        .filter(({ peerId }) => peerId !== peers[0])
        .map(({ kadId }) => xor(kadId, target))
        .sort(compare)
      assert.deepEqual(
        found.map((peerId) => xor(entries.find((entry) => entry.peerId === peerId)!.kadId, target)),
        distances.slice(0, count),
      )
    }),
  )
})
