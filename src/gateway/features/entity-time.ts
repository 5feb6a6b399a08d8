import { stampToText } from '../../util/date-time.ts'
import { element } from '../../xml/element.ts'
import type { Feature, FeatureContext, FeatureRequest } from './feature.ts'
import { notUnderstood, ownerSession } from './request-target.ts'

/** Entity time (XEP-0202). */
const NS_TIME = 'urn:xmpp:time'

/** Tells the owner what time it is here, in UTC (XEP-0202 §3). */
export function entityTimeFeature({ clock }: Pick<FeatureContext, 'clock'>): Feature {
  const namespaces = [NS_TIME]
  return {
    payloads: { server: namespaces },
    disco: { server: namespaces },
    handle: async (request: FeatureRequest) => {
      ownerSession(request)
      if (request.type !== 'get' || request.payload.name !== 'time') {
        throw notUnderstood()
      }
      const utc = element('utc', NS_TIME, {}, [stampToText(Math.trunc(clock.wallMs()))])
      return element('time', NS_TIME, {}, [element('tzo', NS_TIME, {}, ['+00:00']), utc])
    },
  }
}
