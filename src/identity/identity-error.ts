/** What is wrong with a text a person typed, pasted or scanned. */
export type IdentityProblem =
  /** Not of the form it should have. */
  | 'malformed'
  /** Above a length limit. */
  | 'too-long'
  /** An address that is not an XID of a usable key. */
  | 'address'
  /** A checksum that does not fit: mistyped or misheard. */
  | 'checksum'
  /** A contact URI without checksum. */
  | 'checksum-missing'
  /** A recovery phrase that has not 24 words. */
  | 'word-count'
  /** A word that is not in the BIP-39 list. */
  | 'unknown-word'

/** An address, contact URI or recovery phrase cannot be accepted; the message says why in words for the person. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError'
  readonly reason: IdentityProblem

  constructor(reason: IdentityProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
