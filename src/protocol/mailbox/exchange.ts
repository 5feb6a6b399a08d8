import { compare } from 'uint8arrays/compare'
import { toHex } from '../../util/bytes.ts'
import { MailboxViolation } from './errors.ts'
import type { MailboxContents, Tombstone } from './letter-keeper.ts'
import { LETTER_ID_BYTES } from './letter-messages.ts'
import { EXCHANGED_IDS_MAX, EXCHANGED_TOMBSTONES_MAX } from './protocol.ts'
import { sorted } from './sync-digest.ts'
import type { Differences, Exchange } from './sync-messages.ts'

const END: Uint8Array = new Uint8Array(0)

/** One id and who has what of it. */
interface Entry {
  readonly letterId: Uint8Array
  hereLetter?: boolean
  here?: Tombstone
  thereLetter?: boolean
  thereTombstone?: boolean
}

/**
 * What the custodian that has `contents` answers to an EXCHANGE: in the order of ids, as far as one frame holds.
 *
 * @throws MailboxViolation `malformed`
 */
export function answerExchange(contents: MailboxContents, asked: Exchange): Differences {
  checkRange(asked)
  const answer = {
    lettersWanted: [] as Uint8Array[],
    lettersOffered: [] as Uint8Array[],
    tombstonesWanted: [] as Uint8Array[],
    tombstones: [] as Tombstone[],
  }
  let last = END
  let ids = 0
  for (const entry of entriesIn(contents, asked)) {
    // One entry adds one id and one tombstone at most.
    if (ids >= EXCHANGED_IDS_MAX || answer.tombstones.length >= EXCHANGED_TOMBSTONES_MAX) {
      return { through: last, ...answer }
    }
    ids += addDifference(answer, entry)
    last = entry.letterId
  }
  return { through: asked.through, ...answer }
}

/** Whether `id` is above `after` and not above `through`, each of which may be the end of all. */
export function isInRange(id: Uint8Array, after: Uint8Array, through: Uint8Array): boolean {
  return (after.length === 0 || compare(id, after) > 0) && (through.length === 0 || compare(id, through) <= 0)
}

/** The next EXCHANGE of all that `contents` has above `after`; `ids` are all its ids, sorted by `sortedIds`. */
export function nextExchange(
  mailboxKey: Uint8Array,
  contents: MailboxContents,
  { ids, after }: { readonly ids: readonly Uint8Array[]; readonly after: Uint8Array },
): Exchange {
  const start = ids.findIndex((id) => isInRange(id, after, END))
  const page = start < 0 ? [] : ids.slice(start, start + EXCHANGED_IDS_MAX)
  const isLast = start < 0 || start + EXCHANGED_IDS_MAX >= ids.length
  const through = isLast ? END : (page.at(-1) ?? END)
  const inPage = (id: Uint8Array): boolean => isInRange(id, after, through)
  const tombstones = contents.tombstones.map(({ letterId }) => letterId)
  return {
    mailboxKey,
    after,
    through,
    letters: sorted(contents.letters.filter(inPage)),
    tombstones: sorted(tombstones.filter(inPage)),
  }
}

/** All ids of a mailbox, sorted. */
export function sortedIds({ letters, tombstones }: MailboxContents): readonly Uint8Array[] {
  return sorted([...letters, ...tombstones.map(({ letterId }) => letterId)])
}

function entriesIn(contents: MailboxContents, { after, through, letters, tombstones }: Exchange): readonly Entry[] {
  const entries = new Map<string, Entry>()
  const at = (letterId: Uint8Array): Entry => {
    const name = toHex(letterId)
    const entry = entries.get(name) ?? { letterId }
    entries.set(name, entry)
    return entry
  }
  for (const letterId of contents.letters) {
    if (isInRange(letterId, after, through)) {
      at(letterId).hereLetter = true
    }
  }
  for (const tombstone of contents.tombstones) {
    if (isInRange(tombstone.letterId, after, through)) {
      at(tombstone.letterId).here = tombstone
    }
  }
  for (const letterId of letters) {
    at(letterId).thereLetter = true
  }
  for (const letterId of tombstones) {
    at(letterId).thereTombstone = true
  }
  return [...entries.values()].sort((one, other) => compare(one.letterId, other.letterId))
}

/** How many ids it added. A tombstone goes before any letter. */
function addDifference(
  answer: {
    readonly lettersWanted: Uint8Array[]
    readonly lettersOffered: Uint8Array[]
    readonly tombstonesWanted: Uint8Array[]
    readonly tombstones: Tombstone[]
  },
  { letterId, here, hereLetter, thereLetter, thereTombstone }: Entry,
): number {
  if (here !== undefined) {
    if (thereTombstone !== true) {
      answer.tombstones.push(here)
    }
    return 0
  }
  if (thereTombstone === true) {
    answer.tombstonesWanted.push(letterId)
    return 1
  }
  if (hereLetter === thereLetter) {
    return 0
  }
  const list = hereLetter === true ? answer.lettersOffered : answer.lettersWanted
  list.push(letterId)
  return 1
}

function checkRange(asked: Exchange): void {
  const { after, through, letters, tombstones } = asked
  const isEnd = ({ length }: Uint8Array): boolean => length === 0 || length === LETTER_ID_BYTES
  const isSound =
    isEnd(after) &&
    isEnd(through) &&
    letters.length + tombstones.length <= EXCHANGED_IDS_MAX &&
    [...letters, ...tombstones].every((id) => isInRange(id, after, through))
  if (!isSound) {
    throw new MailboxViolation('malformed', 'ids out of the range they are said to be in')
  }
}
