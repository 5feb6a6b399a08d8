import type { Element } from './element.ts'
import type { NamespaceScope } from './namespace-scope.ts'
import { parseElement, parseScopedElement } from './parser.ts'
import { isSpace, type StreamPart, StreamScanner } from './stream-scanner.ts'
import { XmlError } from './xml-error.ts'
import type { XmlLimits } from './xml-limits.ts'

/** Smallest buffer for what is not complete yet, in bytes. */
const MIN_BUFFER_BYTES = 256

const XML_DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(["'])1\.0\1(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(["'])([A-Za-z][A-Za-z0-9._-]*)\2)?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(["'])(?:yes|no)\4)?[ \t\r\n]*\?>$/

const TAG_NAME = /^<\/?([^\s/>]*)/

/** The start tag of a stream (RFC 6120 §4.7), as it was written: which prefix is wrong must be told. */
export interface StreamHeader {
  readonly element: Element
  /** Empty for none. */
  readonly prefix: string
  /** The default namespace inside the stream, empty for none. */
  readonly defaultNamespace: string
}

/** What an XML stream consists of. */
export type StreamEvent =
  | { readonly type: 'header'; readonly header: StreamHeader }
  | { readonly type: 'element'; readonly element: Element }
  | { readonly type: 'end' }

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Incremental parser of an XML stream (RFC 6120 §4): bytes in, in pieces of any size, then header, child elements and end
 * out, one at a call. So whoever reads may stop at any of them, for a restart or to let others have their turn.
 *
 * Bytes of an element that is not complete are kept as they are, up to `limits.maxBytes`, and parsed when it is: memory
 * is what the other side has sent, and time is linear, whatever the pieces.
 */
export class StreamParser {
  #limits: XmlLimits
  #scanner: StreamScanner
  #scope: NamespaceScope | undefined
  #tagName = ''
  /** What came and was not given out: from `#start`, scanned up to `#scanned`, to `#end`. */
  #buffer: Uint8Array = new Uint8Array(0)
  #start = 0
  #scanned = 0
  #end = 0
  #ownsBuffer = false

  constructor(limits: XmlLimits) {
    this.#limits = limits
    this.#scanner = new StreamScanner(limits.maxDepth, false)
  }

  /** Bytes that came and were not given out. */
  get bufferedBytes(): number {
    return this.#end - this.#start
  }

  /** Limits for elements that are not complete yet. */
  setLimits(limits: XmlLimits): void {
    this.#limits = limits
  }

  /** Takes bytes; they must not change afterwards. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) {
      return
    }
    if (this.#start === this.#end) {
      this.#buffer = bytes
      this.#start = 0
      this.#scanned = 0
      this.#end = bytes.length
      this.#ownsBuffer = false
      return
    }
    if (!this.#ownsBuffer || this.#end + bytes.length > this.#buffer.length) {
      this.#makeRoom(bytes.length)
    }
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** The next event, or undefined when more bytes are needed. @throws XmlError after which the stream is over */
  next(): StreamEvent | undefined {
    while (this.#scanned < this.#end) {
      const found = this.#scanner.scan(this.#buffer, this.#scanned, this.#end)
      this.#scanned = found?.end ?? this.#end
      this.#skipSpace()
      if (this.#scanned - this.#start > this.#limits.maxBytes) {
        throw new XmlError('policy-violation', `more than ${this.#limits.maxBytes} bytes`)
      }
      if (found === undefined) {
        this.#keepRest()
        return undefined
      }
      const event = this.#read(found.part, this.#buffer.subarray(this.#start, found.end))
      this.#start = found.end
      if (event !== undefined) {
        return event
      }
    }
    return undefined
  }

  /** A new stream begins on the same connection (RFC 6120 §4.3.3); what came after the last event belongs to it. */
  restart(): void {
    this.#scanner = new StreamScanner(this.#limits.maxDepth, true)
    this.#scope = undefined
    this.#scanned = this.#start
  }

  /**
   * Forgets what came: before TLS begins, nothing that came in clear may be read as if it came in TLS. True if that was
   * more than white space.
   */
  discard(): boolean {
    const hadMore = this.#buffer.subarray(this.#start, this.#end).some((byte) => !isSpace(byte))
    this.#start = this.#end
    this.#keepRest()
    return hadMore
  }

  #read(part: StreamPart, bytes: Uint8Array): StreamEvent | undefined {
    switch (part) {
      case 'declaration':
        checkDeclaration(decode(bytes))
        return undefined
      case 'header':
        return { type: 'header', header: this.#readHeader(decode(bytes)) }
      case 'element':
        return { type: 'element', element: parseElement(bytes, this.#limits, this.#scope) }
      case 'end':
        if (decode(bytes).replace(/[ \t\r\n]*>$/, '>') !== `</${this.#tagName}>`) {
          throw new XmlError('not-well-formed', 'the end tag of another element')
        }
        return { type: 'end' }
    }
  }

  #readHeader(tag: string): StreamHeader {
    const { element, scope } = parseScopedElement(`${tag.slice(0, -1)}/>`, this.#limits)
    this.#scope = scope
    this.#tagName = TAG_NAME.exec(tag)?.[1] ?? ''
    const colon = this.#tagName.indexOf(':')
    const prefix = colon === -1 ? '' : this.#tagName.slice(0, colon)
    return { element, prefix, defaultNamespace: scope.defaultNamespace }
  }

  /** White space between parts is keepalive (RFC 6120 §4.6.1) and not kept; a part begins with `<`. */
  #skipSpace(): void {
    while (this.#start < this.#scanned && isSpace(this.#buffer[this.#start] as number)) {
      this.#start++
    }
  }

  /** A piece of the machine's is given back: 64 KiB of it may hang on one byte of ours. */
  #keepRest(): void {
    if (this.#start === this.#end) {
      this.#buffer = new Uint8Array(0)
      this.#start = 0
      this.#scanned = 0
      this.#end = 0
      this.#ownsBuffer = false
    } else if (!this.#ownsBuffer) {
      this.#makeRoom(0)
    }
  }

  #makeRoom(more: number): void {
    const length = this.#end - this.#start
    if (this.#ownsBuffer && length + more <= this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#start, this.#end)
    } else {
      const needed = Math.max(MIN_BUFFER_BYTES, length + more)
      // Twice what is needed, so that single bytes cost no more than long pieces; but more than the limit never is.
      const roomy = this.#ownsBuffer ? Math.min(2 * needed, this.#limits.maxBytes + 1) : needed
      const grown = new Uint8Array(Math.max(needed, roomy))
      grown.set(this.#buffer.subarray(this.#start, this.#end))
      this.#buffer = grown
      this.#ownsBuffer = true
    }
    this.#scanned -= this.#start
    this.#start = 0
    this.#end = length
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (error) {
    throw new XmlError('unsupported-encoding', 'not UTF-8', { cause: error })
  }
}

/** RFC 6120 §11.5 and §11.6. */
function checkDeclaration(text: string): void {
  const found = XML_DECLARATION.exec(text)
  if (found === null) {
    if (!/^<\?xml[ \t\r\n]/.test(text)) {
      throw new XmlError('restricted-xml', 'a processing instruction')
    }
    throw new XmlError('not-well-formed', 'malformed XML declaration')
  }
  const encoding = found[3]
  if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') {
    throw new XmlError('unsupported-encoding', `encoding ${encoding}`)
  }
}
