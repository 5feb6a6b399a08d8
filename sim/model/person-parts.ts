import type { Custody } from './custody.ts'
import type { Kernel } from './kernel.ts'
import type { Account, Ledger } from './ledger.ts'
import type { MailboxStreams } from './mailbox-streams.ts'
import type { Paths } from './paths.ts'
import type { Searches } from './searches.ts'
import type { SleepingLinks } from './sleeping-links.ts'
import type { Stream } from './stream.ts'
import type { World } from './world.ts'

/** What all people of a run share. */
export interface PersonParts {
  readonly kernel: Kernel
  readonly world: World
  readonly paths: Paths
  readonly streams: MailboxStreams
  readonly searches: Searches
  readonly custody: Custody
  readonly ledger: Ledger
  readonly sleepers: SleepingLinks
  readonly stream: Stream
  readonly seed: number
  /** 1: the account record of the person is with its custodians. */
  readonly published: Uint8Array
  /** Node of each person. */
  readonly homes: readonly number[]
}

/** What waits in an outbox: a message, or the acknowledgement of messages that came by letter. */
export interface Waiting {
  /** Place in the sender's outbox. */
  readonly position: number
  readonly from: number
  readonly to: number
  readonly bytes: number
  readonly acceptedMs: number
  readonly expiresMs: number
  /** The message; undefined: an acknowledgement, which is done with when it is stored. */
  readonly message: Account | undefined
  readonly acknowledges: readonly Account[]
  storedBefore: boolean
}
