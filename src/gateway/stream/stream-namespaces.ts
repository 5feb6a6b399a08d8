/** STARTTLS (RFC 6120 §5). */
export const NS_TLS = 'urn:ietf:params:xml:ns:xmpp-tls'
/** SASL, and the conditions of its failures (RFC 6120 §6). */
export const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl'
/** Extensible SASL profile (XEP-0388). */
export const NS_SASL2 = 'urn:xmpp:sasl:2'
/** Announcement of channel bindings (XEP-0440). */
export const NS_CHANNEL_BINDING = 'urn:xmpp:sasl-cb:0'
/** Resource binding (RFC 6120 §7). */
export const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind'
/** Resource binding inside of SASL2 (XEP-0386). */
export const NS_BIND2 = 'urn:xmpp:bind:0'
/** Session establishment, without any effect since RFC 6121 (RFC 3921 §3). */
export const NS_SESSION = 'urn:ietf:params:xml:ns:xmpp-session'
/** Stream management (XEP-0198). */
export const NS_SM = 'urn:xmpp:sm:3'
/** Client state indication (XEP-0352). */
export const NS_CLIENT_STATE = 'urn:xmpp:csi:0'
/** Stream limits (XEP-0478). */
export const NS_LIMITS = 'urn:xmpp:stream-limits:0'
/** Requests for stream compression (XEP-0138), which is never offered. */
export const NS_COMPRESS = 'http://jabber.org/protocol/compress'
/** XMPP over WebSocket (RFC 7395). */
export const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing'
/** Message carbons (XEP-0280), enabled inside of Bind 2. */
export const NS_CARBONS_INLINE = 'urn:xmpp:carbons:2'
