import { lettersTable, tombstonesTable } from '../../../src/node/tables/letters.ts'
import { MailboxClient } from '../../../src/protocol/mailbox/client.ts'
import type { MemoryStore } from '../../system/memory-store.ts'
import type { ViolationLog } from '../violation-log.ts'

/** Receipts remembered for each custodian; the oldest is forgotten. */
const MAX_RECEIPTS = 20_000

/** A signed receipt. */
interface Promised {
  readonly mailbox: Uint8Array
  readonly letterId: Uint8Array
  /** Wall clock of the custodian. */
  readonly expiresMs: number
}

/** What custodians signed for, they have after a crash: letter or tombstone. */
export class PromiseChecker {
  readonly #violations: ViolationLog
  readonly #receipts = new Map<string, Map<string, Promised>>()

  constructor(violations: ViolationLog) {
    this.#violations = violations
  }

  /** Sees every receipt that any node of this process is given, until the returned function is called. */
  watch(): () => void {
    const { deposit } = MailboxClient.prototype
    const checker = this
    MailboxClient.prototype.deposit = async function (peer, letter, signal) {
      const answer = await deposit.call(this, peer, letter, signal)
      if ('letterId' in answer) {
        const { letterId, expiresMs } = answer
        checker.#note(peer.peerId, { mailbox: letter.mailboxKey, letterId, expiresMs })
      }
      return answer
    }
    return () => {
      MailboxClient.prototype.deposit = deposit
    }
  }

  /** A custodian is about to crash; what it has and has signed for must be on its disk when `check` is called with that. */
  crashing(peerId: string, running: MemoryStore): (disk: MemoryStore) => void {
    const held = [...(this.#receipts.get(peerId) ?? [])].filter(([, promised]) => isKept(running, promised))
    return (disk) => {
      for (const [name] of held.filter(([, promised]) => !isKept(disk, promised))) {
        this.#violations.add('receipt-kept', `custodian ${peerId} signed for letter ${name} and lost it in a crash`)
      }
    }
  }

  /** How many of the custodians for which `isThere` holds have signed for each letter (hex), and have their disk still. */
  signers(isThere: (peerId: string) => boolean, wallMs: number): ReadonlyMap<string, number> {
    const signers = new Map<string, number>()
    for (const [peerId, receipts] of this.#receipts) {
      if (isThere(peerId)) {
        for (const [name, { expiresMs }] of receipts) {
          if (expiresMs > wallMs) {
            signers.set(name, (signers.get(name) ?? 0) + 1)
          }
        }
      }
    }
    return signers
  }

  diskLost(peerId: string): void {
    this.#receipts.delete(peerId)
  }

  #note(peerId: string, promised: Promised): void {
    const receipts = this.#receipts.get(peerId) ?? new Map<string, Promised>()
    this.#receipts.set(peerId, receipts)
    receipts.set(Buffer.from(promised.letterId).toString('hex'), promised)
    const oldest = receipts.size > MAX_RECEIPTS ? receipts.keys().next().value : undefined
    if (oldest !== undefined) {
      receipts.delete(oldest)
    }
  }
}

function isKept(store: MemoryStore, { mailbox, letterId }: Promised): boolean {
  return (
    store.read.count(lettersTable, { index: 'by_id', prefix: [mailbox, letterId] }) > 0 ||
    store.read.get(tombstonesTable, [mailbox, letterId]) !== undefined
  )
}
