import { type Element, element as makeElement } from '../../xml/element.ts'
import { serialize } from '../../xml/serializer.ts'
import { type StreamEvent, StreamParser } from '../../xml/stream-parser.ts'
import { XmlError } from '../../xml/xml-error.ts'
import type { XmlLimits } from '../../xml/xml-limits.ts'
import { NS_CLIENT, NS_STREAM } from '../../xmpp/namespaces.ts'
import type { HeaderAttributes, StreamFraming } from './stream-framing.ts'

/** A stream as one XML document (RFC 6120 §4). */
export class TcpFraming implements StreamFraming {
  readonly #parser: StreamParser

  constructor(limits: XmlLimits) {
    this.#parser = new StreamParser(limits)
  }

  get bufferedBytes(): number {
    return this.#parser.bufferedBytes
  }

  push(data: Uint8Array | string): void {
    if (typeof data === 'string') {
      throw new XmlError('not-well-formed', 'a text frame on a byte stream')
    }
    this.#parser.push(data)
  }

  next(): StreamEvent | undefined {
    return this.#parser.next()
  }

  setLimits(limits: XmlLimits): void {
    this.#parser.setLimits(limits)
  }

  restart(): void {
    this.#parser.restart()
  }

  discard(): boolean {
    return this.#parser.discard()
  }

  header({ id, from, to }: HeaderAttributes): string {
    const attributes = serialize(makeElement('a', '', { id, from, to, version: '1.0', 'xml:lang': 'en' })).slice(2, -2)
    return `<?xml version='1.0'?><stream:stream xmlns="${NS_CLIENT}" xmlns:stream="${NS_STREAM}"${attributes}>`
  }

  write(element: Element): string {
    return element.namespace === NS_STREAM ? writeWithPrefix(element, '', NS_CLIENT) : serialize(element, NS_CLIENT)
  }

  stanza(text: string): string {
    return text
  }

  footer(): string {
    return '</stream:stream>'
  }
}

/** RFC 6120 §4.8.5: features and errors carry the prefix `stream`, for which some clients look. They have no attributes. */
export function writeWithPrefix({ name, children }: Element, declaration: string, parentNamespace: string): string {
  const content = children.map((child) => (typeof child === 'string' ? '' : serialize(child, parentNamespace)))
  return `<stream:${name}${declaration}>${content.join('')}</stream:${name}>`
}
