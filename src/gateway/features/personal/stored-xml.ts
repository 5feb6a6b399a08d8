import { toUtf8 } from '../../../util/bytes.ts'
import type { Element } from '../../../xml/element.ts'
import { serialize } from '../../../xml/serializer.ts'

/** An element as it is kept on disk. */
export interface StoredXml {
  readonly text: string
  /** UTF-8 bytes of the text. */
  readonly bytes: number
}

/** Writes an element that is to be kept. What was read can be written and read again (`XmlLimits.maxAttributes`). */
export function storedXml(content: Element): StoredXml {
  const text = serialize(content)
  return { text, bytes: toUtf8(text).length }
}
