import type { AccountKey } from '../identity/account-key.ts'
import { LetterError } from '../sealing/letter-error.ts'
import type { OpenedLetter } from '../sealing/open-letter.ts'
import type { CollectionService } from './collection-service.ts'

/**
 * Opens a letter that was collected and has it stored. `noted`: it will never be readable here; `set-aside`: only by our
 * clock, which may be wrong; `not-stored`: to be tried again. Never rejects.
 */
export async function openCollected(
  { keys, handlers, turns, logger }: Pick<CollectionService, 'keys' | 'handlers' | 'turns' | 'logger'>,
  account: AccountKey,
  { letter, letterId }: { readonly letter: Uint8Array; readonly letterId: Uint8Array },
): Promise<'stored' | 'noted' | 'set-aside' | 'not-stored'> {
  let opened: OpenedLetter
  try {
    opened = await turns.run(() => keys.open(account.address, letter))
  } catch (error) {
    if (!(error instanceof LetterError)) {
      logger.error('letter not opened', { reason: String(error) })
      return 'not-stored'
    }
    const { reason } = error
    logger.info('unreadable letter', { reason })
    if (reason === 'expired' || reason === 'not-yet-valid') {
      return 'set-aside'
    }
    return await settled(async () => await handlers.unreadable?.(account, letterId, reason), 'noted')
  }
  return await settled(async () => await handlers.open(account, opened, letterId), 'stored')

  async function settled<Outcome>(store: () => Promise<void>, outcome: Outcome): Promise<Outcome | 'not-stored'> {
    try {
      await store()
      return outcome
    } catch (error) {
      logger.warn('letter not stored', { reason: String(error) })
      return 'not-stored'
    }
  }
}
