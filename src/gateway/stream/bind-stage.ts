import { type Element, element } from '../../xml/element.ts'
import { replyTo } from '../../xmpp/stanza.ts'
import { errorReply, StanzaError } from '../../xmpp/stanza-error.ts'
import type { Login } from '../sasl/sasl-exchange.ts'
import { bindRequest, bindSession } from './bind-session.ts'
import { bindFeatures } from './offered-features.ts'
import { refuseEarly } from './refuse-early.ts'
import { resumeSession, whenHandled } from './resumption.ts'
import { SessionStage } from './session-stage.ts'
import type { StreamControl, StreamStage } from './stream-control.ts'
import { NS_BIND, NS_SM } from './stream-namespaces.ts'
import type { StreamParts } from './stream-parts.ts'

/** A stream whose client has logged in and has no resource yet (RFC 6120 §7), or takes up an old one (XEP-0198 §5). */
export class BindStage implements StreamStage {
  readonly #stream: StreamControl
  readonly #parts: StreamParts
  readonly #login: Login

  constructor(stream: StreamControl, parts: StreamParts, login: Login) {
    this.#stream = stream
    this.#parts = parts
    this.#login = login
  }

  features(): Element {
    return bindFeatures(this.#parts.host.features(this.#login.account))
  }

  take(request: Element): void {
    if (request.namespace === NS_SM && request.name === 'resume') {
      whenHandled(request, this.#login, this.#parts, this.#stream, () => this.#resume(request))
      return
    }
    const bind = bindRequest(request)
    if (bind === undefined) {
      refuseEarly(request, this.#stream)
      return
    }
    this.#bind(request, bind.child('resource')?.text())
  }

  #bind(iq: Element, resource: string | undefined): void {
    const stream = this.#stream
    try {
      const session = bindSession(stream, this.#parts, this.#login, resource || undefined)
      const jid = element('jid', NS_BIND, {}, [session.bound.jid.toString()])
      stream.send(replyTo(iq, element('bind', NS_BIND, {}, [jid])))
      new SessionStage(stream, this.#parts, session).begin()
    } catch (error) {
      if (!(error instanceof StanzaError)) {
        throw error
      }
      const reply = errorReply(iq, error)
      if (reply !== undefined) {
        stream.send(reply)
      }
    }
  }

  #resume(request: Element): void {
    const outcome = resumeSession(request, this.#login, this.#parts)
    this.#stream.send(outcome.answer)
    if (outcome.session !== undefined) {
      new SessionStage(this.#stream, this.#parts, outcome.session).begin()
    }
  }
}
