import { RECORD_CLOCK_SKEW_MS } from '../identity/account-record.ts'
import type { Prekey } from '../sealing/prekey.ts'
import {
  isSingleUseValid,
  SINGLE_USE_PER_CONTACT_MAX,
  SINGLE_USE_VALIDITY_MS,
  type SingleUseBundle,
} from '../sealing/single-use-prekey.ts'
import type { Clock } from '../system/clock.ts'
import type { Reader, Row, Transaction } from '../system/store.ts'
import { contactNodesTable, contactPrekeysTable } from './tables/letter-keys.ts'

/** Nodes of a contact whose single-use prekeys are kept, 20 KB each: as many as have new ones most often. *ours* */
const CONTACT_NODES_MAX = 4

/** An account served here and one of its contacts, bare JIDs. */
export interface Acquaintance {
  readonly account: string
  readonly contact: string
}

/**
 * The part of all prekeys that is this node's to use: `index` of `count` nodes of the sender's account, each of which may
 * have been handed the same.
 */
export interface PrekeyShare {
  readonly index: number
  readonly count: number
}

/** The single-use prekeys of contacts' nodes, to seal letters with. */
export class ContactPrekeys {
  readonly #clock: Pick<Clock, 'wallMs'>

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock
  }

  /** Adds what a node of a contact handed over, unless that is old, or dated so far ahead that nothing follows from it. */
  add(transaction: Transaction, of: Acquaintance, bundle: SingleUseBundle, issuedMs: number): void {
    const nowMs = this.#clock.wallMs()
    const aheadMs = nowMs + RECORD_CLOCK_SKEW_MS
    const { peerId } = bundle
    const known = transaction.get(contactNodesTable, [of.account, of.contact, peerId])
    // An older one may hold prekeys that were used meanwhile.
    const isOld = known !== undefined && issuedMs <= known.issued_ms && known.issued_ms <= aheadMs
    if (isOld || issuedMs > aheadMs) {
      return
    }
    transaction.put(contactNodesTable, { ...of, peer_id: peerId, issued_ms: issuedMs })
    for (const prekey of bundle.prekeys) {
      if (prekey.createdMs <= aheadMs && isSingleUseValid(prekey, nowMs)) {
        const { id, publicKey, createdMs } = prekey
        const row = { ...of, peer_id: peerId, prekey_id: id, public_key: publicKey, created_ms: createdMs }
        transaction.put(contactPrekeysTable, row)
      }
    }
    this.#keepNewest(transaction, of, peerId)
  }

  /** Takes one prekey, of those that are this node's share, of each of these nodes that has one. */
  take(
    transaction: Transaction,
    of: Acquaintance,
    peerIds: readonly string[],
    share: PrekeyShare,
  ): ReadonlyMap<string, Prekey> {
    const nowMs = this.#clock.wallMs()
    const taken = new Map<string, Prekey>()
    for (const peerId of peerIds) {
      const valid = rowsOf(transaction, of, peerId).filter(
        (row) =>
          isSingleUseValid({ createdMs: row.created_ms }, nowMs) &&
          (row.prekey_id[0] ?? 0) % share.count === share.index,
      )
      const [oldest] = valid.sort((a, b) => a.created_ms - b.created_ms)
      if (oldest !== undefined) {
        deleteRow(transaction, oldest)
        const { prekey_id: id, public_key: publicKey, created_ms: createdMs } = oldest
        taken.set(peerId, { id, publicKey, createdMs })
      }
    }
    return taken
  }

  forget(transaction: Transaction, { account, contact }: Acquaintance): void {
    transaction.deleteRange(contactPrekeysTable, { prefix: [account, contact] })
    transaction.deleteRange(contactNodesTable, { prefix: [account, contact] })
  }

  /** Deletes at most `limit` that may not be used any more; how many it were. */
  expire(transaction: Transaction, limit: number): number {
    const to = this.#clock.wallMs() - SINGLE_USE_VALIDITY_MS
    const rows = transaction.list(contactPrekeysTable, { index: 'by_age', to, limit })
    for (const row of rows) {
      deleteRow(transaction, row)
    }
    return rows.length
  }

  #keepNewest(transaction: Transaction, of: Acquaintance, peerId: string): void {
    const rows = rowsOf(transaction, of, peerId).sort((a, b) => b.created_ms - a.created_ms)
    for (const row of rows.slice(SINGLE_USE_PER_CONTACT_MAX)) {
      deleteRow(transaction, row)
    }
    const nodes = transaction.list(contactNodesTable, { prefix: [of.account, of.contact] })
    for (const node of nodes.sort((a, b) => b.issued_ms - a.issued_ms).slice(CONTACT_NODES_MAX)) {
      transaction.delete(contactNodesTable, [of.account, of.contact, node.peer_id])
      transaction.deleteRange(contactPrekeysTable, { prefix: [of.account, of.contact, node.peer_id] })
    }
  }
}

function rowsOf(reader: Reader, { account, contact }: Acquaintance, peerId: string): Row<typeof contactPrekeysTable>[] {
  return reader.list(contactPrekeysTable, { prefix: [account, contact, peerId] })
}

function deleteRow(transaction: Transaction, row: Row<typeof contactPrekeysTable>): void {
  transaction.delete(contactPrekeysTable, [row.account, row.contact, row.peer_id, row.prekey_id])
}
