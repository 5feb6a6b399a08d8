import { verifyWork, type WorkTarget } from '../../sealing/proof-of-work.ts'
import { PROOF_MAX_BITS, PROOF_MIN_BITS } from './letter-limits.ts'

/** Leading zero bits that a nonce proves for a letter: 0 below PROOF_MIN_BITS, at most PROOF_MAX_BITS. */
export function provenBits(target: WorkTarget, nonce: Uint8Array): number {
  let bits = PROOF_MIN_BITS - 1
  while (bits < PROOF_MAX_BITS && verifyWork(target, nonce, bits + 1)) {
    bits++
  }
  return bits < PROOF_MIN_BITS ? 0 : bits
}
