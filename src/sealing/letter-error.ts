/** Why a letter cannot be sealed or opened. */
export type LetterProblem =
  /** Not a letter: its size is no size class, its encoding not the canonical one, or its content breaks a rule. */
  | 'malformed'
  /** None of the prekeys at hand opens it: for somebody else, for another node, or for a prekey already destroyed. */
  | 'not-for-us'
  /** The key was found and does not open the rest, which somebody changed. */
  | 'decrypt'
  /** Not signed by the account it names for this account: forged, or sealed for somebody else and passed on. */
  | 'signature'
  /** The sender's record inside is damaged or another account's. */
  | 'sender-record'
  /** Sent longer ago than a letter lives, so perhaps a repetition of one already forgotten. */
  | 'expired'
  /** Sent further in the future than clocks differ. */
  | 'not-yet-valid'
  /** Sealing only: the stanza has no room in the largest letter for so many nodes. */
  | 'too-large'
  /** Sealing only: a recipient's prekey is no X-Wing public key. */
  | 'bad-prekey'

/** A letter is refused, or cannot be made. When opening, it is about bytes a stranger may have sent. */
export class LetterError extends Error {
  override readonly name = 'LetterError'
  readonly reason: LetterProblem

  constructor(reason: LetterProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
