import { type Element, element } from '../../xml/element.ts'
import { NS_STANZAS } from '../../xmpp/namespaces.ts'
import type { Login } from '../sasl/sasl-exchange.ts'
import { HandledTooMuch } from './handled-too-much.ts'
import { readCounter } from './sm-counter.ts'
import type { StreamControl } from './stream-control.ts'
import { NS_SM } from './stream-namespaces.ts'
import type { StreamParts } from './stream-parts.ts'
import type { StreamSession } from './stream-session.ts'

/** Time that stanzas under way have to be handled before their session is resumed. */
const HANDLING_MS = 5_000

/** What came of a request to resume a session. */
export interface Resumption {
  /** `<resumed/>` or `<failed/>`. */
  readonly answer: Element
  readonly session: StreamSession | undefined
}

/**
 * Calls `go` when the session that is to be resumed has handled what it was sent: what `resumed` does not count the client
 * sends again, and others would get it twice.
 */
export function whenHandled(
  request: Element | undefined,
  login: Login,
  { sessions, clock }: StreamParts,
  stream: StreamControl,
  go: () => void,
): void {
  const session = sessions.find(request?.attribute('previd') ?? '', login.account)
  if (session === undefined || session.isIdle) {
    go()
    return
  }
  const release = stream.hold()
  let isDone = false
  const proceed = (): void => {
    if (!isDone) {
      isDone = true
      timer.cancel()
      stream.attempt(go)
      release()
    }
  }
  const timer = clock.schedule(HANDLING_MS, proceed)
  session.whenIdle(proceed)
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
