import type { Element } from '../../xml/element.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import type { Feature, FeatureRequest } from '../features/feature.ts'
import { NS_CARBONS } from './carbons.ts'
import type { SessionRegistry } from './session-registry.ts'

/** Turns message carbons on and off for the asking client (XEP-0280 §4, §5). */
export class CarbonsFeature implements Feature {
  readonly payloads: Feature['payloads'] = { account: [NS_CARBONS], server: [NS_CARBONS] }
  // XEP-0280 §3: discovered at the server.
  readonly disco: NonNullable<Feature['disco']> = {
    server: [NS_CARBONS, 'urn:xmpp:carbons:rules:0'],
    account: [NS_CARBONS, 'urn:xmpp:carbons:rules:0'],
  }
  readonly #registry: SessionRegistry

  constructor(registry: SessionRegistry) {
    this.#registry = registry
  }

  async handle({ session: asking, type, payload }: FeatureRequest): Promise<Element | undefined> {
    const session = this.#registry.byResource(asking?.jid.resource ?? '')
    if (session === undefined || session !== asking) {
      throw new StanzaError('service-unavailable')
    }
    if (type !== 'set' || (payload.name !== 'enable' && payload.name !== 'disable')) {
      throw new StanzaError('bad-request')
    }
    session.hasCarbons = payload.name === 'enable'
    this.#registry.changed(session)
    return undefined
  }
}
