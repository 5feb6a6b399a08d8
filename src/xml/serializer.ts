import { assert } from '../util/assert.ts'
import type { Element } from './element.ts'
import { XmlError } from './xml-error.ts'
import { isNamespace, isNcName, NS_XML } from './xml-name.ts'

/**
 * Elements within each other that can be written. Twice what the parser takes, because what was received may be
 * wrapped (carbons, archive); it bounds the recursion.
 */
const MAX_SERIALIZED_DEPTH = 128

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what XML 1.0 §2.2 excludes
const ILLEGAL = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, and what has to be escaped or looked at
const SPECIAL_IN_TEXT = /[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const SPECIAL_IN_ATTRIBUTE = /[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]/
const ESCAPED_IN_TEXT = /[&<>\r]/g
const ESCAPED_IN_ATTRIBUTE = /[&<>"\t\n\r]/g

/** White space is escaped too: a parser would turn it into spaces (attributes) or line feeds (CR). */
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/**
 * Writes an element so that parsing it gives an equal one. `xmlns` is declared where the namespace differs from the
 * parent's, for the outermost element from `parentNamespace`.
 *
 * @throws XmlError `not-well-formed` for characters that XML cannot carry, illegal names and namespaces
 */
export function serialize(element: Element, parentNamespace = ''): string {
  if (element !== last?.element || parentNamespace !== last.parentNamespace) {
    last = { element, parentNamespace, text: writeElement(element, parentNamespace, 1) }
  }
  return last.text
}

/**
 * What is written to one place is often written to another next: outbox and archive, every client of an account. Shared by
 * all nodes of a process: it changes what a call costs, never what it answers, for elements are immutable.
 */
let last: { readonly element: Element; readonly parentNamespace: string; readonly text: string } | undefined

function writeElement(element: Element, parentNamespace: string, depth: number): string {
  const { name, namespace, attributes, children } = element
  assert(depth <= MAX_SERIALIZED_DEPTH, 'elements nested too deep to be written')
  checkName(name)
  let tag = name
  let inherited = parentNamespace
  let out = `<${name}`
  if (namespace === NS_XML) {
    // This namespace can be named by its own prefix only.
    tag = `xml:${name}`
    out = `<${tag}`
  } else if (namespace !== parentNamespace) {
    checkNamespace(namespace)
    out += ` xmlns="${escapeAttribute(namespace)}"`
    inherited = namespace
  }
  let prefixes: Map<string, string> | undefined
  for (const key in attributes) {
    const value = escapeAttribute(attributes[key] as string)
    if (key.charCodeAt(0) === 0x7b) {
      prefixes ??= new Map()
      out += writeNamespacedAttribute(key, value, prefixes)
    } else {
      checkPlainAttribute(key)
      out += ` ${key}="${value}"`
    }
  }
  if (children.length === 0) {
    return `${out}/>`
  }
  out += '>'
  for (const node of children) {
    out += typeof node === 'string' ? escapeText(node) : writeElement(node, inherited, depth + 1)
  }
  return `${out}</${tag}>`
}

/** ` prefix:local="value"`, after the declaration of the prefix if its namespace is new to this element. */
function writeNamespacedAttribute(key: string, value: string, prefixes: Map<string, string>): string {
  const end = key.lastIndexOf('}')
  const namespace = key.slice(1, end)
  const local = key.slice(end + 1)
  checkName(local)
  checkNamespace(namespace)
  if (namespace === '' || namespace === NS_XML) {
    throw new XmlError('not-well-formed', `attribute ${key} has a shorter name`)
  }
  const known = prefixes.get(namespace)
  if (known !== undefined) {
    return ` ${known}:${local}="${value}"`
  }
  const prefix = `n${prefixes.size}`
  prefixes.set(namespace, prefix)
  return ` xmlns:${prefix}="${escapeAttribute(namespace)}" ${prefix}:${local}="${value}"`
}

function checkName(name: string): void {
  if (!isNcName(name)) {
    throw new XmlError('not-well-formed', `illegal name ${JSON.stringify(name)}`)
  }
}

function checkPlainAttribute(key: string): void {
  if (key === 'xmlns') {
    throw new XmlError('not-well-formed', 'xmlns is no attribute but the namespace of the element')
  }
  checkName(key.startsWith('xml:') ? key.slice('xml:'.length) : key)
}

function checkNamespace(namespace: string): void {
  if (!isNamespace(namespace)) {
    throw new XmlError('not-well-formed', `illegal namespace ${JSON.stringify(namespace)}`)
  }
}

function escapeText(text: string): string {
  if (!SPECIAL_IN_TEXT.test(text)) {
    return text
  }
  checkCharacters(text)
  return text.replace(ESCAPED_IN_TEXT, escapeOf)
}

function escapeAttribute(value: string): string {
  if (!SPECIAL_IN_ATTRIBUTE.test(value)) {
    return value
  }
  checkCharacters(value)
  return value.replace(ESCAPED_IN_ATTRIBUTE, escapeOf)
}

function escapeOf(character: string): string {
  return ESCAPES[character] as string
}

function checkCharacters(text: string): void {
  if (ILLEGAL.test(text) || !text.isWellFormed()) {
    throw new XmlError('not-well-formed', 'character that XML cannot carry')
  }
}
