import type { Element } from '../../xml/element.ts'
import { iqType, stanzaKind } from '../../xmpp/stanza.ts'
import type { Login } from '../sasl/sasl-exchange.ts'
import type { StreamControl } from './stream-control.ts'
import { NS_BIND } from './stream-namespaces.ts'
import type { StreamParts } from './stream-parts.ts'
import { StreamSession } from './stream-session.ts'

/**
 * Binds a resource to an authenticated stream (RFC 6120 §7). What is delivered to the session waits until it is attached.
 *
 * @throws StanzaError
 */
export function bindSession(
  stream: StreamControl,
  parts: StreamParts,
  login: Login,
  resource: string | undefined,
): StreamSession {
  const session = new StreamSession(parts, login, stream)
  const { account, passwordName } = login
  session.begin(parts.host.bind({ account, resource, passwordName, port: session }))
  return session
}

/** The `<bind/>` of an iq that asks for a resource, else undefined. */
export function bindRequest(request: Element): Element | undefined {
  return stanzaKind(request) === 'iq' && iqType(request) === 'set' ? request.child('bind', NS_BIND) : undefined
}
