/** Bounds on one XML element; beyond any of them it is refused with `policy-violation`. */
export interface XmlLimits {
  /**
   * Length of the UTF-8 text, in bytes; counted before anything is parsed. Also of all namespaces when each is written
   * out where it is used: one declared once and used everywhere must not grow to a thousand times the frame.
   */
  readonly maxBytes: number
  /** Elements within each other, the outermost included. */
  readonly maxDepth: number
  /** Attributes of one element, namespace declarations included, as read and as they would be written by themselves. */
  readonly maxAttributes: number
  /** Elements in all: 4 bytes of `<a/>` cost about 50 times as much as a tree. */
  readonly maxElements: number
  /** Length of a namespace, or of a name with its prefix, in characters; the longest in use are about 80 and 40. */
  readonly maxNameLength: number
}

/** The limits between nodes (docs/protocol: stanza streams) and, once authenticated, of clients. */
export const DEFAULT_XML_LIMITS: XmlLimits = {
  maxBytes: 262_144,
  maxDepth: 64,
  maxAttributes: 64,
  maxElements: 16_384,
  maxNameLength: 256,
}
