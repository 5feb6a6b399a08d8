import { element } from '../../xml/element.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import type { Feature, FeatureRequest } from './feature.ts'
import { notUnderstood, ownerSession } from './request-target.ts'

/** External service discovery (XEP-0215). */
const NS_EXTERNAL_SERVICES = 'urn:xmpp:extdisco:2'

/** Answers that no STUN or TURN service is known (XEP-0215 §3): there are no servers behind a node. */
export function externalServicesFeature(): Feature {
  const namespaces = [NS_EXTERNAL_SERVICES]
  return {
    payloads: { server: namespaces },
    disco: { server: namespaces },
    handle: async (request: FeatureRequest) => {
      ownerSession(request)
      if (request.type === 'get' && request.payload.name === 'services') {
        // §3.2: the type that was asked for is repeated.
        const type = request.payload.attribute('type')
        return element('services', NS_EXTERNAL_SERVICES, { type })
      }
      if (request.type === 'get' && request.payload.name === 'credentials') {
        throw new StanzaError('item-not-found', 'There is no such service.')
      }
      throw notUnderstood()
    },
  }
}
