import type { Feature } from '../features/feature.ts'

/** Session establishment (RFC 3921 §3). */
const NS_SESSION = 'urn:ietf:params:xml:ns:xmpp-session'

/** COMPAT(libpurple, mcabber, strophe.js): they ask for a session, which is there already since RFC 6121. */
export const sessionFeature: Feature = {
  payloads: { account: [NS_SESSION], server: [NS_SESSION] },
  handle: async () => undefined,
}
