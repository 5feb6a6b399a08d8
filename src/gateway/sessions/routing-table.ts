import type { Element } from '../../xml/element.ts'
import { messageType, presenceType } from '../../xmpp/stanza.ts'

/** What the table tells apart. Subscription stanzas and probes are the node's: they never come this far. */
export type RoutedStanza =
  | 'message normal'
  | 'message chat'
  | 'message groupchat'
  | 'message headline'
  | 'message error'
  | 'presence'
  | 'presence error'
  | 'iq get or set'
  | 'iq result or error'

/** How a stanza is addressed: bare JID of the account, full JID of a bound session, any other full JID. */
export type RoutedAddress = 'bare' | 'full, bound' | 'full, not bound'

/** The best that the account has: no available resource, only negative priorities, at least one that is not negative. */
export type AvailableResources = 'none' | 'negative' | 'non-negative'

/**
 * What becomes of a stanza: goes to that session, to every available resource of non-negative priority, to every
 * available resource; waits for a client (XEP-0160); is answered with `service-unavailable`; is dropped; is handled by
 * the server in the name of the account.
 */
export type Route = 'session' | 'non-negative' | 'available' | 'keep' | 'refuse' | 'ignore' | 'account'

type ByResources = Readonly<Record<AvailableResources, Route>>

/** RFC 6121 §8.5.2.1.1: all of the non-negative resources get what is for the bare JID (the choice (b) of the RFC). */
const CONVERSATION: ByResources = { none: 'keep', negative: 'keep', 'non-negative': 'non-negative' }

function always(route: Route): ByResources {
  return { none: route, negative: route, 'non-negative': route }
}

/** RFC 6121 §8.5.2 (bare), §8.5.3.1 (full, bound), §8.5.3.2 (full, not bound); docs/routing.md says the same. */
const ROUTES: Readonly<Record<RoutedStanza, Readonly<Record<RoutedAddress, ByResources>>>> = {
  'message normal': {
    bare: CONVERSATION,
    'full, bound': always('session'),
    // §8.5.3.2.1 lets it be ignored or refused; it is on disk here and nothing disappears.
    'full, not bound': CONVERSATION,
  },
  'message chat': { bare: CONVERSATION, 'full, bound': always('session'), 'full, not bound': CONVERSATION },
  'message groupchat': {
    bare: always('refuse'),
    'full, bound': always('session'),
    'full, not bound': always('refuse'),
  },
  'message headline': {
    bare: { none: 'ignore', negative: 'ignore', 'non-negative': 'non-negative' },
    'full, bound': always('session'),
    'full, not bound': always('ignore'),
  },
  'message error': { bare: always('ignore'), 'full, bound': always('session'), 'full, not bound': always('ignore') },
  presence: {
    bare: always('available'),
    'full, bound': always('session'),
    'full, not bound': always('ignore'),
  },
  'presence error': { bare: always('ignore'), 'full, bound': always('session'), 'full, not bound': always('ignore') },
  'iq get or set': {
    bare: always('account'),
    'full, bound': always('session'),
    'full, not bound': always('refuse'),
  },
  // Only what we asked for is awaited, and awaited elsewhere (security X15).
  'iq result or error': {
    bare: always('ignore'),
    'full, bound': always('ignore'),
    'full, not bound': always('ignore'),
  },
}

/** What becomes of a stanza for an account that exists (RFC 6121 §8.5.2, §8.5.3). */
export function routeOf(stanza: RoutedStanza, address: RoutedAddress, resources: AvailableResources): Route {
  return ROUTES[stanza][address][resources]
}

/** Which row of the table a stanza belongs to. */
export function routedStanza(stanza: Element): RoutedStanza {
  switch (stanza.name) {
    case 'message':
      return `message ${messageType(stanza)}`
    case 'presence':
      return presenceType(stanza) === 'error' ? 'presence error' : 'presence'
    default:
      return ['get', 'set'].includes(stanza.attribute('type') ?? '') ? 'iq get or set' : 'iq result or error'
  }
}
