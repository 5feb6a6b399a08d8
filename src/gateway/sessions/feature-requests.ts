import type { Logger } from '../../system/logger.ts'
import { assert } from '../../util/assert.ts'
import type { Element } from '../../xml/element.ts'
import type { Jid } from '../../xmpp/jid.ts'
import { replyTo } from '../../xmpp/stanza.ts'
import { errorReply, StanzaError } from '../../xmpp/stanza-error.ts'
import type { ClientSession } from '../client-session.ts'
import type { Feature, FeatureTarget } from '../features/feature.ts'

/** An iq get or set for the server. */
export interface ServerRequest {
  readonly iq: Element
  readonly target: FeatureTarget
  readonly from: Jid
  /** Undefined: somebody else over the network. */
  readonly session: ClientSession | undefined
}

/** Finds the feature of an account that answers an iq: by the namespace of its payload and by its address. */
export class FeatureRequests {
  readonly #logger: Logger
  readonly #features = new Map<string, Feature>()

  constructor(logger: Logger, features: readonly Feature[]) {
    this.#logger = logger
    for (const feature of features) {
      for (const [target, namespaces] of Object.entries(feature.payloads)) {
        for (const namespace of namespaces) {
          const key = `${target} ${namespace}`
          assert(!this.#features.has(key), `two features answer ${key}`)
          this.#features.set(key, feature)
        }
      }
    }
  }

  /** Resolves with the iq that answers; never rejects. */
  async answer(request: ServerRequest): Promise<Element> {
    try {
      return replyTo(request.iq, await this.#handle(request))
    } catch (error) {
      return errorReply(request.iq, this.#stanzaError(error, request)) ?? request.iq
    }
  }

  async #handle({ iq, target, from, session }: ServerRequest): Promise<Element | undefined> {
    const [payload] = iq.elements()
    const feature = this.#features.get(`${target} ${payload?.namespace ?? ''}`)
    // RFC 6120 §8.4: what the server does not know.
    if (payload === undefined || feature?.handle === undefined) {
      throw new StanzaError('service-unavailable')
    }
    const type = iq.attribute('type') === 'set' ? 'set' : 'get'
    return await feature.handle({ iq, type, payload, from, session })
  }

  #stanzaError(error: unknown, { iq }: ServerRequest): StanzaError {
    if (error instanceof StanzaError) {
      return error
    }
    this.#logger.error('a feature failed', { payload: iq.elements()[0]?.namespace, reason: String(error) })
    return new StanzaError('internal-server-error')
  }
}
