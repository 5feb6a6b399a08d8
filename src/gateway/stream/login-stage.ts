import { type Element, element } from '../../xml/element.ts'
import { StreamError } from '../../xmpp/stream-error.ts'

import { loginFeatures } from './offered-features.ts'
import { refuseEarly } from './refuse-early.ts'
import { SaslNegotiation } from './sasl-negotiation.ts'
import type { StreamControl, StreamStage } from './stream-control.ts'
import { NS_SASL, NS_SASL2, NS_TLS } from './stream-namespaces.ts'
import type { StreamParts } from './stream-parts.ts'

/** A stream whose client is not known yet: TLS and SASL, nothing else. */
export class LoginStage implements StreamStage {
  readonly #stream: StreamControl
  readonly #parts: StreamParts
  readonly #sasl: SaslNegotiation

  constructor(stream: StreamControl, parts: StreamParts) {
    this.#stream = stream
    this.#parts = parts
    this.#sasl = new SaslNegotiation(stream, parts)
  }

  features(): Element {
    return loginFeatures(this.#stream.connection)
  }

  take(request: Element): void {
    switch (request.namespace) {
      case NS_TLS:
        this.#takeTls(request)
        break
      case NS_SASL:
      case NS_SASL2:
        this.#sasl.take(request)
        break
      default:
        refuseEarly(request, this.#stream)
    }
  }

  /** RFC 6120 §5.4.2. */
  #takeTls({ name }: Element): void {
    const stream = this.#stream
    if (name !== 'starttls') {
      throw new StreamError('unsupported-stanza-type')
    }
    if (!stream.connection.canStartTls) {
      // §5.4.2.2: failure, and the stream ends.
      stream.send(element('failure', NS_TLS))
      throw new StreamError('unsupported-feature')
    }
    // What stands behind the request was sent in clear, by whomever (CVE-2011-0411 and the like).
    if (stream.discard()) {
      throw new StreamError('policy-violation', 'Nothing may follow a request for TLS.')
    }
    const release = stream.hold()
    stream.send(element('proceed', NS_TLS))
    stream.connection.startTls().then(
      () => {
        stream.restart(new LoginStage(stream, this.#parts))
        release()
      },
      // The connection is closed, and says so itself.
      () => undefined,
    )
  }
}
