import { type Element, element } from '../../xml/element.ts'

/** Stream features of the sessions: roster versioning (RFC 6121 §2.6.1), pre-approval (§3.4). */
export const STREAM_FEATURES: readonly Element[] = [
  element('ver', 'urn:xmpp:features:rosterver'),
  element('sub', 'urn:xmpp:features:pre-approval'),
]
