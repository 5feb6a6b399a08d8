// The entry for XMPP clients of a node, such as the commands of its owner: a small part of src/index.ts, which loads the
// whole node and takes three times as long as a command may.
export { NS_OWNER } from './gateway/features/owner/owner-requests.ts'
export { type Contact, parseAddress } from './identity/contact-uri.ts'
export { IdentityError } from './identity/identity-error.ts'
export { Element, element } from './xml/element.ts'
export { serialize } from './xml/serializer.ts'
export { StreamParser } from './xml/stream-parser.ts'
export { type Availability, availabilityOf } from './xmpp/availability.ts'
export { NS_CLIENT } from './xmpp/namespaces.ts'
export { StanzaError } from './xmpp/stanza-error.ts'
