import type { PrekeyPair } from '../sealing/open-letter.ts'
import { createPrekey, type Prekey, type PrekeySecret, prekeyPair, publicPrekey } from '../sealing/prekey.ts'
import { planSingleUse, SINGLE_USE_KEPT_MS } from '../sealing/single-use-prekey.ts'
import type { Row, Transaction } from '../system/store.ts'
import type { PrekeyComponents } from './prekeys.ts'
import { singleUsePrekeysTable } from './tables/letter-keys.ts'

/** The private halves of the single-use prekeys that this node gave to contacts. */
export class SingleUsePrekeys {
  readonly #components: PrekeyComponents

  constructor(components: PrekeyComponents) {
    this.#components = components
  }

  /** Ready to open a letter; undefined if it was used, has expired or never existed. */
  find(account: string, id: Uint8Array): PrekeyPair | undefined {
    const row = this.#components.store.read.get(singleUsePrekeysTable, [account, id])
    return row && prekeyPair(secretOf(row), this.#components.kem)
  }

  /** Destroys one that was used. */
  destroy(transaction: Transaction, account: string, id: Uint8Array): void {
    transaction.delete(singleUsePrekeysTable, [account, id])
  }

  /** New ones for a contact, if it has few left; their public halves are to be handed over. */
  refill(transaction: Transaction, account: string, contact: string): readonly Prekey[] {
    const { clock, random, kem } = this.#components
    const nowMs = clock.wallMs()
    const rows = transaction.list(singleUsePrekeysTable, { index: 'by_contact', prefix: [account, contact] })
    const plan = planSingleUse(rows.map(secretOf), nowMs)
    for (const id of plan.destroy) {
      this.destroy(transaction, account, id)
    }
    return Array.from({ length: plan.create }, () => {
      const secret = createPrekey(random, nowMs)
      const { id, seed, createdMs } = secret
      transaction.put(singleUsePrekeysTable, { account, prekey_id: id, contact, seed, created_ms: createdMs })
      return publicPrekey(secret, kem)
    })
  }

  /** Destroys all that a contact has. */
  forget(transaction: Transaction, account: string, contact: string): void {
    transaction.deleteRange(singleUsePrekeysTable, { index: 'by_contact', prefix: [account, contact] })
  }

  /** Destroys at most `limit` that nobody used in time; how many it were. */
  expire(transaction: Transaction, limit: number): number {
    const to = this.#components.clock.wallMs() - SINGLE_USE_KEPT_MS
    const rows = transaction.list(singleUsePrekeysTable, { index: 'by_age', to, limit })
    for (const row of rows) {
      this.destroy(transaction, row.account, row.prekey_id)
    }
    return rows.length
  }
}

function secretOf(row: Row<typeof singleUsePrekeysTable>): PrekeySecret {
  return { id: row.prekey_id, seed: row.seed, createdMs: row.created_ms }
}
