import type { System } from '../system/system.ts'
import type { RateLimiter } from '../util/rate-limiter.ts'
import type { Archive } from './archive.ts'
import type { Directory } from './directory.ts'
import type { Handled } from './handled.ts'
import type { LetterKeys } from './letter-keys.ts'
import type { Outbox } from './outbox.ts'
import type { Positions } from './positions.ts'
import type { PublicProfiles } from './public-profiles.ts'
import type { Routes } from './routes.ts'

/** What the accounts of a node share. */
export interface AccountComponents extends Pick<System, 'clock' | 'random' | 'store' | 'logger'> {
  readonly archive: Archive
  readonly positions: Positions
  readonly handled: Handled
  readonly outbox: Outbox
  readonly routes: Routes
  readonly letterKeys: LetterKeys
  readonly profiles: PublicProfiles
  readonly directory: Pick<Directory, 'lookup' | 'cached' | 'profileChanged'>
  /** Messages of senders who are no contacts, by sender. */
  readonly strangers: RateLimiter
}
