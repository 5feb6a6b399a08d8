import type { AccountKey } from '../identity/account-key.ts'
import type { AccountRecord } from '../identity/account-record.ts'
import { type NodeEntry, type RecordBody, recordBody, recordEnvelope } from '../identity/account-record-message.ts'
import { dayOf, mailboxOfDay } from '../identity/mailbox-key.ts'
import { type Permit, verifyPermit } from '../identity/permit.ts'
import { LetterError } from '../sealing/letter-error.ts'
import { decodePrekey, type Prekey } from '../sealing/prekey.ts'
import { type LetterRecipient, sealLetter } from '../sealing/seal-letter.ts'
import type { XWing } from '../sealing/xwing.ts'
import type { Random } from '../system/random.ts'
import type { Transaction } from '../system/store.ts'
import type { ContactKeys } from './contact-keys.ts'
import type { PrekeyShare } from './contact-prekeys.ts'

/** A recipient whose clock is ahead (26 h at most) names mailboxes from so many days ahead on; the first one serves. */
const FIRST_DAY_MAX_AHEAD_DAYS = 2

/** A message to be sealed. */
export interface LetterOrder {
  readonly account: AccountKey
  /** The recipient's. */
  readonly record: AccountRecord
  readonly stanza: Uint8Array
  readonly messageId: string
  /** Ms since 1970 UTC. */
  readonly sentMs: number
  /** The mailbox's, in days since 1970-01-01 UTC. */
  readonly day: number
  /** False for a repetition, which takes published prekeys only. */
  readonly fresh: boolean
  /**
   * The sender's current account record as it travels; it goes along to those who are no acquaintances yet. Without it
   * the account is taken to have no other node.
   */
  readonly senderRecord?: Uint8Array
}

/** A letter and where to deposit it. */
export interface SealedOrder {
  readonly letter: Uint8Array
  /** The mailbox's public key. */
  readonly mailboxKey: Uint8Array
  /** Undefined if the recipient gave us none for this mailbox: a proof of work is needed. */
  readonly permit: Permit | undefined
}

export interface LetterSealerComponents {
  readonly random: Random
  readonly kem: XWing
  readonly contactKeys: ContactKeys
}

/** Seals letters with the best keys there are: single-use prekeys of the recipient's nodes, else those of its record. */
export class LetterSealer {
  readonly #components: LetterSealerComponents
  readonly #peerId: string

  /** With this node's own PeerId. */
  constructor(components: LetterSealerComponents, peerId: string) {
    this.#components = components
    this.#peerId = peerId
  }

  /**
   * Seals a letter and deletes the single-use prekeys it takes; only when that is on disk may it leave. `no-keys`: the
   * record names no mailbox for the day or no prekey.
   *
   * @throws LetterError `too-large`
   */
  seal(transaction: Transaction, order: LetterOrder): SealedOrder | 'no-keys' {
    const mailbox = mailboxFor(order.record, order.day)
    const letter = mailbox && this.#letter(transaction, order)
    if (mailbox === undefined || letter === undefined) {
      return 'no-keys'
    }
    const permit = this.#components.contactKeys.permit(transaction, partiesOf(order), mailbox.day)
    const isGood = permit !== undefined && verifyPermit(mailbox.key, permit)
    return { letter, mailboxKey: mailbox.key, permit: isGood ? permit : undefined }
  }

  #letter(transaction: Transaction, order: LetterOrder): Uint8Array | undefined {
    const { nodes } = order.record
    const peerIds = nodes.map(({ peerId }) => peerId)
    const { contactKeys } = this.#components
    const share = this.#share(order.senderRecord)
    const taken = order.fresh ? contactKeys.take(transaction, partiesOf(order), peerIds, share) : undefined
    const singleUse = taken ?? new Map<string, Prekey>()
    try {
      return this.#sealed(transaction, order, recipientsAmong(nodes, singleUse))
    } catch (error) {
      if (!(error instanceof LetterError) || error.reason !== 'bad-prekey') {
        throw error
      }
    }
    // One node that lists nonsense does not keep the letter from the others.
    const { random, kem } = this.#components
    const published = recipientsAmong(nodes, new Map())
    const good = published.filter(({ publicKey }) => kem.encapsulate(publicKey, random) !== undefined)
    return this.#sealed(transaction, order, good)
  }

  /** Keys that came by letter are on every node of the sender; used twice, they open only the first letter. */
  #share(senderRecord: Uint8Array | undefined): PrekeyShare {
    const nodes = senderRecord === undefined ? [] : bodyOf(senderRecord).nodes.map(({ peerId }) => peerId)
    const index = nodes.sort().indexOf(this.#peerId)
    return index === -1 ? { index: 0, count: 1 } : { index, count: nodes.length }
  }

  #sealed(
    transaction: Transaction,
    order: LetterOrder,
    recipients: readonly LetterRecipient[],
  ): Uint8Array | undefined {
    if (recipients.length === 0) {
      return undefined
    }
    const { random, kem, contactKeys } = this.#components
    const { account, record, stanza, messageId, sentMs, senderRecord } = order
    // It makes a letter four times as large, and acquaintances see by its sequence whether they have to look it up.
    const isUseful = senderRecord !== undefined && !contactKeys.has(transaction, partiesOf(order))
    return sealLetter({
      ...{ random, kem, recipients, stanza, messageId, sentMs },
      sender: account,
      recipientAccount: record.publicKey,
      recordSequence: senderRecord === undefined ? 0 : bodyOf(senderRecord).sequence,
      ...(isUseful && { senderRecord }),
    })
  }
}

function partiesOf({ account, record }: LetterOrder): { account: string; contact: string } {
  return { account: account.address, contact: record.address }
}

function mailboxFor(record: AccountRecord, day: number): { day: number; key: Uint8Array } | undefined {
  const first = dayOf(record.issuedMs)
  const nearest = first > day && first <= day + FIRST_DAY_MAX_AHEAD_DAYS ? first : day
  const key = mailboxOfDay(record, nearest)
  return key && { day: nearest, key }
}

/** Nodes without any prekey get no letter, since none can be sealed for them. */
function recipientsAmong(
  nodes: readonly NodeEntry[],
  singleUse: ReadonlyMap<string, Prekey>,
): readonly LetterRecipient[] {
  return nodes.flatMap(({ peerId, prekeys }): LetterRecipient[] => {
    const own = singleUse.get(peerId)
    if (own !== undefined) {
      return [{ publicKey: own.publicKey, singleUseId: own.id }]
    }
    const published = prekeys.map(decodePrekey).filter((prekey) => prekey !== undefined)
    const [newest] = published.sort((a, b) => b.createdMs - a.createdMs)
    return newest === undefined ? [] : [{ publicKey: newest.publicKey }]
  })
}

/** Of our own record, which needs no verification. */
function bodyOf(record: Uint8Array): RecordBody {
  return recordBody.decode(recordEnvelope.decode(record).body)
}
