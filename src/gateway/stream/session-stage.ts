import { type Element, element } from '../../xml/element.ts'
import { Jid } from '../../xmpp/jid.ts'
import { NS_CLIENT, NS_STANZAS } from '../../xmpp/namespaces.ts'
import { iqType, replyTo, stanzaKind } from '../../xmpp/stanza.ts'
import { errorReply, StanzaError } from '../../xmpp/stanza-error.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import { AckReplies } from './ack-replies.ts'
import { bindRequest } from './bind-session.ts'
import { HandledTooMuch } from './handled-too-much.ts'
import { boundFeatures } from './offered-features.ts'
import { refuseEarly } from './refuse-early.ts'
import { readCounter } from './sm-counter.ts'
import type { StreamControl, StreamStage } from './stream-control.ts'
import { NS_CLIENT_STATE, NS_COMPRESS, NS_SESSION, NS_SM } from './stream-namespaces.ts'
import type { StreamParts } from './stream-parts.ts'
import type { StreamSession } from './stream-session.ts'
import { RESUMPTION_MS } from './stream-sessions.ts'

/** A stream with a bound session: stanzas, stream management (XEP-0198) and client state (XEP-0352). */
export class SessionStage implements StreamStage {
  readonly #stream: StreamControl
  readonly #parts: StreamParts
  readonly #session: StreamSession
  readonly #replies: AckReplies

  constructor(stream: StreamControl, parts: StreamParts, session: StreamSession) {
    this.#stream = stream
    this.#parts = parts
    this.#session = session
    this.#replies = new AckReplies(stream, session, parts.clock)
  }

  /** To be called when the client has been told that it is bound or resumed: from then on stanzas flow. */
  begin(): void {
    this.#stream.enter(this)
    this.#stream.bound(this.#session)
    this.#session.attach(this.#stream, () => this.#replies.progress())
  }

  features(): Element {
    return boundFeatures(this.#parts.host.features(this.#session.account))
  }

  take(request: Element): void {
    switch (request.namespace) {
      case NS_CLIENT:
        this.#takeStanza(request)
        break
      case NS_SM:
        this.#takeManagement(request)
        break
      case NS_CLIENT_STATE:
        this.#takeClientState(request)
        break
      case NS_COMPRESS:
        refuseEarly(request, this.#stream)
        break
      default:
        // RFC 6120 §4.9.3.10: a stanza of servers, say.
        throw new StreamError(isStanzaName(request.name) ? 'invalid-namespace' : 'unsupported-stanza-type')
    }
  }

  #takeStanza(stanza: Element): void {
    if (stanzaKind(stanza) === undefined) {
      throw new StreamError('unsupported-stanza-type')
    }
    this.#checkFrom(stanza.attribute('from'))
    const answer = this.#answerOf(stanza)
    if (answer !== undefined) {
      this.#session.handled()
      this.#session.deliver(answer)
      return
    }
    // RFC 6120 §8.1.2.1: whatever it said, this is who it is.
    const from = this.#session.bound.jid.toString()
    const { language } = this.#stream
    // §8.1.5: what people read has the language of the stream, unless it says another.
    const isSpoken = stanza.name !== 'iq' && stanza.attribute('xml:lang') === undefined && language !== undefined
    this.#session.receive(stanza.withAttributes(isSpoken ? { from, 'xml:lang': language } : { from }))
  }

  /** RFC 6120 §8.1.2.1: a client speaks for itself, with its full or bare JID. */
  #checkFrom(from: string | undefined): void {
    const { jid } = this.#session.bound
    if (from === undefined || from === jid.toString()) {
      return
    }
    const claimed = Jid.tryParse(from)
    const account = claimed === undefined ? undefined : this.#parts.users.accountOfJid(claimed.bare().toString())
    const isOwnResource = claimed?.resource === undefined || claimed.resource === jid.resource
    if (account !== this.#session.account || !isOwnResource) {
      throw new StreamError('invalid-from')
    }
  }

  /** What the stream itself answers: another resource, and the session that nobody needs. */
  #answerOf(stanza: Element): Element | undefined {
    if (bindRequest(stanza) !== undefined) {
      // RFC 6120 §7.1: one resource a stream.
      return errorReply(stanza, new StanzaError('not-allowed', 'This stream has its resource.'))
    }
    const isSession = stanzaKind(stanza) === 'iq' && iqType(stanza) === 'set' && stanza.child('session', NS_SESSION)
    return isSession ? replyTo(stanza) : undefined
  }

  #takeManagement(request: Element): void {
    const session = this.#session
    switch (request.name) {
      case 'enable':
        this.#stream.send(enableManagement(session, request))
        break
      case 'r':
        this.#replies.requested()
        break
      case 'a':
        this.#takeAck(request)
        break
      case 'resume':
        // XEP-0198 §5: instead of binding, not after it.
        this.#stream.send(failed('unexpected-request'))
        break
      default:
        throw new StreamError('unsupported-stanza-type')
    }
  }

  #takeAck(request: Element): void {
    const h = readCounter(request.attribute('h'))
    const { isManaged, sentCount } = this.#session
    if (h === undefined || !isManaged) {
      throw new StreamError('bad-format', 'An acknowledgement has a counter h.')
    }
    if (!this.#session.acknowledged(h)) {
      throw new HandledTooMuch(h, sentCount)
    }
  }

  #takeClientState({ name }: Element): void {
    if (name !== 'active' && name !== 'inactive') {
      throw new StreamError('unsupported-stanza-type')
    }
    this.#session.bound.setActive(name === 'active')
  }
}

/** Switches stream management on, and gives the answer: `<enabled/>` or `<failed/>` (XEP-0198 §3). */
export function enableManagement(session: StreamSession, request: Element): Element {
  if (session.isManaged) {
    return failed('unexpected-request')
  }
  const resume = request.attribute('resume')
  session.enableManagement(resume === 'true' || resume === '1')
  const id = session.resumptionId
  const resumption = id === undefined ? {} : { id, resume: 'true', max: String(RESUMPTION_MS / 1_000) }
  return element('enabled', NS_SM, resumption)
}

function failed(condition: string): Element {
  return element('failed', NS_SM, {}, [element(condition, NS_STANZAS)])
}

function isStanzaName(name: string): boolean {
  return name === 'message' || name === 'presence' || name === 'iq'
}
