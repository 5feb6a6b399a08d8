import { type Element, element } from '../../xml/element.ts'
import { NS_STANZAS } from '../../xmpp/namespaces.ts'
import { stanzaKind } from '../../xmpp/stanza.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import type { StreamControl } from './stream-control.ts'
import { NS_COMPRESS, NS_SM } from './stream-namespaces.ts'

/** Answers what is asked before login or binding and is none of both. @throws StreamError */
export function refuseEarly(request: Element, stream: StreamControl): void {
  if (request.namespace === NS_COMPRESS) {
    // XEP-0138 §3: never offered, for it can be made to unpack without end.
    stream.send(element('failure', NS_COMPRESS, {}, [element('unsupported-method', NS_COMPRESS)]))
    return
  }
  if (request.namespace === NS_SM) {
    // XEP-0198 §3, §5: after binding, or after login instead of it.
    stream.send(element('failed', NS_SM, {}, [element('unexpected-request', NS_STANZAS)]))
    return
  }
  // RFC 6120 §4.9.3.12, §7.1.
  throw new StreamError(stanzaKind(request) === undefined ? 'unsupported-stanza-type' : 'not-authorized')
}
