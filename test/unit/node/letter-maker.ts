import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { type MailboxKey, mailboxKey, signForMailbox } from '../../../src/identity/mailbox-key.ts'
import { issuePermit, type Permit } from '../../../src/identity/permit.ts'
import type { DepositOutcome, DepositRequest, Tombstone } from '../../../src/protocol/mailbox/letter-keeper.ts'
import { PROOF_MAX_BITS } from '../../../src/protocol/mailbox/letter-limits.ts'
import { letterId } from '../../../src/sealing/letter-key.ts'
import { accountOf, peerIdOf } from './record-world.ts'

const random = new SeededRandom('letters')

/** The mailbox of a person on a day, 20,000 unless told otherwise. */
export function mailboxOf(name: string, day = 20_000): MailboxKey {
  return mailboxKey(accountOf(name), day)
}

export function permitFor(mailbox: MailboxKey): Permit {
  return issuePermit(mailbox, random)
}

/** Bytes that differ from those of every other call. */
export function sealedLetter(bytes = 2048): Uint8Array {
  return random.bytes(bytes)
}

/** A letter as the mailbox server hands it over: a contact's with `permit`, else a stranger's with all the work there is. */
export function depositOf(
  mailbox: MailboxKey,
  options: Partial<Omit<DepositRequest, 'mailboxKey' | 'letterId'>> & { readonly permit?: Permit } = {},
): DepositRequest {
  const { permit, letter = sealedLetter(), ...rest } = options
  return {
    mailboxKey: mailbox.publicKey,
    letter,
    letterId: letterId(letter),
    credential: permit === undefined ? { proofOfWork: random.bytes(8) } : { permit },
    proofBits: permit === undefined ? PROOF_MAX_BITS : 0,
    fromPeerId: peerIdOf('alice'),
    ...rest,
  }
}

/** The recipient's acknowledgement, or with `expiresMs` one that a custodian passes on. */
export function tombstoneOf(mailbox: MailboxKey, id: Uint8Array, expiresMs = 0): Tombstone {
  return { letterId: id, signature: signForMailbox(mailbox, 'acknowledge', id), expiresMs }
}

/** `kept`, or the reason of the refusal. */
export function said(outcome: DepositOutcome): string {
  return 'kept' in outcome ? 'kept' : outcome.refused
}
