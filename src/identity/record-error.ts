/** Why an account record is not accepted. */
export type RecordProblem =
  /** Not the canonical encoding of a record, or its content breaks a rule. */
  | 'malformed'
  /** Not signed by the account it names. */
  | 'signature'
  /** Signed by another account than the one asked for. */
  | 'wrong-account'
  | 'expired'
  /** Issued further in the future than clocks differ. */
  | 'not-yet-valid'
  | 'too-large'

/** An account record is refused. It may come from a peer, so callers count it against whoever sent it. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
  readonly reason: RecordProblem

  constructor(reason: RecordProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
