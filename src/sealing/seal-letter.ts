import type { AccountKey } from '../identity/account-key.ts'
import { PUBLIC_KEY_BYTES } from '../identity/ed25519.ts'
import type { Random } from '../system/random.ts'
import { assert } from '../util/assert.ts'
import { aeadSeal } from './aead.ts'
import { hpkeSeal } from './hpke.ts'
import { LetterError } from './letter-error.ts'
import { bodyParameters, letterSecrets, signedBytes, wrapContext } from './letter-key.ts'
import {
  HINT_BYTES,
  LETTER_KEY_BYTES,
  LETTER_MAX_BYTES,
  type LetterStatement,
  letterContent,
  letterStatement,
  sealedLetter,
  type Wrap,
} from './letter-message.ts'
import { letterCapacity, letterSize, pad, wrapCount } from './letter-size.ts'
import type { XWing } from './xwing.ts'

/** One node a letter is for. */
export interface LetterRecipient {
  /** Its current prekey from the account record, or one of its single-use prekeys. */
  readonly publicKey: Uint8Array
  /** The id of the single-use prekey (8 bytes); left out for a prekey from the account record. */
  readonly singleUseId?: Uint8Array
}

/** A letter to be. */
export interface LetterDraft {
  readonly random: Random
  readonly kem: XWing
  readonly sender: AccountKey
  /** Sequence of the sender's current account record, by which the recipient sees whether it knows that. */
  readonly recordSequence: number
  /**
   * The sender's account record as it travels, for a recipient who may not have it: a stranger, or after a change. Left
   * out of a letter in which it has no room.
   */
  readonly senderRecord?: Uint8Array
  /** The recipient's account key, 32 bytes. */
  readonly recipientAccount: Uint8Array
  /** The recipient's nodes, 1 to 16. */
  readonly recipients: readonly LetterRecipient[]
  readonly stanza: Uint8Array
  /** Ms since 1970 UTC; the same when a message is sealed again. */
  readonly sentMs: number
  /** The sending node's message id, 1 to 256 bytes of UTF-8; the same when a message is sealed again. */
  readonly messageId: string
}

/**
 * Seals a letter: signs it, pads it so that the result has exactly one of `LETTER_SIZES_BYTES`, and encrypts it to every
 * node of the recipient. docs/protocol/sealed-letters.md
 *
 * @throws LetterError: `too-large`, or `bad-prekey` when a recipient's public key is none
 */
export function sealLetter(draft: LetterDraft): Uint8Array {
  const { random, recipientAccount, recipients } = draft
  assert(recipientAccount.length === PUBLIC_KEY_BYTES, `an account key has ${PUBLIC_KEY_BYTES} bytes`)
  const wraps = wrapCount(recipients.length)
  const letterKey = random.bytes(LETTER_KEY_BYTES)
  const { key, commitment } = letterSecrets(letterKey)
  const { content, size } = fitted(draft, commitment, wraps)
  const header = { commitment, wraps: wrapsFor(draft, letterKey, commitment, wraps) }
  const body = aeadSeal(bodyParameters(key, header), pad(content, letterCapacity(size, wraps)))
  const sealed = sealedLetter.encode({ ...header, body })
  assert(sealed.length === size, `a letter of ${size} bytes came out with ${sealed.length}`)
  return sealed
}

/** The signed content, with the sender's record if that fits, and the size of the letter for it. */
function fitted(
  draft: LetterDraft,
  commitment: Uint8Array,
  wraps: number,
): { readonly content: Uint8Array; readonly size: number } {
  const { senderRecord = new Uint8Array(0) } = draft
  for (const record of [senderRecord, new Uint8Array(0)]) {
    if (record.length + draft.stanza.length <= letterCapacity(LETTER_MAX_BYTES, wraps)) {
      const content = signed(draft, commitment, record)
      const size = letterSize(content.length, wraps)
      if (size !== undefined) {
        return { content, size }
      }
    }
  }
  throw new LetterError('too-large', `a stanza of ${draft.stanza.length} bytes has no room in a letter`)
}

function signed(draft: LetterDraft, commitment: Uint8Array, record: Uint8Array): Uint8Array {
  const { sender, recordSequence, sentMs, messageId, stanza } = draft
  const said: LetterStatement = { sender: sender.publicKey, recordSequence, sentMs, messageId, stanza, record }
  const statement = letterStatement.encode(said)
  return letterContent.encode({
    statement,
    signature: sender.sign(signedBytes(draft.recipientAccount, commitment, statement)),
  })
}

function wrapsFor(draft: LetterDraft, letterKey: Uint8Array, commitment: Uint8Array, count: number): Wrap[] {
  const { recipients } = draft
  const wraps: Wrap[] = []
  for (let i = 0; i < count; i++) {
    // Beyond the last node the first ones get a second wrap: nobody can tell it from one for another node.
    const recipient = recipients[i % recipients.length]
    assert(recipient !== undefined, 'there is a recipient')
    wraps.push(wrapFor(draft, recipient, letterKey, commitment))
  }
  return wraps
}

function wrapFor(draft: LetterDraft, recipient: LetterRecipient, letterKey: Uint8Array, commitment: Uint8Array): Wrap {
  const { random, kem, recipientAccount } = draft
  const context = { ...wrapContext(recipientAccount, commitment), random }
  const message = hpkeSeal(kem, recipient.publicKey, letterKey, context)
  if (message === undefined) {
    throw new LetterError('bad-prekey', 'a prekey of the recipient is no X-Wing public key')
  }
  // Published prekeys are not named, so that nobody who knows an account's record can find the letters for it.
  const hint = recipient.singleUseId ?? random.bytes(HINT_BYTES)
  return { hint, encapsulated: message.encapsulated, key: message.ciphertext }
}
