import { NS_PING } from '../../xmpp/namespaces.ts'
import type { Feature, FeatureRequest } from './feature.ts'
import { notUnderstood } from './request-target.ts'

/** XMPP ping (XEP-0199 §4.1, §4.2): whoever reaches us hears so. */
export function pingFeature(): Feature {
  const namespaces = [NS_PING]
  return {
    payloads: { account: namespaces, server: namespaces, upload: namespaces },
    disco: { account: namespaces, server: namespaces, upload: namespaces },
    handle: async (request: FeatureRequest) => {
      if (request.type !== 'get' || request.payload.name !== 'ping') {
        throw notUnderstood()
      }
      return undefined
    },
  }
}
