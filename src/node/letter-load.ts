import type { QuotaState } from '../protocol/mailbox/quota-books.ts'
import { stepQuota } from '../protocol/mailbox/quota-state.ts'
import type { Clock } from '../system/clock.ts'
import type { Reader } from '../system/store.ts'
import { toHex } from '../util/bytes.ts'
import type { LetterEvent } from './letter-event.ts'
import { countedLetter, mailboxTombstones } from './letter-rows.ts'
import { lettersTable, tombstonesTable } from './tables/letters.ts'

/** Rows read at start before others get a turn: some 10 ms. *ours* */
const LOAD_BATCH_ROWS = 2_048

export interface LetterLoad {
  readonly clock: Pick<Clock, 'sleep'>
  readonly reader: Reader
  readonly quota: QuotaState
  readonly tell: (event: LetterEvent) => void
}

/** Counts what is on disk from before and tells of it. Nobody may change it meanwhile. */
export async function loadLetters(load: LetterLoad): Promise<void> {
  const { clock, reader, quota, tell } = load
  for (let after = 0; ; ) {
    const rows = reader.list(lettersTable, { after, limit: LOAD_BATCH_ROWS })
    for (const row of rows) {
      const letter = countedLetter(row)
      stepQuota(quota, { type: 'kept', ...letter })
      tell({ type: 'kept', mailbox: letter.mailbox, expiresMs: row.expires_ms, deposited: false, live: true })
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < LOAD_BATCH_ROWS) {
      break
    }
    after = last.arrival
    await clock.sleep(0)
  }
  await loadTombstones(load)
}

async function loadTombstones({ clock, reader, quota, tell }: LetterLoad): Promise<void> {
  let read = 0
  for (let key = nextMailbox(reader, undefined); key !== undefined; key = nextMailbox(reader, key)) {
    const rows = mailboxTombstones(reader, key)
    const mailbox = toHex(key)
    stepQuota(quota, { type: 'tombstones', mailbox, count: rows.length })
    const expiresMs = rows.reduce((latest, row) => Math.max(latest, row.expires_ms), 0)
    tell({ type: 'kept', mailbox, expiresMs, deposited: false, live: false })
    read += rows.length
    if (read >= LOAD_BATCH_ROWS) {
      read = 0
      await clock.sleep(0)
    }
  }
}

function nextMailbox(reader: Reader, after: Uint8Array | undefined): Uint8Array | undefined {
  const range = after === undefined ? { limit: 1 } : { after, limit: 1 }
  return reader.list(tombstonesTable, range)[0]?.mailbox
}
