import { ProtocolViolation } from '../../util/protocol-violation.ts'

/** How a peer broke the mailbox protocol; such a peer's stream is closed and the peer counted against. */
export type MailboxViolationReason =
  /** A frame longer than `FRAME_MAX_BYTES`, or no such message. */
  | 'malformed'
  /** More unanswered requests than allowed. */
  | 'too-many-requests'
  /** A request id that is still waiting for its answer. */
  | 'repeated-request'
  /** An answer nobody asked for, or of the wrong kind. */
  | 'unexpected-answer'
  /** It does not read its answers. */
  | 'slow-reader'
  /** An answer, grant or stop that belongs to no collection, or not to this moment of it. */
  | 'unexpected-request'
  /** More than the window of a collection allows. */
  | 'flow-control'
  /** Too many signatures that are not the mailbox's. */
  | 'signature'
  /** A receipt that the custodian has not signed, or for longer than letters are kept. */
  | 'receipt'
  /** A letter that was not asked for, or without a good permit or proof of work. */
  | 'replica'
  /** Differences out of the range that was asked for, or that do not end. */
  | 'differences'

/** A peer did what the mailbox protocol forbids. */
export class MailboxViolation extends ProtocolViolation {
  constructor(reason: MailboxViolationReason, message: string, options?: ErrorOptions) {
    super(reason, message, options)
  }
}

/** Why a peer gave no usable answer. */
export type MailboxFailure =
  /** No answer in time. */
  | 'timeout'
  /** The stream broke or was closed before the answer. */
  | 'broken'
  /** The peer broke the protocol; `cause` is the violation. */
  | 'violation'
  /** The peer would not answer, such as for too many requests. */
  | 'refused'
  /** Too many of our own requests to that peer wait already. */
  | 'busy'
  /** This client was stopped. */
  | 'stopped'

/** An exchange with a peer failed; another peer may do better. */
export class MailboxError extends Error {
  override readonly name = 'MailboxError'
  readonly failure: MailboxFailure

  constructor(failure: MailboxFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}
