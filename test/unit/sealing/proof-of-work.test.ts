import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import {
  ProofOfWork,
  verifyWork,
  WORK_DIFFICULTY_MAX_BITS,
  WORK_STEP_MAX_HASHES,
  type WorkTarget,
} from '../../../src/sealing/proof-of-work.ts'
import { AssertionError } from '../../../src/util/assert.ts'

const random = new SeededRandom('work')
const target: WorkTarget = { mailbox: random.bytes(32), letterId: random.bytes(32) }

function search(of: WorkTarget, difficultyBits: number, hashes?: number): { nonce: Uint8Array; steps: number } {
  const work = new ProofOfWork(of, difficultyBits)
  for (let steps = 1; ; steps++) {
    const nonce = work.step(hashes)
    if (nonce !== undefined) {
      return { nonce, steps }
    }
  }
}

describe('proof of work', () => {
  for (const difficultyBits of [0, 1, 7, 8, 12]) {
    test(`of ${difficultyBits} bits is found and verified`, () => {
      const { nonce } = search(target, difficultyBits)
      assert.equal(verifyWork(target, nonce, difficultyBits), true)
    })
  }

  test('serves for one letter in one mailbox only', () => {
    const { nonce } = search(target, 16)
    assert.equal(verifyWork({ ...target, letterId: random.bytes(32) }, nonce, 16), false)
    assert.equal(verifyWork({ ...target, mailbox: random.bytes(32) }, nonce, 16), false)
  })

  test('of less than what is asked for is refused', () => {
    const { nonce } = search(target, 10)
    assert.equal(verifyWork(target, nonce, 31), false)
  })

  test('is found in the same place however small the steps', () => {
    const { nonce, steps } = search(target, 12, 10)
    assert.deepEqual(search(target, 12).nonce, nonce)
    assert.ok(steps > 1)
  })

  test('stops after the hashes it was given', () => {
    assert.equal(new ProofOfWork(target, WORK_DIFFICULTY_MAX_BITS).step(0), undefined)
    assert.equal(new ProofOfWork(target, WORK_DIFFICULTY_MAX_BITS).step(5), undefined)
  })

  test('with a nonce of a wrong length is false, not an exception', () => {
    for (const length of [0, 7, 9, 64]) {
      assert.equal(verifyWork(target, new Uint8Array(length), 0), false)
    }
  })

  test('is not begun for more bits or in larger steps than the limits', () => {
    assert.throws(() => new ProofOfWork(target, WORK_DIFFICULTY_MAX_BITS + 1), AssertionError)
    assert.throws(() => new ProofOfWork(target, 8).step(WORK_STEP_MAX_HASHES + 1), AssertionError)
  })
})
