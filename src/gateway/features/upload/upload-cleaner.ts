import type { FileStore } from '../../../system/file-store.ts'
import type { FeatureContext } from '../feature.ts'
import { dropUpload, expiredUploads } from './upload-rows.ts'

/** From one look for files whose time is over to the next. *ours* */
const CLEANING_INTERVAL_MS = 300_000
/** Files deleted at each look; the rest has time. *ours* */
const MAX_FILES_PER_CLEANING = 100

/** Deletes files and slots of an account whose time is over. */
export interface UploadCleaner {
  /** Resolves when what is under way is finished. Idempotent. */
  stop(): Promise<void>
}

/** Begins to look at once, then from time to time. */
export function uploadCleaner(
  context: Pick<FeatureContext, 'account' | 'clock' | 'logger' | 'store'>,
  files: FileStore,
): UploadCleaner {
  const { clock, logger } = context
  let isStopped = false
  let running = Promise.resolve()
  const look = (): void => {
    running = clean(context, files, () => isStopped).catch((error: unknown) => {
      logger.warn('expired uploads were not deleted', { error: String(error) })
    })
    timer = clock.schedule(CLEANING_INTERVAL_MS, look)
  }
  let timer = clock.schedule(0, look)
  return {
    stop: async () => {
      isStopped = true
      timer.cancel()
      await running
    },
  }
}

async function clean(
  { account, clock, store }: Pick<FeatureContext, 'account' | 'clock' | 'store'>,
  files: FileStore,
  isStopped: () => boolean,
): Promise<void> {
  const nowMs = Math.trunc(clock.wallMs())
  for (const { id } of expiredUploads(store.read, account.address, nowMs, MAX_FILES_PER_CLEANING)) {
    if (isStopped()) {
      return
    }
    // First the file: a row without one is deleted at the next look, a file without a row never would be.
    await files.delete(id)
    await store.transaction((transaction) => dropUpload(transaction, id, nowMs))
  }
}
