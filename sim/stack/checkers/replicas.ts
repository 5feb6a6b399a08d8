import { letterBytesTable, lettersTable, tombstonesTable } from '../../../src/node/tables/letters.ts'
import { STORED_MIN_RECEIPTS } from '../../../src/protocol/mailbox/letter-limits.ts'
import type { NodeHome } from '../node-home.ts'
import type { ViolationLog } from '../violation-log.ts'

/** Live copies of the letters that nobody has collected yet; NaN: there are none. */
export interface ReplicaCount {
  readonly letters: number
  readonly mean: number
  readonly least: number
}

/** Letters remembered as not yet collected; above, the oldest are no longer followed. */
const MAX_FOLLOWED = 100_000

/** Counts the copies of every letter that some custodian once had, until one has its acknowledgement or it expires. */
export class Replicas {
  /** By letter id in hex: when it expires, wall clock. */
  readonly #followed = new Map<string, number>()
  readonly #violations: ViolationLog
  readonly #reported = new Set<string>()

  constructor(violations: ViolationLog) {
    this.#violations = violations
  }

  /**
   * Counts, and finds letters with too few copies: of those for which so many living custodians have signed, at least as
   * many copies are there, or as many as make a letter count as stored.
   */
  count(homes: readonly NodeHome[], wallMs: number, signers: ReadonlyMap<string, number>): ReplicaCount {
    const copies = new Map<string, number>()
    const collected = new Set<string>()
    for (const home of homes) {
      const read = home.isUp ? home.running?.store.read : undefined
      for (const row of read?.list(lettersTable) ?? []) {
        const id = hex(row.letter_id)
        const isWhole = read?.get(letterBytesTable, [row.arrival]) !== undefined
        copies.set(id, (copies.get(id) ?? 0) + (isWhole ? 1 : 0))
        this.#followed.set(id, row.expires_ms)
      }
      for (const row of read?.list(tombstonesTable) ?? []) {
        collected.add(hex(row.letter_id))
      }
    }
    let [letters, sum, least] = [0, 0, Number.POSITIVE_INFINITY]
    for (const [id, expiresMs] of this.#followed) {
      if (collected.has(id) || expiresMs <= wallMs) {
        this.#followed.delete(id)
        this.#reported.delete(id)
        continue
      }
      const live = copies.get(id) ?? 0
      const wanted = Math.min(STORED_MIN_RECEIPTS, signers.get(id) ?? 0)
      if (live < wanted && !this.#reported.has(id)) {
        this.#reported.add(id)
        this.#violations.add(
          'replicas-kept',
          `letter ${id}: ${live} copies, ${wanted} are promised by living custodians`,
        )
      }
      letters += 1
      sum += live
      least = Math.min(least, live)
    }
    this.#bound()
    return { letters, mean: sum / letters, least: letters === 0 ? Number.NaN : least }
  }

  #bound(): void {
    for (const id of this.#followed.keys()) {
      if (this.#followed.size <= MAX_FOLLOWED) {
        return
      }
      this.#followed.delete(id)
    }
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
