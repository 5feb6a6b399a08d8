import type { ClientConnection } from '../../system/client-connection.ts'
import { type Element, element } from '../../xml/element.ts'
import { NS_STREAM } from '../../xmpp/namespaces.ts'
import { offeredMechanisms } from '../sasl/mechanisms.ts'
import { IDLE_MS } from './keep-alive.ts'
import { CLIENT_XML_LIMITS, LOGIN_XML_LIMITS } from './stream-limits.ts'
import {
  NS_BIND,
  NS_BIND2,
  NS_CARBONS_INLINE,
  NS_CHANNEL_BINDING,
  NS_CLIENT_STATE,
  NS_LIMITS,
  NS_SASL,
  NS_SASL2,
  NS_SESSION,
  NS_SM,
  NS_TLS,
} from './stream-namespaces.ts'

/** What can be switched on inside of Bind 2 (XEP-0386 §4.1). */
const INLINE_FEATURES = [NS_CARBONS_INLINE, NS_CLIENT_STATE, NS_SM]

/** Stream features before login, in the order in which clients are to look at them (RFC 6120 §4.3.2, §5.3.1, §6.3.1). */
export function loginFeatures(connection: ClientConnection): Element {
  const features: Element[] = []
  if (connection.canStartTls) {
    const required = connection.isLocal ? [] : [element('required', NS_TLS)]
    features.push(element('starttls', NS_TLS, {}, required))
  }
  const mechanisms = offeredMechanisms(connection)
  if (mechanisms.length > 0) {
    features.push(...saslFeatures(connection, mechanisms))
  }
  features.push(limits(LOGIN_XML_LIMITS.maxBytes))
  return element('features', NS_STREAM, {}, features)
}

/** Stream features after login and before a resource is bound (RFC 6120 §7.3). */
export function bindFeatures(others: readonly Element[]): Element {
  return element('features', NS_STREAM, {}, [
    element('bind', NS_BIND, {}, [element('required', NS_BIND)]),
    // COMPAT(libpurple 2, mcabber, Converse.js): they ask for a session; `optional` tells the others not to.
    element('session', NS_SESSION, {}, [element('optional', NS_SESSION)]),
    ...sessionFeatures(others),
  ])
}

/** Stream features when a resource was bound together with the login (XEP-0386). */
export function boundFeatures(others: readonly Element[]): Element {
  return element('features', NS_STREAM, {}, sessionFeatures(others))
}

function sessionFeatures(others: readonly Element[]): Element[] {
  return [element('sm', NS_SM), element('csi', NS_CLIENT_STATE), ...others, limits(CLIENT_XML_LIMITS.maxBytes)]
}

function saslFeatures(connection: ClientConnection, names: readonly string[]): Element[] {
  const inlineBind = INLINE_FEATURES.map((name) => element('feature', NS_BIND2, { var: name }))
  const inline = element('inline', NS_SASL2, {}, [
    element('sm', NS_SM),
    element('bind', NS_BIND2, {}, [element('inline', NS_BIND2, {}, inlineBind)]),
  ])
  return [
    element('mechanisms', NS_SASL, {}, mechanismList(names, NS_SASL)),
    element('authentication', NS_SASL2, {}, [...mechanismList(names, NS_SASL2), inline]),
    ...channelBindings(connection),
  ]
}

function mechanismList(names: readonly string[], namespace: string): Element[] {
  return names.map((name) => element('mechanism', namespace, {}, [name]))
}

/** XEP-0440 §2. */
function channelBindings(connection: ClientConnection): Element[] {
  const types = [...(connection.tls()?.channelBindings.keys() ?? [])]
  const bindings = types.map((type) => element('channel-binding', NS_CHANNEL_BINDING, { type }))
  return bindings.length === 0 ? [] : [element('sasl-channel-binding', NS_CHANNEL_BINDING, {}, bindings)]
}

/** XEP-0478 §4.1. */
function limits(maxBytes: number): Element {
  return element('limits', NS_LIMITS, {}, [
    element('max-bytes', NS_LIMITS, {}, [String(maxBytes)]),
    element('idle-seconds', NS_LIMITS, {}, [String(IDLE_MS / 1_000)]),
  ])
}
