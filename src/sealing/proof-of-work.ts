import { hash } from 'node:crypto'
import { concat } from 'uint8arrays/concat'
import { assert } from '../util/assert.ts'
import { fromHex, toUtf8 } from '../util/bytes.ts'

/** Zero bits asked for when a custodian says nothing else; expected cost 2^20 hashes. *ours* */
export const WORK_DIFFICULTY_DEFAULT_BITS = 20
/** A sender does not work on more than this, about 10 s: a custodian must not be able to keep it busy. *ours* */
export const WORK_DIFFICULTY_MAX_BITS = 24
/** Hashes of one step, a few ms: the event loop is not held up for longer. *ours* */
export const WORK_STEP_MAX_HASHES = 8192
export const WORK_NONCE_BYTES = 8

const CHALLENGE_PREFIX = toUtf8('kabber-letter-work:')
const MAILBOX_KEY_BYTES = 32
const LETTER_ID_BYTES = 32

/** One letter for one mailbox: what a proof is for. The same for all custodians, so one proof serves at all of them. */
export interface WorkTarget {
  /** That day's mailbox key, 32 bytes. */
  readonly mailbox: Uint8Array
  /** 32 bytes. */
  readonly letterId: Uint8Array
}

/**
 * Searches a nonce whose SHA-256 with the target's begins with `difficultyBits` zero bits (Hashcash, Back 2002). Call
 * `step` from time to time until it gives the nonce.
 */
export class ProofOfWork {
  readonly #input: Uint8Array
  readonly #nonce: DataView
  readonly #difficultyBits: number
  #low = 0
  #high = 0

  constructor(target: WorkTarget, difficultyBits: number) {
    assert(
      Number.isInteger(difficultyBits) && difficultyBits >= 0 && difficultyBits <= WORK_DIFFICULTY_MAX_BITS,
      `a proof of work has 0 to ${WORK_DIFFICULTY_MAX_BITS} bits`,
    )
    this.#input = workInput(target, new Uint8Array(WORK_NONCE_BYTES))
    this.#nonce = new DataView(this.#input.buffer, this.#input.length - WORK_NONCE_BYTES)
    this.#difficultyBits = difficultyBits
  }

  /** Tries at most so many nonces (at most 8,192, the default); the 8 bytes found, undefined when to be called again. */
  step(hashes: number = WORK_STEP_MAX_HASHES): Uint8Array | undefined {
    assert(hashes <= WORK_STEP_MAX_HASHES, `at most ${WORK_STEP_MAX_HASHES} hashes a step`)
    for (let tried = 0; tried < hashes; tried++) {
      this.#nonce.setUint32(0, this.#high)
      this.#nonce.setUint32(4, this.#low)
      if (zeroBits(this.#input) >= this.#difficultyBits) {
        return this.#input.slice(-WORK_NONCE_BYTES)
      }
      this.#low = (this.#low + 1) >>> 0
      this.#high = this.#low === 0 ? this.#high + 1 : this.#high
    }
    return undefined
  }
}

/** Whether a nonce proves the work for this letter; false, never an exception, for one of a wrong length. */
export function verifyWork(target: WorkTarget, nonce: Uint8Array, difficultyBits: number): boolean {
  return nonce.length === WORK_NONCE_BYTES && zeroBits(workInput(target, nonce)) >= difficultyBits
}

function workInput({ mailbox, letterId }: WorkTarget, nonce: Uint8Array): Uint8Array {
  assert(mailbox.length === MAILBOX_KEY_BYTES && letterId.length === LETTER_ID_BYTES, 'key and id have 32 bytes each')
  const challenge = fromHex(hash('sha256', concat([CHALLENGE_PREFIX, mailbox, letterId]), 'hex'))
  return new Uint8Array(concat([challenge, nonce]))
}

/** Leading zero bits of the SHA-256, of the first 32: more is never asked for. */
function zeroBits(input: Uint8Array): number {
  return Math.clz32(Number.parseInt(hash('sha256', input, 'hex').slice(0, 8), 16))
}
