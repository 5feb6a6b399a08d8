import { toUtf8 } from '../../util/bytes.ts'
import type { Element } from '../../xml/element.ts'
import { parseElement } from '../../xml/parser.ts'
import { serialize } from '../../xml/serializer.ts'
import { XmlError } from '../../xml/xml-error.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'

/** An element as it is kept on disk. */
export interface StoredXml {
  readonly text: string
  /** UTF-8 bytes of the text. */
  readonly bytes: number
}

/**
 * Writes an element that is to be kept. Standing alone it may need more declarations than in its stanza, and so exceed a
 * limit that its stanza has met; what could not be read again is not kept.
 *
 * @throws StanzaError `not-acceptable`
 */
export function storedXml(content: Element): StoredXml {
  try {
    const text = serialize(content)
    parseElement(text)
    return { text, bytes: toUtf8(text).length }
  } catch (error) {
    if (error instanceof XmlError) {
      throw new StanzaError('not-acceptable', 'This is too large or too deep to be kept.', { cause: error })
    }
    throw error
  }
}
