import { DEFAULT_XML_LIMITS, type XmlLimits } from '../../xml/xml-limits.ts'

/** Before login a client may send no more than RFC 6120 §13.12 guarantees it: it costs memory before it is known. */
export const LOGIN_XML_LIMITS: XmlLimits = { ...DEFAULT_XML_LIMITS, maxBytes: 10_000, maxDepth: 16, maxElements: 256 }

/** After login. */
export const CLIENT_XML_LIMITS: XmlLimits = DEFAULT_XML_LIMITS
