import type { Element } from '../../xml/element.ts'
import type { StreamEvent } from '../../xml/stream-parser.ts'
import type { XmlLimits } from '../../xml/xml-limits.ts'

/** What we say in the header of our side of a stream (RFC 6120 §4.7). */
export interface HeaderAttributes {
  readonly id: string
  readonly from: string
  /** Whom the client said it was; undefined: nothing. */
  readonly to: string | undefined
}

/** How a stream is cut into elements: TCP and Unix sockets carry one long document, WebSockets a frame each. */
export interface StreamFraming {
  push(data: Uint8Array | string): void
  /** The next event, or undefined when more data is needed. @throws XmlError after which the stream is over */
  next(): StreamEvent | undefined
  /** Bytes (or characters) that came and were not given out. */
  readonly bufferedBytes: number
  setLimits(limits: XmlLimits): void
  /** A new header follows on both sides (RFC 6120 §4.3.3). */
  restart(): void
  /** Forgets what came and was not given out. True if that was more than white space. */
  discard(): boolean
  header(attributes: HeaderAttributes): string
  /** @throws XmlError for what XML cannot carry */
  write(element: Element): string
  /** A stanza that was written as a child of a stream, ready for this one. */
  stanza(text: string): string
  footer(): string
}
