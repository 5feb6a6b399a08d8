import { SaslError } from './sasl-error.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a SASL message. @throws SaslError `malformed-request` if it is not UTF-8 */
export function decodeSaslText(message: Uint8Array): string {
  try {
    return decoder.decode(message)
  } catch (error) {
    throw new SaslError('malformed-request', 'not UTF-8', { cause: error })
  }
}
