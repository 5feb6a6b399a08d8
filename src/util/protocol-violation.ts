/**
 * A peer did what its protocol forbids. The stream on which it happened is closed and the peer is counted against;
 * it never travels beyond `protocol/`.
 */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation'
  /** A short constant word for logs, counters and error frames, in the vocabulary of the protocol. */
  readonly reason: string

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
