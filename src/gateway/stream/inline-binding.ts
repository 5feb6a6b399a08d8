import { toBase64, toHex, toUtf8 } from '../../util/bytes.ts'
import { type Element, element } from '../../xml/element.ts'
import { NS_STANZAS } from '../../xmpp/namespaces.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import type { Login } from '../sasl/sasl-exchange.ts'
import { hashOf } from '../sasl/scram-keys.ts'
import { bindSession } from './bind-session.ts'
import { BindStage } from './bind-stage.ts'
import { resumeSession, whenHandled } from './resumption.ts'
import { enableManagement, SessionStage } from './session-stage.ts'
import type { StreamControl } from './stream-control.ts'
import { NS_BIND2, NS_CARBONS_INLINE, NS_CLIENT_STATE, NS_SASL2, NS_SM } from './stream-namespaces.ts'
import type { StreamParts } from './stream-parts.ts'
import type { StreamSession } from './stream-session.ts'

/** Longest part of a resource that a client chooses with Bind 2, in UTF-16 code units; a random part follows. */
const MAX_TAG_LENGTH = 64
/** Part of a resource that tells installations apart. */
const RESOURCE_BYTES = 8

/** A login by SASL2 that has succeeded. */
export interface Sasl2Login {
  readonly stream: StreamControl
  readonly parts: StreamParts
  readonly login: Login
  /** The `<authenticate/>`, with what is to happen after login. */
  readonly request: Element
  /** What the mechanism says last. */
  readonly data: Uint8Array | undefined
}

interface Inline {
  readonly results: readonly Element[]
  readonly session: StreamSession | undefined
}

/** Answers a login by SASL2 (XEP-0388 §2.6.1), with resumption or Bind 2 (XEP-0386) if the client asks for it. */
export function finishSasl2(finished: Sasl2Login): void {
  const { stream, parts, login, request } = finished
  whenHandled(request.child('resume', NS_SM), login, parts, stream, () => answer(finished))
}

function answer(finished: Sasl2Login): void {
  const { stream, parts, login, data } = finished
  const { results, session } = inline(finished)
  const additional = data === undefined ? [] : [element('additional-data', NS_SASL2, {}, [toBase64(data)])]
  const jid = session?.bound.jid.toString() ?? login.account
  const identifier = element('authorization-identifier', NS_SASL2, {}, [jid])
  stream.send(element('success', NS_SASL2, {}, [...additional, identifier, ...results]))
  if (session === undefined) {
    const stage = new BindStage(stream, parts, login)
    stream.enter(stage)
    stream.send(stage.features())
    return
  }
  const stage = new SessionStage(stream, parts, session)
  stream.send(stage.features())
  stage.begin()
}

/** XEP-0386 §4.2: resumption first, binding if there was none. */
function inline(login: Sasl2Login): Inline {
  const { request, parts } = login
  const results: Element[] = []
  const resume = request.child('resume', NS_SM)
  if (resume !== undefined) {
    const { answer, session } = resumeSession(resume, login.login, parts)
    results.push(answer)
    if (session !== undefined) {
      return { results, session }
    }
  }
  const bind = request.child('bind', NS_BIND2)
  if (bind === undefined) {
    return { results, session: undefined }
  }
  const bound = bindInline(login, bind)
  return { results: [...results, ...bound.results], session: bound.session }
}

function bindInline({ stream, parts, login, request }: Sasl2Login, bind: Element): Inline {
  try {
    const session = bindSession(stream, parts, login, `${tagOf(bind)}${uniquePart(request, login, parts)}`)
    return { results: [element('bound', NS_BIND2, {}, switchOn(session, bind))], session }
  } catch (error) {
    if (!(error instanceof StanzaError)) {
      throw error
    }
    // The specification names no failure; the client is logged in and may bind once more.
    const condition = element(error.condition, NS_STANZAS)
    return { results: [element('failed', NS_BIND2, {}, [condition])], session: undefined }
  }
}

/** XEP-0386 §4.2.1: what the client calls itself comes first. */
function tagOf(bind: Element): string {
  const tag = bind.child('tag')?.text().slice(0, MAX_TAG_LENGTH).toWellFormed() ?? ''
  return tag === '' ? '' : `${tag}/`
}

/** The same for each login of one installation, so that its new session takes the place of the one it has forgotten. */
function uniquePart(request: Element, { account }: Login, { random }: StreamParts): string {
  const installation = request.child('user-agent')?.attribute('id')
  const bytes =
    installation === undefined ? random.bytes(RESOURCE_BYTES) : hashOf('sha256', toUtf8(account + installation))
  return toHex(bytes.subarray(0, RESOURCE_BYTES))
}

/** What a client wants to be on from the beginning; the answers to it. */
function switchOn(session: StreamSession, bind: Element): Element[] {
  if (bind.child('enable', NS_CARBONS_INLINE) !== undefined) {
    session.bound.setCarbons(true)
  }
  if (bind.child('inactive', NS_CLIENT_STATE) !== undefined) {
    session.bound.setActive(false)
  }
  const enable = bind.child('enable', NS_SM)
  return enable === undefined ? [] : [enableManagement(session, enable)]
}
