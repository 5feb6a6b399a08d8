import { badInput } from './cli-error.ts'

/** Longest text of a message, bytes: escaped for XML and with its stanza around it, it stays under 256 KiB in any language. */
export const MAX_TEXT_BYTES = 204_800

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what XML 1.0 §2.2 excludes
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

/**
 * Checks what somebody wants to send: not empty, not too long, and only characters that XML can carry (XML 1.0 §2.2).
 *
 * @throws CliError
 */
export function checkMessageText(text: string): string {
  if (text.trim() === '') {
    throw badInput('the message is empty')
  }
  const bytes = new TextEncoder().encode(text).length
  if (bytes > MAX_TEXT_BYTES) {
    throw badInput(`the message has ${bytes} bytes, at most ${MAX_TEXT_BYTES} can be sent at once`)
  }
  if (!text.isWellFormed()) {
    throw badInput('the message is not valid Unicode')
  }
  const illegal = NOT_IN_XML.exec(text)?.[0]
  if (illegal !== undefined) {
    const code = illegal.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    throw badInput(`the message has a character that XMPP cannot carry (U+${code})`)
  }
  return text
}
