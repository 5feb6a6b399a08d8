import { type DepositRefusal, LETTER_RETENTION_MS } from '../../src/protocol/mailbox/letter-limits.ts'
import { initialQuotaState, type QuotaState } from '../../src/protocol/mailbox/quota-books.ts'
import { stepQuota } from '../../src/protocol/mailbox/quota-state.ts'
import { initialReplicationState, type ReplicationState } from '../../src/protocol/mailbox/replication-state.ts'
import type { Letter } from './letters.ts'

/** Somebody who is told of letters as they come. */
export interface Watch {
  /** Whose node it runs on. */
  readonly node: number
  take(letter: Letter): void
  /** The custodian is gone, which is noticed after so long. */
  gone(afterMs: number): void
}

/** What one custodian has of one mailbox. */
export interface Mailbox {
  readonly letters: Map<string, Letter>
  /** Acknowledged letters, and when they are forgotten. */
  readonly tombstones: Map<string, number>
  readonly watches: Set<Watch>
}

/** A node that keeps letters of others: its disk, its quota and its part in replication. */
export class Custodian {
  readonly node: number
  readonly mailboxes: Map<string, Mailbox> = new Map()
  readonly quota: QuotaState
  replication: ReplicationState
  /** When it is next awake for replication, and the call that wakes it. */
  wakeMs: number = Number.POSITIVE_INFINITY
  wakeCall = -1

  constructor(node: number, storageBytes: number) {
    this.node = node
    this.quota = initialQuotaState(storageBytes)
    this.replication = initialReplicationState(String(node))
  }

  get letters(): number {
    return this.quota.letters
  }

  mailbox(name: string): Mailbox {
    const known = this.mailboxes.get(name)
    const mailbox = known ?? { letters: new Map(), tombstones: new Map(), watches: new Set() }
    if (known === undefined) {
      this.mailboxes.set(name, mailbox)
    }
    return mailbox
  }

  /** Judged by the quota; `kept` if it is here now, `known` if it was before. */
  put(letter: Letter, from: number, replica: boolean, wallMs: number): 'kept' | 'known' | QuotaRefusal {
    const mailbox = this.mailbox(letter.mailbox)
    if (mailbox.letters.has(letter.id) || mailbox.tombstones.has(letter.id)) {
      return 'known'
    }
    if (letter.depositedMs + LETTER_RETENTION_MS <= wallMs) {
      return { reason: 'no-storage' }
    }
    const request = {
      type: 'deposit',
      mailbox: letter.mailbox,
      bytes: letter.bytes,
      permit: letter.permit,
      from: String(from),
      network: undefined,
      replica,
      proofBits: 0,
      nowMs: wallMs,
    } as const
    let effect = stepQuota(this.quota, { ...request, madeRoom: false })
    if (effect?.type === 'make-room') {
      this.#deleteExpired(wallMs)
      effect = stepQuota(this.quota, { ...request, madeRoom: true })
    }
    if (effect?.type !== 'accept') {
      return effect?.type === 'refuse' ? effect : { reason: 'no-storage' }
    }
    mailbox.letters.set(letter.id, letter)
    letter.holders.add(this.node)
    return 'kept'
  }

  /** The recipient has it: true if the letter was here or the tombstone is new. */
  acknowledge(mailboxName: string, id: string, expiresMs: number): boolean {
    const mailbox = this.mailbox(mailboxName)
    const letter = mailbox.letters.get(id)
    if (mailbox.tombstones.has(id)) {
      return false
    }
    mailbox.tombstones.set(id, expiresMs)
    if (letter === undefined) {
      stepQuota(this.quota, { type: 'tombstones', mailbox: mailboxName, count: 1 })
    } else {
      mailbox.letters.delete(id)
      letter.holders.delete(this.node)
      stepQuota(this.quota, { type: 'acknowledged', ...counted(letter) })
    }
    return true
  }

  /** Deletes all of a mailbox. */
  drop(name: string): void {
    const mailbox = this.mailboxes.get(name)
    if (mailbox === undefined) {
      return
    }
    for (const letter of mailbox.letters.values()) {
      letter.holders.delete(this.node)
      stepQuota(this.quota, { type: 'removed', ...counted(letter) })
    }
    if (mailbox.tombstones.size > 0) {
      stepQuota(this.quota, { type: 'tombstones', mailbox: name, count: -mailbox.tombstones.size })
    }
    this.mailboxes.delete(name)
  }

  #deleteExpired(wallMs: number): void {
    for (const mailbox of this.mailboxes.values()) {
      for (const letter of mailbox.letters.values()) {
        if (letter.depositedMs + LETTER_RETENTION_MS <= wallMs) {
          mailbox.letters.delete(letter.id)
          letter.holders.delete(this.node)
          stepQuota(this.quota, { type: 'removed', ...counted(letter) })
        }
      }
    }
  }
}

export interface QuotaRefusal {
  readonly reason: DepositRefusal
  readonly retryAfterMs?: number
}

function counted({ mailbox, bytes, permit }: Letter): { mailbox: string; bytes: number; permit: string } {
  return { mailbox, bytes, permit }
}
