import type { PeerAddresses } from '../../system/network.ts'
import { toHex } from '../../util/bytes.ts'
import type { MailboxClient } from './client.ts'
import type { Differing } from './client-sync.ts'
import type { LetterKeeper, MailboxContents, Tombstone } from './letter-keeper.ts'
import { ACKNOWLEDGED_BATCH } from './letter-limits.ts'
import type { Refusal } from './letter-serving.ts'

/** Letters under way at once in each direction. *ours* */
const LETTERS_AT_ONCE = 8

/** What one sync needs. */
export interface SyncTask {
  readonly client: Pick<MailboxClient, 'syncWith' | 'acknowledge' | 'replicate' | 'fetch'>
  readonly keeper: Pick<LetterKeeper, 'contents' | 'acknowledge' | 'deposit' | 'replica'>
  readonly peer: PeerAddresses
  readonly mailboxKey: Uint8Array
}

/**
 * `synced`: both custodians have the same now. `incomplete`: one of them would not take a letter, such as for want of
 * room; the rest has moved. Or the other custodian takes no part.
 */
export type SyncOutcome = 'synced' | 'incomplete' | Refusal

/**
 * Makes this custodian and another have the same letters and tombstones of a mailbox, tombstones first, so that nothing
 * moves that has been acknowledged. Throws what `MailboxClient` throws.
 */
export async function syncMailbox(task: SyncTask, signal: AbortSignal): Promise<SyncOutcome> {
  const { client, keeper, peer, mailboxKey } = task
  const contents = await keeper.contents(mailboxKey)
  const differing = await client.syncWith(peer, mailboxKey, contents, signal)
  if ('refused' in differing) {
    return differing
  }
  if (differing.tombstones.length > 0) {
    await keeper.acknowledge(mailboxKey, differing.tombstones, peer.peerId)
  }
  const passedOn = await passTombstones(task, wantedTombstones(contents, differing), signal)
  const given = await eachOf(differing.lettersWanted, (letterId) => give(task, letterId, signal))
  const taken = await eachOf(differing.lettersOffered, (letterId) => take(task, letterId, signal))
  return passedOn && given && taken ? 'synced' : 'incomplete'
}

function wantedTombstones({ tombstones }: MailboxContents, { tombstonesWanted }: Differing): readonly Tombstone[] {
  const wanted = new Set(tombstonesWanted.map(toHex))
  return tombstones.filter(({ letterId }) => wanted.has(toHex(letterId)))
}

async function passTombstones(
  { client, peer, mailboxKey }: SyncTask,
  tombstones: readonly Tombstone[],
  signal: AbortSignal,
): Promise<boolean> {
  for (let start = 0; start < tombstones.length; start += ACKNOWLEDGED_BATCH) {
    const batch = tombstones.slice(start, start + ACKNOWLEDGED_BATCH)
    if ((await client.acknowledge(peer, mailboxKey, batch, signal)) !== 'done') {
      return false
    }
  }
  return true
}

async function give({ client, keeper, peer, mailboxKey }: SyncTask, id: Uint8Array, signal: AbortSignal) {
  const replica = await keeper.replica(mailboxKey, id)
  // Meanwhile expired or acknowledged: nothing is missing.
  return replica === undefined || (await client.replicate(peer, mailboxKey, replica, signal)) === 'done'
}

async function take({ client, keeper, peer, mailboxKey }: SyncTask, id: Uint8Array, signal: AbortSignal) {
  const request = await client.fetch(peer, mailboxKey, id, signal)
  if (request === undefined) {
    return true
  }
  return !('refused' in request) && 'kept' in (await keeper.deposit(request))
}

/** Whether `work` succeeded for all; a failure ends it. */
async function eachOf(ids: readonly Uint8Array[], work: (id: Uint8Array) => Promise<boolean>): Promise<boolean> {
  let next = 0
  let all = true
  const worker = async (): Promise<void> => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
      all = (await work(id)) && all
    }
  }
  await Promise.all(Array.from({ length: Math.min(LETTERS_AT_ONCE, ids.length) }, worker))
  return all
}
