import { equals } from 'uint8arrays/equals'
import type { PrekeyPair } from '../sealing/open-letter.ts'
import { createPrekey, encodePrekey, type PrekeySecret, prekeyPair, publicPrekey } from '../sealing/prekey.ts'
import { planPrekeys } from '../sealing/prekey-plan.ts'
import type { XWing } from '../sealing/xwing.ts'
import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import type { Reader, Row, Store, Transaction } from '../system/store.ts'
import { toHex } from '../util/bytes.ts'
import { prekeysTable } from './tables/letter-keys.ts'

export interface PrekeyComponents {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly random: Random
  readonly store: Pick<Store, 'read'>
  readonly kem: XWing
}

type PrekeyTableRow = Row<typeof prekeysTable>

/** The prekeys that the record of one account publishes for this node, and the private halves that still exist. */
export class Prekeys {
  readonly #components: PrekeyComponents
  readonly #account: string
  /** Ready to open letters, by id; at most PREKEYS_KEPT_MAX, and none whose row is gone. */
  #pairs = new Map<string, PrekeyPair>()
  #published: Uint8Array | undefined

  constructor(components: PrekeyComponents, account: string) {
    this.#components = components
    this.#account = account
  }

  /** The current one, encoded for the record; undefined before the first `load`. */
  get published(): Uint8Array | undefined {
    return this.#published
  }

  /** Makes, replaces and destroys what is due. */
  renew(transaction: Transaction, collectedMs: number | undefined): void {
    const { clock, random } = this.#components
    const nowMs = clock.wallMs()
    const rows = this.#rows(transaction)
    const prekeys = rows.map((row) => ({
      ...secretOf(row),
      ...(row.replaced_ms !== null && { replacedMs: row.replaced_ms }),
    }))
    const plan = planPrekeys({ prekeys, ...(collectedMs !== undefined && { collectedMs }) }, nowMs)
    for (const row of rows) {
      if (plan.replace.some((id) => equals(id, row.prekey_id))) {
        transaction.put(prekeysTable, { ...row, replaced_ms: nowMs })
      }
    }
    if (plan.create) {
      const { id, seed, createdMs } = createPrekey(random, nowMs)
      const row = { account: this.#account, prekey_id: id, seed, created_ms: createdMs, replaced_ms: null }
      transaction.put(prekeysTable, row)
    }
    for (const id of plan.destroy) {
      transaction.delete(prekeysTable, [this.#account, id])
    }
  }

  /** Takes over what `renew` left, once that is on disk; true if there is another one to publish. */
  load(): boolean {
    const current = this.#rows(this.#components.store.read).find((row) => row.replaced_ms === null)
    const published = current && encodePrekey(publicPrekey(secretOf(current), this.#components.kem))
    const changed = published !== undefined && !(this.#published !== undefined && equals(published, this.#published))
    this.#published = published
    this.pairs()
    return changed
  }

  /** Every key pair that still exists, the current one first. */
  pairs(): readonly PrekeyPair[] {
    const rows = this.#rows(this.#components.store.read).sort((a, b) => b.created_ms - a.created_ms)
    const known = this.#pairs
    this.#pairs = new Map(
      rows.map((row) => {
        const id = toHex(row.prekey_id)
        return [id, known.get(id) ?? prekeyPair(secretOf(row), this.#components.kem)]
      }),
    )
    return [...this.#pairs.values()]
  }

  #rows(reader: Reader): PrekeyTableRow[] {
    return reader.list(prekeysTable, { prefix: [this.#account] })
  }
}

function secretOf(row: PrekeyTableRow): PrekeySecret {
  return { id: row.prekey_id, seed: row.seed, createdMs: row.created_ms }
}
