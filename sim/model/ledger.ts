import { DeliveryOrder } from '../results/delivery-order.ts'
import type { MessageRow, RunObserver, Violation } from '../results/results.ts'
import type { Letter } from './letters.ts'

/** Violations kept; further ones are counted. */
const VIOLATIONS_MAX = 1_000

/** What became of a message, as everybody who plays sees it and nobody in the play does. */
export interface Account {
  readonly id: number
  readonly from: number
  readonly to: number
  readonly sentMs: number
  storedMs: number | null
  deliveredMs: number | null
  way: 'direct' | 'letter' | 'none'
  failed: boolean
  /** The sender was told that the recipient has it. */
  confirmed: boolean
  /** The last letter in which it was sealed. */
  letter: Letter | undefined
  /** Its sender or recipient lost the disk, or never came back: it need not arrive. */
  excused: boolean
}

/** All messages of a run, and the checkers over them. */
export class Ledger {
  readonly #tell: RunObserver['trace']
  readonly accounts: Account[] = []
  readonly violations: Violation[] = []
  readonly order: DeliveryOrder = new DeliveryOrder()
  violationsCount = 0
  sent = 0
  stored = 0
  delivered = 0
  failed = 0
  deliveredTwice = 0
  lost = 0
  /** Of those that are neither delivered nor failed. */
  excused = 0

  constructor(tell: RunObserver['trace']) {
    this.#tell = tell
  }

  send(from: number, to: number, nowMs: number): Account {
    const account: Account = {
      id: this.accounts.length,
      from,
      to,
      sentMs: nowMs,
      storedMs: null,
      deliveredMs: null,
      way: 'none',
      failed: false,
      confirmed: false,
      letter: undefined,
      excused: false,
    }
    this.accounts.push(account)
    this.sent++
    this.#tell({ t_ms: Math.round(nowMs), kind: 'written', message: account.id, from, to })
    return account
  }

  /** Enough custodians have signed for it. */
  tellStored(account: Account, nowMs: number): void {
    if (account.storedMs === null) {
      account.storedMs = nowMs
      this.stored++
    }
  }

  /** It entered the recipient's archive; `isTwice`: where it was already. */
  arrive(account: Account, way: 'direct' | 'letter', isTwice: boolean, nowMs: number): void {
    if (isTwice) {
      this.deliveredTwice++
      this.violate('twice', `message ${account.id} entered the archive twice`, nowMs)
      return
    }
    if (account.deliveredMs === null) {
      account.deliveredMs = nowMs
      account.way = way
      this.delivered++
      const { id, from, to } = account
      this.#tell({ t_ms: Math.round(nowMs), kind: 'delivered', message: id, from, to, way })
      this.order.delivered(account)
      this.excused -= account.excused ? 1 : 0
      account.excused = false
      this.failed -= account.failed ? 1 : 0
      account.failed = false
    }
  }

  /** The sender was told that it arrived. */
  confirm(account: Account, nowMs: number): void {
    account.confirmed = true
    if (account.deliveredMs === null) {
      this.lose(account, 'acknowledged and not in the archive', nowMs)
    }
  }

  fail(account: Account): void {
    if (account.deliveredMs === null && !account.failed) {
      account.failed = true
      this.failed++
      this.excused -= account.excused ? 1 : 0
      account.excused = false
    }
  }

  /** Messages from and to this person that have not arrived by now need not. */
  excuse(person: number): void {
    for (const account of this.accounts) {
      const concerns = account.from === person || account.to === person
      if (concerns && account.deliveredMs === null && !account.failed && !account.excused) {
        account.excused = true
        this.excused++
      }
    }
  }

  lose(account: Account, why: string, nowMs: number): void {
    this.lost++
    this.violate('lost', `message ${account.id} from ${account.from} to ${account.to}: ${why}`, nowMs)
  }

  violate(checker: string, what: string, nowMs: number): void {
    this.violationsCount++
    if (this.violations.length < VIOLATIONS_MAX) {
      this.violations.push({ t_ms: nowMs, checker, what })
    }
  }

  rows(): MessageRow[] {
    return this.accounts.map(({ id, from, to, sentMs, storedMs, deliveredMs, way, failed }) => ({
      id,
      from,
      to,
      sent_ms: sentMs,
      stored_ms: storedMs,
      delivered_ms: deliveredMs,
      way,
      state: deliveredMs !== null ? 'delivered' : failed ? 'failed' : 'pending',
    }))
  }
}
