import type { Clock } from '../../system/clock.ts'
import type { FrameChannel } from '../../util/frame-channel.ts'
import { MailboxError } from './errors.ts'

/** What is queued may take so long to be read by the other side; then the stream is broken instead. *ours* */
const CLOSE_TIMEOUT_MS = 10_000

/** Closes a channel in good order, or breaks it if the other side does not read on. */
export async function closeChannel(clock: Pick<Clock, 'schedule'>, channel: FrameChannel): Promise<void> {
  const timer = clock.schedule(CLOSE_TIMEOUT_MS, () =>
    channel.abort(new MailboxError('timeout', 'the peer does not read what was sent before the end')),
  )
  try {
    await channel.close()
  } finally {
    timer.cancel()
  }
}
