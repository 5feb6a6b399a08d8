import type { Clock } from '../system/clock.ts'
import type { Store } from '../system/store.ts'
import type { PublicProfile } from './api.ts'
import type { Directory } from './directory.ts'
import { type PublicProfiles, profileOf, toPublicProfile } from './public-profiles.ts'

export interface AccountProfileComponents {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly store: Store
  readonly profiles: PublicProfiles
  readonly directory: Pick<Directory, 'lookup' | 'cached' | 'profileChanged'>
}

/** What one account shows to everybody, and what others show. */
export class AccountProfile {
  readonly #components: AccountProfileComponents
  readonly #address: string

  constructor(components: AccountProfileComponents, address: string) {
    this.#components = components
    this.#address = address
  }

  /** Resolves when it is on disk; it is published soon after. */
  async set(profile: PublicProfile): Promise<void> {
    const { clock, store, profiles, directory } = this.#components
    // Later than what any device of the account has shown, whatever its clock says.
    const shownMs = directory.cached(this.#address)?.profile?.updatedMs ?? 0
    const keptMs = profiles.get(this.#address)?.updatedMs ?? 0
    const next = profileOf(profile, Math.max(Math.floor(clock.wallMs()), shownMs + 1, keptMs + 1))
    await store.transaction((transaction) => profiles.put(transaction, this.#address, next))
    directory.profileChanged(this.#address)
  }

  /** The own one as it was set last, on this device or another; undefined if the record of an account cannot be found. */
  async get(address: string, signal: AbortSignal): Promise<PublicProfile | undefined> {
    const { profiles, directory } = this.#components
    if (address !== this.#address) {
      const record = await directory.lookup(address, signal)
      return record && toPublicProfile(record.profile ?? { nickname: '', items: [], updatedMs: 0 })
    }
    const shown = directory.cached(address)?.profile
    const own = profiles.get(address)
    const newest = own !== undefined && own.updatedMs >= (shown?.updatedMs ?? 0) ? own : shown
    return newest && toPublicProfile(newest)
  }
}
