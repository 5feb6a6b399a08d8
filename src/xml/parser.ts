import { SaxesParser } from 'saxes'
import type { Element } from './element.ts'
import type { NamespaceScope } from './namespace-scope.ts'
import { refuseRestrictedMarkup } from './restricted-markup.ts'
import { TreeBuilder } from './tree-builder.ts'
import { XmlError } from './xml-error.ts'
import { DEFAULT_XML_LIMITS, type XmlLimits } from './xml-limits.ts'

const BYTE_ORDER_MARK = 0xfeff

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** An element, and the namespaces in force inside it. */
export interface ScopedElement {
  readonly element: Element
  readonly scope: NamespaceScope
}

/**
 * Reads a frame that holds exactly one XML element, with nothing but white space around it. `scope` holds the namespaces
 * that were declared around it, by the header of a stream say.
 *
 * @throws XmlError
 */
export function parseElement(
  frame: Uint8Array | string,
  limits: XmlLimits = DEFAULT_XML_LIMITS,
  scope?: NamespaceScope,
): Element {
  return parseScopedElement(frame, limits, scope).element
}

/** As `parseElement`, with the namespaces that the element declares for what is inside it. @throws XmlError */
export function parseScopedElement(
  frame: Uint8Array | string,
  limits: XmlLimits,
  scope?: NamespaceScope,
): ScopedElement {
  const text = typeof frame === 'string' ? checkText(frame, limits) : decodeText(frame, limits)
  // RFC 6120 §11.6: U+FEFF is never a byte order mark; saxes would skip it.
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) {
    throw new XmlError('not-well-formed', 'text outside of the element')
  }
  refuseRestrictedMarkup(text)
  const builder = new TreeBuilder(limits, scope)
  parseInto(builder, text)
  return { element: builder.take(), scope: builder.outermostScope }
}

function decodeText(bytes: Uint8Array, limits: XmlLimits): string {
  checkLength(bytes.length, limits)
  try {
    return decoder.decode(bytes)
  } catch (error) {
    throw new XmlError('unsupported-encoding', 'not UTF-8', { cause: error })
  }
}

function checkText(text: string, limits: XmlLimits): string {
  checkLength(text.length, limits)
  if (!text.isWellFormed()) {
    throw new XmlError('unsupported-encoding', 'lone surrogate')
  }
  // A UTF-16 code unit is at most three bytes of UTF-8.
  if (text.length * 3 > limits.maxBytes) {
    checkLength(encoder.encode(text).length, limits)
  }
  return text
}

function checkLength(bytes: number, limits: XmlLimits): void {
  if (bytes > limits.maxBytes) {
    throw new XmlError('policy-violation', `more than ${limits.maxBytes} bytes`)
  }
}

/**
 * One parser a frame: to keep one gains 2 % on small stanzas (measured) and would carry state past an error.
 *
 * Seven handlers and no more: with an eighth V8 turns the parser into a dictionary, three to five times slower. So
 * comments and their like have none here; `refuseRestrictedMarkup` has seen to them.
 */
function parseInto(builder: TreeBuilder, text: string): void {
  const parser = new SaxesParser({ xmlns: false, position: false })
  parser.on('opentagstart', (tag) => builder.openTagStart(tag.name))
  parser.on('attribute', (attribute) => builder.attribute(attribute.name))
  parser.on('opentag', (tag) => builder.openTag(tag.name, tag.attributes))
  parser.on('closetag', () => builder.closeTag())
  parser.on('text', (data) => builder.text(data))
  parser.on('cdata', (data) => builder.text(data))
  parser.on('error', (error) => {
    throw new XmlError('not-well-formed', error.message)
  })
  parser.write(text).close()
}
