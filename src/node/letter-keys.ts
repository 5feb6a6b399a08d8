import type { AccountKey } from '../identity/account-key.ts'
import type { AccountRecord } from '../identity/account-record.ts'
import type { MailboxKey } from '../identity/mailbox-key.ts'
import type { Permit } from '../identity/permit.ts'
import type { OpenedLetter } from '../sealing/open-letter.ts'
import type { XWing } from '../sealing/xwing.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Random } from '../system/random.ts'
import type { Store, Transaction } from '../system/store.ts'
import type { Element } from '../xml/element.ts'
import type { LettersPart } from './record-content.ts'

export interface LetterKeysComponents {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly logger: Logger
}

export interface LetterKeysInit {
  /** The accounts served here. */
  readonly accounts: readonly AccountKey[]
  /** This node's. */
  readonly peerId: string
  /** @default over the fastest ML-KEM-768 there is */
  readonly kem?: XWing
}

/** A message to be sealed. */
export interface LetterOrder {
  readonly account: AccountKey
  /** The recipient's. */
  readonly record: AccountRecord
  readonly stanza: Uint8Array
  readonly messageId: string
  readonly sentMs: number
  /** The mailbox's, in days since 1970-01-01 UTC. */
  readonly day: number
  /** False for a repetition, which takes published prekeys only. */
  readonly fresh: boolean
  /** The sender's current account record as it travels. */
  readonly senderRecord?: Uint8Array
}

/** A letter and where to deposit it. */
export interface SealedOrder {
  readonly letter: Uint8Array
  /** The mailbox's public key. */
  readonly mailboxKey: Uint8Array
  readonly permit: Permit | undefined
}

/** The element by which contacts hand each other keys. */
export const NS_KEYS = 'urn:kabber:keys:0'

/** All keys for letters of the accounts served here: prekeys, mailbox keys, permits. Accounts and contacts are bare JIDs. */
export declare class LetterKeys {
  constructor(components: LetterKeysComponents, init: LetterKeysInit)
  start(): Promise<void>
  stop(): Promise<void>
  onChanged(listener: (address: string) => void): () => void
  recordPart(address: string): LettersPart | undefined
  seal(order: LetterOrder): Promise<SealedOrder | 'no-keys' | 'too-large'>
  open(account: string, bytes: Uint8Array): OpenedLetter
  consumed(transaction: Transaction, account: string, opened: OpenedLetter): void
  mailboxKey(account: string, day: number): MailboxKey
  keysFor(transaction: Transaction, account: string, contact: string): Element | undefined
  receiveKeys(transaction: Transaction, account: string, contact: string, element: Element): void
  forget(transaction: Transaction, account: string, contact: string): void
  collectedThrough(account: string): number | undefined
  setCollectedThrough(account: string, day: number): Promise<void>
}
