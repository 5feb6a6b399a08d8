/** Stanzas between a client and its server, and between nodes (RFC 6120 §4.8.3). */
export const NS_CLIENT = 'jabber:client'
/** Stanza error conditions (RFC 6120 §8.3.2). */
export const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas'
/** The stream element, its features and errors (RFC 6120 §4.8.1). */
export const NS_STREAM = 'http://etherx.jabber.org/streams'
/** Stream error conditions (RFC 6120 §4.9.2). */
export const NS_STREAMS = 'urn:ietf:params:xml:ns:xmpp-streams'
/** Chat state notifications (XEP-0085). */
export const NS_CHAT_STATES = 'http://jabber.org/protocol/chatstates'
/** Delayed delivery (XEP-0203). */
export const NS_DELAY = 'urn:xmpp:delay'
/** Service discovery (XEP-0030). */
export const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info'
/** Message processing hints (XEP-0334). */
export const NS_HINTS = 'urn:xmpp:hints'
/** XMPP ping (XEP-0199). */
export const NS_PING = 'urn:xmpp:ping'
/** Message delivery receipts (XEP-0184). */
export const NS_RECEIPTS = 'urn:xmpp:receipts'
/** Unique and stable stanza ids (XEP-0359). */
export const NS_STANZA_ID = 'urn:xmpp:sid:0'
/** Data forms (XEP-0004). */
export const NS_DATA_FORMS = 'jabber:x:data'
/** Items of service discovery (XEP-0030). */
export const NS_DISCO_ITEMS = 'http://jabber.org/protocol/disco#items'
/** Forwarded stanzas (XEP-0297). */
export const NS_FORWARD = 'urn:xmpp:forward:0'
/** Result set management (XEP-0059). */
export const NS_RESULT_SET = 'http://jabber.org/protocol/rsm'
/** Bookmarks of rooms as items of their own (XEP-0402). */
export const NS_BOOKMARKS = 'urn:xmpp:bookmarks:1'
/** Bookmarks in one element, in private storage or one item (XEP-0048). */
export const NS_BOOKMARKS_LEGACY = 'storage:bookmarks'
/** User nickname (XEP-0172). */
export const NS_NICKNAME = 'http://jabber.org/protocol/nick'
/** Avatars: the images (XEP-0084 §4.2.1). */
export const NS_AVATAR_DATA = 'urn:xmpp:avatar:data'
/** Avatars: what there is (XEP-0084 §4.2.2). */
export const NS_AVATAR_METADATA = 'urn:xmpp:avatar:metadata'
/** vCards (XEP-0054). */
export const NS_VCARD = 'vcard-temp'
