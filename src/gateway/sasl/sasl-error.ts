/** Why a login failed (RFC 6120 §6.5). */
export type SaslErrorCondition =
  | 'aborted'
  | 'encryption-required'
  | 'incorrect-encoding'
  | 'invalid-authzid'
  | 'invalid-mechanism'
  | 'malformed-request'
  | 'not-authorized'

/** Thrown by a SASL exchange; `condition` is what the client is told. */
export class SaslError extends Error {
  override readonly name = 'SaslError'
  readonly condition: SaslErrorCondition

  constructor(condition: SaslErrorCondition, message: string = condition, options?: ErrorOptions) {
    super(message, options)
    this.condition = condition
  }
}
