import { DEFAULT_XML_LIMITS, type XmlLimits } from '../../xml/xml-limits.ts'

/** Before login a client may send no more than RFC 6120 §13.12 guarantees it: it costs memory before it is known. */
export const LOGIN_XML_LIMITS: XmlLimits = { ...DEFAULT_XML_LIMITS, maxBytes: 10_000, maxDepth: 16, maxElements: 256 }

/**
 * After login. Fewer attributes and elements than between nodes: what the node adds to a stanza (`from`, `id`, ids of the
 * archive) must not make one that is taken from a client one that no other node takes. And 8,192 elements are 25 ms of work
 * until they are on disk and with their recipient, while 16,384 stall everybody for more than 50 ms.
 */
export const CLIENT_XML_LIMITS: XmlLimits = { ...DEFAULT_XML_LIMITS, maxAttributes: 56, maxElements: 8_192 }
