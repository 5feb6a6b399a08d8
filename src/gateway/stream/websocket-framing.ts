import { type Element, element as makeElement } from '../../xml/element.ts'
import { parseElement } from '../../xml/parser.ts'
import { serialize } from '../../xml/serializer.ts'
import type { StreamEvent } from '../../xml/stream-parser.ts'
import { XmlError } from '../../xml/xml-error.ts'
import type { XmlLimits } from '../../xml/xml-limits.ts'
import { NS_CLIENT, NS_STREAM } from '../../xmpp/namespaces.ts'
import type { HeaderAttributes, StreamFraming } from './stream-framing.ts'
import { NS_FRAMING } from './stream-namespaces.ts'
import { writeWithPrefix } from './tcp-framing.ts'

/** A stream as text frames of one element each (RFC 7395 §3.3). */
export class WebsocketFraming implements StreamFraming {
  #limits: XmlLimits
  #frames: string[] = []
  #bufferedBytes = 0
  #isOpen = false

  constructor(limits: XmlLimits) {
    this.#limits = limits
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  push(data: Uint8Array | string): void {
    if (typeof data !== 'string') {
      // RFC 7395 §3.2: text frames only.
      throw new XmlError('not-well-formed', 'a binary frame')
    }
    this.#frames.push(data)
    this.#bufferedBytes += data.length
  }

  next(): StreamEvent | undefined {
    const frame = this.#frames.shift()
    if (frame === undefined) {
      return undefined
    }
    this.#bufferedBytes -= frame.length
    const element = parseElement(frame, this.#limits)
    if (element.namespace === NS_FRAMING && element.name === 'close') {
      return { type: 'end' }
    }
    if (this.#isOpen) {
      return { type: 'element', element }
    }
    this.#isOpen = true
    // RFC 7395 §3.4: `<open/>` stands for the header, with the same attributes.
    const isOpening = element.namespace === NS_FRAMING && element.name === 'open'
    const header = isOpening ? makeElement('stream', NS_STREAM, element.attributes) : element
    return { type: 'header', header: { element: header, prefix: 'stream', defaultNamespace: NS_CLIENT } }
  }

  setLimits(limits: XmlLimits): void {
    this.#limits = limits
  }

  restart(): void {
    this.#isOpen = false
  }

  discard(): boolean {
    const had = this.#frames.length > 0
    this.#frames = []
    this.#bufferedBytes = 0
    return had
  }

  header({ id, from, to }: HeaderAttributes): string {
    return serialize(makeElement('open', NS_FRAMING, { id, from, to, version: '1.0', 'xml:lang': 'en' }))
  }

  /** RFC 7395 §3.3.3: each frame declares its namespaces itself. */
  write(element: Element): string {
    return element.namespace === NS_STREAM
      ? writeWithPrefix(element, ` xmlns:stream="${NS_STREAM}"`, '')
      : serialize(element)
  }

  stanza(text: string): string {
    return text.replace(/^<[a-z]+/, `$& xmlns="${NS_CLIENT}"`)
  }

  footer(): string {
    return serialize(makeElement('close', NS_FRAMING))
  }
}
