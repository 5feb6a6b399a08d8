import { element } from '../../xml/element.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import type { ClientSession } from '../client-session.ts'
import { lastActivityTable } from '../tables/last-activity.ts'
import type { Feature, FeatureContext, FeatureRequest } from './feature.ts'
import { notUnderstood, ownerSession, targetOf } from './request-target.ts'

/** Last activity (XEP-0012). */
const NS_LAST_ACTIVITY = 'jabber:iq:last'

const MS_PER_SECOND = 1_000

type LastActivityContext = Pick<FeatureContext, 'account' | 'clock' | 'logger' | 'sessions' | 'store'>

/** Says how long the account has been away (XEP-0012 §3), and how long the server has been up (§5). */
export function lastActivityFeature(context: LastActivityContext): Feature {
  const { clock } = context
  const startedMs = clock.monotonicMs()
  const startedWallMs = clock.wallMs()
  const namespaces = [NS_LAST_ACTIVITY]
  // The commands of the owner bind as well, and are nobody's coming and going.
  const seen = new WeakSet<ClientSession>()
  return {
    payloads: { account: namespaces, server: namespaces },
    disco: { account: namespaces, server: namespaces },
    handle: async (request: FeatureRequest) => {
      if (request.type !== 'get' || request.payload.name !== 'query') {
        throw notUnderstood()
      }
      if (targetOf(request) === 'server') {
        ownerSession(request)
        return lastElement(clock.monotonicMs() - startedMs)
      }
      checkMayKnow(context, request)
      return lastElement(awayMs(context, startedWallMs))
    },
    available: (session) => {
      seen.add(session)
    },
    ended: (session) => {
      if (seen.has(session) && !hasAvailable(context, session)) {
        context.store
          .transaction((transaction) =>
            transaction.put(lastActivityTable, {
              account: context.account.address,
              left_ms: Math.trunc(clock.wallMs()),
            }),
          )
          // Whoever asks hears of an earlier departure: no reason to end anything.
          .catch((error: unknown) => context.logger.warn('last activity was not stored', { error: String(error) }))
      }
    },
  }
}

/** XEP-0012 §3: only who may see the presence of the account. @throws StanzaError `forbidden` */
function checkMayKnow({ account }: LastActivityContext, request: FeatureRequest): void {
  if (request.session === undefined) {
    const item = account.rosterItem(request.from.bare().toString())
    if (item?.subscription !== 'from' && item?.subscription !== 'both') {
      throw new StanzaError('forbidden')
    }
  }
}

function hasAvailable({ sessions }: LastActivityContext, except?: ClientSession): boolean {
  return sessions.all().some((session) => session.jid.toString() !== except?.jid.toString() && session.presence)
}

/** Milliseconds since the last client left; 0 while one is available. */
function awayMs(context: LastActivityContext, startedWallMs: number): number {
  if (hasAvailable(context)) {
    return 0
  }
  const row = context.store.read.get(lastActivityTable, [context.account.address])
  return context.clock.wallMs() - (row?.left_ms ?? startedWallMs)
}

function lastElement(ms: number) {
  // The wall clock may have been set back since.
  const seconds = Math.max(0, Math.floor(ms / MS_PER_SECOND))
  return element('query', NS_LAST_ACTIVITY, { seconds: String(seconds) })
}
