import type { AccountKey } from '../identity/account-key.ts'
import { dayOf } from '../identity/mailbox-key.ts'
import { issuePermits, PERMIT_DAYS_MAX, type Permit, type PermitBundle } from '../identity/permit.ts'
import type { Prekey } from '../sealing/prekey.ts'
import type { Reader, Row, Transaction } from '../system/store.ts'
import { ContactPermits } from './contact-permits.ts'
import { type Acquaintance, ContactPrekeys, type PrekeyShare } from './contact-prekeys.ts'
import { readHandedKeys, writeHandedKeys } from './handed-keys.ts'
import type { PrekeyComponents } from './prekeys.ts'
import type { SingleUsePrekeys } from './single-use-prekeys.ts'
import { contactKeysTable } from './tables/letter-keys.ts'

/** With permits for fewer days than this ahead a contact gets new ones. *ours* */
const PERMITS_RENEWED_BELOW_DAYS = 7
/** The first permit is for yesterday: the contact's clock may be behind. */
const PERMITS_FROM_DAYS_AGO = 1
/**
 * Contacts of one account with whom keys are exchanged, 90 KB each at most; with those beyond it letters are sealed to
 * published prekeys and deposited with proof of work. *ours*
 */
const CONTACTS_WITH_KEYS_MAX = 10_000

export interface ContactKeysComponents extends PrekeyComponents {
  readonly singleUse: SingleUsePrekeys
}

/** What contacts hand each other for letters, in both directions. */
export class ContactKeys {
  readonly #components: ContactKeysComponents
  readonly #peerId: string
  readonly #prekeys: ContactPrekeys
  readonly #permits: ContactPermits

  constructor(components: ContactKeysComponents, peerId: string) {
    this.#components = components
    this.#peerId = peerId
    this.#prekeys = new ContactPrekeys(components.clock)
    this.#permits = new ContactPermits(components.clock)
  }

  /** The text of what a contact is to be given now, undefined if it has enough. It counts as given with this transaction. */
  handOver(transaction: Transaction, account: AccountKey, contact: string): string | undefined {
    const of = { account: account.address, contact }
    const row = rowOf(transaction, of)
    if (row === undefined) {
      return undefined
    }
    const prekeys = this.#components.singleUse.refill(transaction, account.address, contact)
    const permits = this.#duePermits(account, row.permits_through)
    if (prekeys.length === 0 && permits === undefined) {
      return undefined
    }
    const through = permits ? permits.fromDay + permits.permits.length - 1 : row.permits_through
    transaction.put(contactKeysTable, { ...of, permits_through: through })
    const singleUse = prekeys.length === 0 ? undefined : { peerId: this.#peerId, prekeys }
    return writeHandedKeys({ issuedMs: this.#components.clock.wallMs(), singleUse, permits })
  }

  /**
   * Keeps what a contact gave.
   *
   * @throws StanzaError `bad-request`
   */
  receive(transaction: Transaction, of: Acquaintance, text: string): void {
    const { issuedMs, singleUse, permits } = readHandedKeys(text)
    const row = rowOf(transaction, of)
    if (row === undefined) {
      return
    }
    transaction.put(contactKeysTable, row)
    if (singleUse !== undefined) {
      this.#prekeys.add(transaction, of, singleUse, issuedMs)
    }
    if (permits !== undefined) {
      this.#permits.add(transaction, of, permits)
    }
  }

  /** Takes a single-use prekey of each of these nodes that has one in this node's share. */
  take(
    transaction: Transaction,
    of: Acquaintance,
    peerIds: readonly string[],
    share: PrekeyShare,
  ): ReadonlyMap<string, Prekey> {
    return this.#prekeys.take(transaction, of, peerIds, share)
  }

  /** The contact's permit for a day, as it came. */
  permit(reader: Reader, of: Acquaintance, day: number): Permit | undefined {
    return this.#permits.ofDay(reader, of, day)
  }

  /** Whether the two have exchanged keys. */
  has(reader: Reader, of: Acquaintance): boolean {
    return reader.get(contactKeysTable, [of.account, of.contact]) !== undefined
  }

  forget(transaction: Transaction, of: Acquaintance): void {
    this.#components.singleUse.forget(transaction, of.account, of.contact)
    this.#prekeys.forget(transaction, of)
    this.#permits.forget(transaction, of)
    transaction.delete(contactKeysTable, [of.account, of.contact])
  }

  /** Deletes at most so many rows of each kind that have expired; how many it were. */
  expire(transaction: Transaction, limit: number): number {
    const { singleUse } = this.#components
    return [singleUse, this.#prekeys, this.#permits].reduce((sum, kind) => sum + kind.expire(transaction, limit), 0)
  }

  #duePermits(account: AccountKey, through: number): PermitBundle | undefined {
    const { clock, random } = this.#components
    const today = dayOf(clock.wallMs())
    const left = through - today
    // More than were ever given are of a clock that was ahead.
    if (left >= PERMITS_RENEWED_BELOW_DAYS && left <= PERMIT_DAYS_MAX) {
      return undefined
    }
    const fromDay = Math.max(0, today - PERMITS_FROM_DAYS_AGO)
    return issuePermits(account, { fromDay, days: PERMIT_DAYS_MAX }, random)
  }
}

/** The contact's row, perhaps a new one that is to be put; undefined when there are too many contacts. */
function rowOf(transaction: Transaction, of: Acquaintance): Row<typeof contactKeysTable> | undefined {
  const known = transaction.get(contactKeysTable, [of.account, of.contact])
  if (known !== undefined) {
    return known
  }
  const count = transaction.count(contactKeysTable, { prefix: [of.account] })
  return count < CONTACTS_WITH_KEYS_MAX ? { ...of, permits_through: 0 } : undefined
}
