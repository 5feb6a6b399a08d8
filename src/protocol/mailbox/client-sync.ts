import { compare } from 'uint8arrays/compare'
import { isInRange, nextExchange, sortedIds } from './exchange.ts'
import type { MailboxContents, Tombstone } from './letter-keeper.ts'
import type { LetterRefused } from './letter-messages.ts'
import type { Answer, Verb } from './messages.ts'
import { EXCHANGES_MAX } from './protocol.ts'
import { mailboxDigest } from './sync-digest.ts'
import type { Differences, Exchange } from './sync-messages.ts'
import { areSigned } from './tombstones.ts'

/** How a mailbox here differs from the same at another custodian. */
export interface Differing {
  /** Nothing is to be done; the lists are empty. */
  readonly equal: boolean
  /** Ids of letters here that the other custodian lacks: to be replicated. */
  readonly lettersWanted: readonly Uint8Array[]
  /** Ids of letters there that are lacking here: to be fetched. */
  readonly lettersOffered: readonly Uint8Array[]
  /** Ids of acknowledgements here that the other custodian lacks: to be passed on, before any letter. */
  readonly tombstonesWanted: readonly Uint8Array[]
  /** Acknowledgements that are lacking here, checked: for the keeper, before any letter. */
  readonly tombstones: readonly Tombstone[]
}

/** Instead of differences: a refusal, or how the other side broke the protocol. */
type NoDifferences =
  | { readonly letterRefused: LetterRefused | undefined }
  | { readonly wrong: 'differences' | 'signature' }

/** Compares digests, then ids range by range. `ask` sends to the other custodian. */
export async function syncDifferences(
  ask: (verb: Verb) => Promise<Answer>,
  mailboxKey: Uint8Array,
  contents: MailboxContents,
): Promise<Differing | NoDifferences> {
  const { compared, letterRefused } = await ask({ sync: { mailboxKey, digest: mailboxDigest(contents) } })
  if (compared === undefined) {
    return { letterRefused }
  }
  const all = {
    equal: compared.equal,
    lettersWanted: [] as Uint8Array[],
    lettersOffered: [] as Uint8Array[],
    tombstonesWanted: [] as Uint8Array[],
    tombstones: [] as Tombstone[],
  }
  if (compared.equal) {
    return all
  }
  const ids = sortedIds(contents)
  let after: Uint8Array = new Uint8Array(0)
  for (let exchanges = 0; exchanges < EXCHANGES_MAX; exchanges++) {
    const exchange = nextExchange(mailboxKey, contents, { ids, after })
    const { differences, letterRefused } = await ask({ exchange })
    if (differences === undefined) {
      return { letterRefused }
    }
    if (!isSound(differences, exchange)) {
      return { wrong: 'differences' }
    }
    if (!areSigned(mailboxKey, differences.tombstones)) {
      return { wrong: 'signature' }
    }
    all.lettersWanted.push(...differences.lettersWanted)
    all.lettersOffered.push(...differences.lettersOffered)
    all.tombstonesWanted.push(...differences.tombstonesWanted)
    all.tombstones.push(...differences.tombstones)
    after = differences.through
    if (after.length === 0) {
      return all
    }
  }
  return { wrong: 'differences' }
}

/** Whether an answer stays in the range that was asked for, goes on, and wants only what was offered. */
function isSound(differences: Differences, { after, through, letters, tombstones }: Exchange): boolean {
  const end = differences.through
  const goesOn =
    end.length === 0
      ? through.length === 0
      : end.length === 32 && isInRange(end, after, through) && (through.length === 0 || compare(end, through) <= 0)
  const listed = [
    ...differences.lettersWanted,
    ...differences.lettersOffered,
    ...differences.tombstonesWanted,
    ...differences.tombstones.map(({ letterId }) => letterId),
  ]
  return (
    goesOn &&
    listed.every((id) => isInRange(id, after, end)) &&
    isPartOf(differences.lettersWanted, letters) &&
    isPartOf(differences.tombstonesWanted, tombstones)
  )
}

/** Both are in the order of ids; nothing may be asked for twice. */
function isPartOf(some: readonly Uint8Array[], all: readonly Uint8Array[]): boolean {
  let at = 0
  return some.every((id) => {
    while (at < all.length && compare(all[at] ?? id, id) < 0) {
      at++
    }
    return at < all.length && compare(all[at++] ?? id, id) === 0
  })
}
