import type { ProtobufMessage } from './protobuf.ts'
import { ProtocolViolation } from './protocol-violation.ts'

/** `message.decode`; for malformed bytes what `otherwise` returns or throws in the words of the caller. */
export function decodedOr<Value, Other>(
  message: ProtobufMessage<Value>,
  bytes: Uint8Array,
  otherwise: (violation: ProtocolViolation) => Other,
  options?: { readonly canonical?: boolean },
): Value | Other {
  try {
    return message.decode(bytes, options)
  } catch (error) {
    if (error instanceof ProtocolViolation) {
      return otherwise(error)
    }
    throw error
  }
}
