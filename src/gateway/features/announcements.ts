import { NS_STANZA_ID } from '../../xmpp/namespaces.ts'
import type { Feature } from './feature.ts'

/** Best practices for offline messages (XEP-0160 §4). */
const FEATURE_OFFLINE = 'msgoffline'

/** What other parts of the gateway do and disco#info says: offline messages, and stanza ids by the account (XEP-0359 §4). */
export function announcementsFeature(): Feature {
  return {
    payloads: {},
    disco: { server: [FEATURE_OFFLINE, NS_STANZA_ID], account: [NS_STANZA_ID] },
  }
}
