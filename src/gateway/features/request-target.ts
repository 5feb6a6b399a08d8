import { Jid } from '../../xmpp/jid.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import type { ClientSession } from '../client-session.ts'
import type { FeatureRequest, FeatureTarget } from './feature.ts'

/** Host name of the upload service, below the domain of all accounts. */
const UPLOAD_LABEL = 'upload'

/** JID of the upload service of a domain. */
export function uploadServiceJid(domain: string): string {
  return `${UPLOAD_LABEL}.${domain}`
}

/** Whom a request is addressed to; without a `to` the own account (RFC 6120 §8.1.1.1). */
export function targetOf(request: FeatureRequest): FeatureTarget {
  const to = Jid.tryParse(request.iq.attribute('to') ?? '')
  if (to === undefined || to.local !== undefined) {
    return 'account'
  }
  return to.domain.startsWith(`${UPLOAD_LABEL}.`) ? 'upload' : 'server'
}

/**
 * The session of the owner who asks.
 *
 * @throws StanzaError `forbidden` if somebody else does
 */
export function ownerSession(request: FeatureRequest): ClientSession {
  if (request.session === undefined) {
    throw new StanzaError('forbidden')
  }
  return request.session
}

/** The error for a payload whose name or type means nothing to a feature (RFC 6120 §8.3.3.3). */
export function notUnderstood(): StanzaError {
  return new StanzaError('feature-not-implemented')
}
