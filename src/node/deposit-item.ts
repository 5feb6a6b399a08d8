import type { AccountKey } from '../identity/account-key.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Random } from '../system/random.ts'
import type { Gate } from '../util/gate.ts'
import type { CustodianCalls } from './custodian-calls.ts'
import type { Directory } from './directory.ts'
import type { LetterCustodians } from './letter-custodians.ts'
import type { LetterKeys } from './letter-keys.ts'
import type { ProofWork } from './proof-work.ts'

/** A message that is to go by letter. */
export interface DepositItem {
  /** Its place in the order in which messages were accepted; unique. */
  readonly position: number
  /** The message id that the recipient drops repetitions by. */
  readonly id: string
  readonly account: AccountKey
  /** Bare JID. */
  readonly recipient: string
  readonly stanza: Uint8Array
  readonly acceptedMs: number
  readonly expiresMs: number
  /** Enough custodians had it before a restart. */
  readonly storedBefore: boolean
}

/** What the letters of a sender share. */
export interface DepositService {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly calls: CustodianCalls
  readonly custodians: LetterCustodians
  readonly keys: Pick<LetterKeys, 'seal'>
  readonly directory: Pick<Directory, 'lookup' | 'ownRecord'>
  readonly work: ProofWork
  /** How many are sealed at a time. */
  readonly sealing: Gate
}
