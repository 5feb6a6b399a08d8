import { createHash } from 'node:crypto'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { AccountKey } from '../../../src/identity/account-key.ts'
import { fastestMlKem } from '../../../src/sealing/choose-ml-kem.ts'
import type { LetterKeys, PrekeyPair } from '../../../src/sealing/open-letter.ts'
import { createPrekey, prekeyPair } from '../../../src/sealing/prekey.ts'
import type { LetterDraft, LetterRecipient } from '../../../src/sealing/seal-letter.ts'
import { type XWing, xwing } from '../../../src/sealing/xwing.ts'

export const NOW_MS = 1_900_000_000_000
export const kem: XWing = xwing(fastestMlKem())

const random = new SeededRandom('letters')

/** The account of a person of this name. */
export function account(name: string): AccountKey {
  return AccountKey.fromSeed(new Uint8Array(createHash('sha256').update(name).digest()))
}

/** Prekeys of so many nodes. */
export function prekeys(count: number): PrekeyPair[] {
  return Array.from({ length: count }, () => prekeyPair(createPrekey(random, NOW_MS), kem))
}

/** The nodes with these prekeys, published ones. */
export function recipients(pairs: readonly PrekeyPair[]): LetterRecipient[] {
  return pairs.map(({ keyPair }) => ({ publicKey: keyPair.publicKey }))
}

/** A letter to be, with what the test does not care about filled in. */
export function draftTo(
  recipient: AccountKey,
  nodes: readonly LetterRecipient[],
  more: Partial<LetterDraft> & Pick<LetterDraft, 'sender'>,
): LetterDraft {
  return {
    random,
    kem,
    recordSequence: 1,
    recipientAccount: recipient.publicKey,
    recipients: nodes,
    stanza: new Uint8Array(10).fill(9),
    sentMs: NOW_MS,
    messageId: 'a1',
    ...more,
  }
}

/** What a node of `recipient` with these prekeys opens letters with. */
export function keysOf(recipient: AccountKey, live: readonly PrekeyPair[]): LetterKeys {
  return { recipientAccount: recipient.publicKey, prekeys: live, nowMs: NOW_MS }
}
