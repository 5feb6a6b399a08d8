import { element } from '../../xml/element.ts'
import type { Feature, FeatureContext, FeatureRequest } from './feature.ts'
import { notUnderstood, ownerSession } from './request-target.ts'

/** Software version (XEP-0092). */
const NS_VERSION = 'jabber:iq:version'
const PROGRAM_NAME = 'Kabber'

/** Tells the owner which program this is (XEP-0092 §2), not on which system it runs (§4). */
export function softwareVersionFeature({ gateway }: Pick<FeatureContext, 'gateway'>): Feature {
  const namespaces = [NS_VERSION]
  return {
    payloads: { server: namespaces },
    disco: { server: namespaces },
    handle: async (request: FeatureRequest) => {
      ownerSession(request)
      if (request.type !== 'get' || request.payload.name !== 'query') {
        throw notUnderstood()
      }
      const name = element('name', NS_VERSION, {}, [PROGRAM_NAME])
      const version = element('version', NS_VERSION, {}, [gateway.version])
      return element('query', NS_VERSION, {}, [name, version])
    },
  }
}
