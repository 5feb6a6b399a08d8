import { toBase64 } from '../../util/bytes.ts'
import { type Element, element } from '../../xml/element.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import { decodeBase64 } from '../sasl/base64.ts'
import { beginExchange, offeredMechanisms } from '../sasl/mechanisms.ts'
import { SaslError } from '../sasl/sasl-error.ts'
import type { Login, SaslExchange, SaslStep } from '../sasl/sasl-exchange.ts'
import { BindStage } from './bind-stage.ts'
import { finishSasl2 } from './inline-binding.ts'
import { type SaslProfile, saslProfile } from './sasl-profile.ts'
import type { StreamControl } from './stream-control.ts'
import { NS_SASL, NS_SASL2 } from './stream-namespaces.ts'
import type { StreamParts } from './stream-parts.ts'

/**
 * Failed attempts on one stream (RFC 6120 §6.4.5 wants 2 to 5 to be tried again). COMPAT(slixmpp and poezio 1.8): on TLS
 * 1.3 four fail, for want of tls-unique, before PLAIN.
 */
const MAX_FAILURES = 6

interface Running {
  readonly profile: SaslProfile
  /** The element that began it: with SASL2 it says what is to happen after login. */
  readonly request: Element
  readonly exchange: SaslExchange
}

/** The SASL exchanges of one stream (RFC 6120 §6, XEP-0388). */
export class SaslNegotiation {
  readonly #stream: StreamControl
  readonly #parts: StreamParts
  #running: Running | undefined
  #failures = 0

  constructor(stream: StreamControl, parts: StreamParts) {
    this.#stream = stream
    this.#parts = parts
  }

  take(element: Element): void {
    const profile = saslProfile(element.namespace)
    try {
      const request = profile.request(element)
      if (request !== undefined) {
        const exchange = this.#begin(request.mechanism)
        this.#running = { profile, request: element, exchange }
        const first = request.initialResponse
        // RFC 4422 §3: who may speak first and does not is asked to.
        const step: SaslStep =
          first === undefined
            ? { type: 'challenge', data: new Uint8Array(0) }
            : exchange.respond(decodeResponse(first, profile))
        this.#step(this.#running, step)
      } else {
        this.#continue(element, profile)
      }
    } catch (error) {
      if (!(error instanceof SaslError)) {
        throw error
      }
      this.#fail(error, profile)
    }
  }

  #begin(mechanism: string): SaslExchange {
    const { passwords, users, random } = this.#parts
    const { connection } = this.#stream
    const mechanisms = offeredMechanisms(connection)
    return beginExchange(mechanism, { passwords, users, random, tls: connection.tls(), mechanisms })
  }

  #continue(element: Element, profile: SaslProfile): void {
    const running = this.#running
    if (element.name === 'abort') {
      throw new SaslError('aborted')
    }
    if (element.name !== 'response') {
      throw new StreamError('unsupported-stanza-type')
    }
    if (running === undefined || running.profile !== profile) {
      throw new SaslError('malformed-request', 'a response to nothing')
    }
    this.#step(running, running.exchange.respond(decodeResponse(element.text().trim(), profile)))
  }

  #step(running: Running, step: SaslStep): void {
    if (step.type === 'challenge') {
      this.#stream.send(running.profile.challenge(step.data))
      return
    }
    const { login, data } = step
    const claimed = this.#stream.claimedAccount
    // RFC 6120 §6.3.8, XEP-0388 §2.3: the stream says who it is for, too.
    if (claimed !== undefined && claimed !== login.account) {
      throw new SaslError('invalid-authzid')
    }
    this.#running = undefined
    this.#parts.logger.debug('logged in', { mechanism: running.request.attribute('mechanism') })
    this.#succeed(running, login, data)
  }

  #succeed({ profile, request }: Running, login: Login, data: Uint8Array | undefined): void {
    const stream = this.#stream
    if (login.passwordName !== undefined) {
      this.#parts.passwords.used(login.account, login.passwordName)
    }
    stream.loggedIn(login)
    if (profile.namespace === NS_SASL2) {
      finishSasl2({ stream, parts: this.#parts, login, request, data })
      return
    }
    stream.send(element('success', NS_SASL, {}, data === undefined ? [] : [toBase64(data)]))
    // RFC 6120 §6.4.6.
    stream.restart(new BindStage(stream, this.#parts, login))
  }

  #fail(error: SaslError, profile: SaslProfile): void {
    const userName = this.#running?.exchange.userName ?? ''
    this.#running = undefined
    this.#failures++
    this.#parts.logger.debug('login failed', { condition: error.condition })
    const delayMs = error.condition === 'not-authorized' ? this.#parts.throttle.delayMs(userName) : 0
    if (delayMs === 0) {
      this.#answerFailure(error, profile)
      return
    }
    const release = this.#stream.hold()
    this.#parts.clock.schedule(delayMs, () => {
      this.#answerFailure(error, profile)
      release()
    })
  }

  #answerFailure(error: SaslError, profile: SaslProfile): void {
    this.#stream.send(profile.failure(error.condition))
    if (this.#failures >= MAX_FAILURES) {
      // RFC 6120 §6.4.5 and §13.12.
      this.#stream.fail(new StreamError('policy-violation', 'Too many failed logins.'))
    }
  }
}

/** RFC 6120 §6.4.2: `=` stands for an empty response, where an element without text would be none. */
function decodeResponse(text: string, profile: SaslProfile): Uint8Array {
  return decodeBase64(text === '=' && profile.namespace === NS_SASL ? '' : text)
}
