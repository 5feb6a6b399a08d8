import { RecordError } from '../../identity/record-error.ts'
import { ProtocolViolation } from '../../util/protocol-violation.ts'
import { XmlError } from '../../xml/xml-error.ts'
import { StreamError, type StreamErrorCondition } from '../../xmpp/stream-error.ts'

/** What a peer is told, and the word under which it is counted. */
export interface Refusal {
  readonly error: StreamError
  readonly reason: string
}

/** Conditions after which the session may be resumed; after all others both sides forget it. */
const RESUMABLE: ReadonlySet<StreamErrorCondition> = new Set<StreamErrorCondition>([
  'conflict',
  'connection-timeout',
  'reset',
  'resource-constraint',
])

/** Whether a session outlives a stream that ended with this condition. */
export function isResumable(condition: StreamErrorCondition): boolean {
  return RESUMABLE.has(condition)
}

/** The refusal for what a peer did wrong, or undefined if `error` is nothing of that kind. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof StreamError) {
    const { cause, condition } = error
    return { error, reason: cause instanceof RecordError ? `record-${cause.reason}` : condition }
  }
  if (error instanceof XmlError) {
    return { error: new StreamError(error.condition, error.message), reason: error.condition }
  }
  if (error instanceof ProtocolViolation) {
    return { error: new StreamError('policy-violation', error.message), reason: error.reason }
  }
  return undefined
}
