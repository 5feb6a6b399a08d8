import { ProofOfWork, type WorkTarget } from '../sealing/proof-of-work.ts'
import type { Clock } from '../system/clock.ts'
import { Gate } from '../util/gate.ts'

/** Hashes between two turns of the event loop: some 4 ms. *ours* */
const STEP_HASHES = 4_096
/** Proofs that wait for their turn; as many as letters are under way. *ours* */
const PROOFS_WAITING_MAX = 256

/** Finds proofs of work, one at a time and in small steps, so that the node stays responsive. */
export class ProofWork {
  readonly #clock: Pick<Clock, 'sleep'>
  readonly #gate = new Gate({ maxInside: 1, maxWaiting: PROOFS_WAITING_MAX })

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock
  }

  /** A nonce that proves `bits`; `undefined` when too many proofs wait. Rejects with the signal's reason. */
  async find(target: WorkTarget, bits: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const leave = await this.#gate.enter(signal)
    if (leave === undefined) {
      return undefined
    }
    try {
      const work = new ProofOfWork(target, bits)
      for (;;) {
        const nonce = work.step(STEP_HASHES)
        if (nonce !== undefined) {
          return nonce
        }
        await this.#clock.sleep(0, signal)
      }
    } finally {
      leave()
    }
  }
}
