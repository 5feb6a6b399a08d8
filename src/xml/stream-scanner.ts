import { XmlError } from './xml-error.ts'

/** A part of an XML stream that is complete: its XML declaration, its header, a child element, its end tag. */
export type StreamPart = 'declaration' | 'header' | 'element' | 'end'

type State = 'start' | 'between' | 'text' | 'tag-open' | 'tag' | 'end-tag' | 'section' | 'cdata' | 'declaration'

const LESS = 0x3c
const GREATER = 0x3e
const SLASH = 0x2f
const BANG = 0x21
const QUESTION = 0x3f
const APOSTROPHE = 0x27
const QUOTE = 0x22
const BRACKET = 0x5d
const CDATA = new TextEncoder().encode('[CDATA[')
const DECLARATION = new TextEncoder().encode('<?xml')

/**
 * Finds where the parts of an XML stream end, byte by byte, without reading what they say: a part goes to the parser
 * when it is whole. Where the two disagree on the end of a part, the parser finds no complete element in it, so nothing
 * can be smuggled past it.
 *
 * Each byte is looked at once, however they are cut into pieces.
 */
export class StreamScanner {
  readonly #maxDepth: number
  readonly #isLenient: boolean
  #state: State = 'start'
  /** Open elements within the stream. */
  #depth = 0
  #hasHeader = false
  #quote = 0
  #previous = 0
  /** Bytes of `<![CDATA[` or `<?xml` that were matched, or of `]]>` and `?>`. */
  #matched = 0

  /** `isLenient`: white space may stand in front of the XML declaration, as it does between two streams. */
  constructor(maxDepth: number, isLenient: boolean) {
    this.#maxDepth = maxDepth
    this.#isLenient = isLenient
  }

  /**
   * Looks at the bytes from `start` to `end`.
   *
   * @returns the part that ends first and the index after it; undefined: none does
   * @throws XmlError
   */
  scan(bytes: Uint8Array, start: number, end: number): { part: StreamPart; end: number } | undefined {
    // `indexOf` would look at what lies behind `end`, each time anew.
    const seen = end === bytes.length ? bytes : bytes.subarray(0, end)
    for (let at = start; at < end; at++) {
      if (this.#state === 'text') {
        const less = seen.indexOf(LESS, at)
        if (less === -1) {
          return undefined
        }
        at = less
      }
      const part = this.#take(bytes[at] as number)
      if (part !== undefined) {
        return { part, end: at + 1 }
      }
    }
    return undefined
  }

  #take(byte: number): StreamPart | undefined {
    switch (this.#state) {
      case 'tag':
        return this.#takeInTag(byte)
      case 'end-tag':
        return byte === GREATER ? this.#closeElement() : refuseLess(byte)
      case 'text':
        this.#state = 'tag-open'
        return undefined
      case 'tag-open':
        this.#takeAfterLess(byte)
        return undefined
      case 'start':
      case 'between':
        this.#takeBetween(byte)
        return undefined
      case 'section':
        this.#takeSectionStart(byte)
        return undefined
      case 'cdata':
        this.#takeInSection(byte)
        return undefined
      case 'declaration':
        return this.#takeInDeclaration(byte)
    }
  }

  #takeBetween(byte: number): void {
    if (byte === LESS) {
      this.#matched = this.#state === 'start' ? 1 : 0
      this.#state = 'tag-open'
    } else if (!isSpace(byte)) {
      throw new XmlError('not-well-formed', 'text outside of an element')
    } else if (!this.#isLenient) {
      // XML 1.0 §2.8: a declaration comes first or not at all.
      this.#state = 'between'
    }
  }

  #takeAfterLess(byte: number): void {
    const mayDeclare = this.#matched === 1
    this.#matched = 0
    if (byte === SLASH && this.#hasHeader) {
      this.#state = 'end-tag'
      return
    }
    if (byte === BANG && this.#depth > 0) {
      this.#state = 'section'
      return
    }
    if (byte === QUESTION && mayDeclare && !this.#hasHeader) {
      this.#state = 'declaration'
      this.#matched = 2
      return
    }
    if (byte === BANG || byte === QUESTION) {
      throw new XmlError('restricted-xml', 'a declaration, comment or processing instruction')
    }
    if (!isNameStart(byte)) {
      throw new XmlError('not-well-formed', 'a tag without a name')
    }
    this.#state = 'tag'
    this.#previous = byte
  }

  #takeInTag(byte: number): StreamPart | undefined {
    if (this.#quote !== 0) {
      if (byte === this.#quote) {
        this.#quote = 0
        this.#previous = byte
      }
      return refuseLess(byte)
    }
    if (byte === GREATER) {
      return this.#openElement(this.#previous === SLASH)
    }
    if (byte === QUOTE || byte === APOSTROPHE) {
      this.#quote = byte
    }
    this.#previous = byte
    return refuseLess(byte)
  }

  #openElement(isEmpty: boolean): StreamPart | undefined {
    if (!this.#hasHeader) {
      if (isEmpty) {
        // A stream that ends with its header is of no use to anybody.
        throw new XmlError('not-well-formed', 'an empty stream')
      }
      this.#hasHeader = true
      this.#state = 'between'
      return 'header'
    }
    if (isEmpty) {
      this.#state = this.#depth === 0 ? 'between' : 'text'
      return this.#depth === 0 ? 'element' : undefined
    }
    this.#depth++
    if (this.#depth > this.#maxDepth) {
      throw new XmlError('policy-violation', 'elements nested too deep')
    }
    this.#state = 'text'
    return undefined
  }

  #closeElement(): StreamPart | undefined {
    if (this.#depth === 0) {
      return 'end'
    }
    this.#depth--
    this.#state = this.#depth === 0 ? 'between' : 'text'
    return this.#depth === 0 ? 'element' : undefined
  }

  #takeSectionStart(byte: number): void {
    if (byte !== CDATA[this.#matched]) {
      throw new XmlError('restricted-xml', 'a declaration or comment')
    }
    this.#matched++
    if (this.#matched === CDATA.length) {
      this.#matched = 0
      this.#state = 'cdata'
    }
  }

  #takeInSection(byte: number): void {
    if (byte === BRACKET) {
      this.#matched++
    } else if (byte === GREATER && this.#matched >= 2) {
      this.#state = 'text'
      this.#matched = 0
    } else {
      this.#matched = 0
    }
  }

  #takeInDeclaration(byte: number): StreamPart | undefined {
    if (this.#matched < DECLARATION.length) {
      if (byte !== DECLARATION[this.#matched]) {
        throw new XmlError('restricted-xml', 'a processing instruction')
      }
      this.#matched++
      this.#previous = 0
      return undefined
    }
    if (byte === GREATER && this.#previous === QUESTION) {
      this.#state = 'between'
      this.#matched = 0
      return 'declaration'
    }
    this.#previous = byte
    return refuseLess(byte)
  }
}

function refuseLess(byte: number): undefined {
  if (byte === LESS) {
    throw new XmlError('not-well-formed', 'a tag within a tag')
  }
  return undefined
}

/** White space of XML 1.0 §2.3, in UTF-8. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Letters, underline and colon; others are for `isName` to refuse, so that the same error is given everywhere. */
function isNameStart(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte === 0x3a || byte >= 0x80
  )
}
