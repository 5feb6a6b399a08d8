import { type Element, element } from '../../xml/element.ts'
import { NS_STANZAS } from '../../xmpp/namespaces.ts'
import type { Login } from '../sasl/sasl-exchange.ts'
import { HandledTooMuch } from './handled-too-much.ts'
import { readCounter } from './sm-counter.ts'
import { NS_SM } from './stream-namespaces.ts'
import type { StreamParts } from './stream-parts.ts'
import type { StreamSession } from './stream-session.ts'

/** What came of a request to resume a session. */
export interface Resumption {
  /** `<resumed/>` or `<failed/>`. */
  readonly answer: Element
  readonly session: StreamSession | undefined
}

/**
 * Takes up a session whose stream has broken (XEP-0198 §5). Only the account that had it can, and only once: then the id
 * names the session on its new stream.
 *
 * @throws StreamError
 */
export function resumeSession(request: Element, login: Login, { sessions }: StreamParts): Resumption {
  const previd = request.attribute('previd') ?? ''
  const h = readCounter(request.attribute('h'))
  const session = h === undefined ? undefined : sessions.find(previd, login.account)
  if (h === undefined || session === undefined) {
    const handled = sessions.endedCount(previd, login.account)
    const condition = element(h === undefined ? 'bad-request' : 'item-not-found', NS_STANZAS)
    const attributes = handled === undefined ? {} : { h: String(handled) }
    return { answer: element('failed', NS_SM, attributes, [condition]), session: undefined }
  }
  if (session.passwordName !== login.passwordName) {
    // The session would outlive the revocation of the password that its client uses now.
    session.passwordName = login.passwordName
  }
  const { sentCount } = session
  if (!session.resume(h)) {
    throw new HandledTooMuch(h, sentCount)
  }
  return { answer: element('resumed', NS_SM, { h: String(session.handledCount), previd }), session }
}
