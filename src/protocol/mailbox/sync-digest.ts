import { compare } from 'uint8arrays/compare'
import { concat } from 'uint8arrays/concat'
import { letterId as sha256 } from '../../sealing/letter-key.ts'
import { toUtf8 } from '../../util/bytes.ts'
import type { MailboxContents } from './letter-keeper.ts'

const LETTERS_LABEL = toUtf8('letters:')
const TOMBSTONES_LABEL = toUtf8('tombstones:')

/**
 * SHA-256 over the ids of a mailbox's letters and those of its tombstones, each sorted, 32 bytes: equal when two custodians
 * have nothing to tell each other. When something expires is not part of it.
 */
export function mailboxDigest({ letters, tombstones }: MailboxContents): Uint8Array {
  const acknowledged = tombstones.map(({ letterId }) => letterId)
  return sha256(concat([LETTERS_LABEL, ...sorted(letters), TOMBSTONES_LABEL, ...sorted(acknowledged)]))
}

/** Ids in the order of their bytes. */
export function sorted(ids: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...ids].sort(compare)
}
