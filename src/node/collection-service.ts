import type { AccountKey } from '../identity/account-key.ts'
import type { LetterProblem } from '../sealing/letter-error.ts'
import type { OpenedLetter } from '../sealing/open-letter.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Random } from '../system/random.ts'
import type { Gate } from '../util/gate.ts'
import type { CustodianCalls } from './custodian-calls.ts'
import type { LetterCustodians } from './letter-custodians.ts'
import type { LetterKeys } from './letter-keys.ts'
import type { OpeningRoom } from './opening-room.ts'
import type { Turns } from './turns.ts'

export interface CollectionsHandlers {
  /** A letter was opened; resolves when what is in it is on disk, so that custodians may delete it. */
  open(account: AccountKey, opened: OpenedLetter, letterId: Uint8Array): Promise<void>
  /**
   * A letter nobody here will ever be able to read; it is acknowledged when this resolves, so that it is not fetched for
   * ever. @default it is logged
   */
  unreadable?(account: AccountKey, letterId: Uint8Array, reason: LetterProblem): Promise<void>
}

/** What the collections of all accounts share. */
export interface CollectionService {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly calls: CustodianCalls
  readonly custodians: LetterCustodians
  readonly keys: Pick<LetterKeys, 'open' | 'mailboxKey' | 'collectedThrough' | 'setCollectedThrough'>
  readonly handlers: CollectionsHandlers
  readonly room: OpeningRoom
  readonly turns: Turns
  /** For collections that come to an end. */
  readonly gate: Gate
  /** Something runs that is to be waited for at the end. */
  readonly running: (task: Promise<void>) => void
}
