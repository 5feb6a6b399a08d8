import type { Account, ArchivedMessage, ArchivePage, ArchiveQuery } from '../../../node/api.ts'
import { stampToText } from '../../../util/date-time.ts'
import { type Element, element } from '../../../xml/element.ts'
import { resultSetElement } from '../../../xmpp/result-set.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { ClientSession } from '../../client-session.ts'
import type { Feature, FeatureContext, FeatureRequest } from '../feature.ts'
import { notUnderstood, ownerSession } from '../request-target.ts'
import { type ArchiveRequest, archiveForm, compareArchiveIds, NS_ARCHIVE, readArchiveRequest } from './archive-query.ts'
import { sendArchiveResults } from './archive-results.ts'

type ArchiveContext = Pick<FeatureContext, 'account' | 'clock'>

/** The archive of the account for its owner: queries, form, metadata (XEP-0313) and preferences (XEP-0441). */
export function archiveFeature(context: ArchiveContext): Feature {
  // XEP-0313 §7: `#groupchat-field` says that the field is understood, not that there are such messages.
  const names = [NS_ARCHIVE, `${NS_ARCHIVE}#extended`, `${NS_ARCHIVE}#groupchat-field`]
  return {
    payloads: { account: [NS_ARCHIVE] },
    // COMPAT(profanity, 0.13): it looks for the archive among the features of the server.
    disco: { account: names, server: [NS_ARCHIVE] },
    handle: (request) => handle(context, request),
  }
}

async function handle(context: ArchiveContext, request: FeatureRequest): Promise<Element> {
  const session = ownerSession(request) // XEP-0313 §8.1: `forbidden`
  const { payload, type } = request
  switch (`${type} ${payload.name}`) {
    case 'get query':
      return element('query', NS_ARCHIVE, {}, [archiveForm()])
    case 'set query':
      return await answerQuery(context, session, payload)
    case 'get metadata':
      return metadata(context)
    case 'get prefs':
      return preferences()
    case 'set prefs':
      return setPreferences(payload)
    default:
      throw notUnderstood()
  }
}

/** The page goes out as messages, then the result says which it was (XEP-0313 §4). */
async function answerQuery(context: ArchiveContext, session: ClientSession, payload: Element): Promise<Element> {
  const request = readArchiveRequest(payload)
  const { messages, isComplete } = await page(context, request)
  const results = request.isFlipped ? messages.toReversed() : messages
  await sendArchiveResults({ ...context, session, queryId: payload.attribute('queryid') }, results)
  const set = resultSetElement({ first: messages[0]?.archiveId, last: messages.at(-1)?.archiveId })
  return element('fin', NS_ARCHIVE, { complete: isComplete ? 'true' : undefined }, [set])
}

async function page(context: ArchiveContext, { query, known, isEmptyPage }: ArchiveRequest): Promise<ArchivePage> {
  const { account } = context
  if (known.length > 0) {
    account.archive({ ids: known }) // Throws `item-not-found` for one that is not there.
  }
  const found = query.ids === undefined ? await fullPage(context, query) : pageOfIds(account, query)
  return isEmptyPage ? { messages: [], isComplete: found.messages.length === 0 } : found
}

/** A page whose search takes longer than a turn may is put together in several. */
async function fullPage({ account, clock }: ArchiveContext, query: ArchiveQuery): Promise<ArchivePage> {
  let found = account.archive(query)
  const wanted = query.limit ?? found.messages.length
  while (found.resumeAt !== undefined && found.messages.length < wanted) {
    await clock.sleep(0)
    const { messages } = found
    const more = account.archive({ ...query, limit: wanted - messages.length, resumeAt: found.resumeAt })
    found = { ...more, messages: query.fromEnd ? [...more.messages, ...messages] : [...messages, ...more.messages] }
  }
  return found
}

/** Messages asked for by their ids are a result set too, of which a page may be wanted (XEP-0059 §2). */
function pageOfIds(
  account: Account,
  { ids = [], afterId, beforeId, fromEnd, limit = ids.length }: ArchiveQuery,
): ArchivePage {
  const edges = [afterId, beforeId].filter((id) => id !== undefined)
  account.archive({ ids: edges }) // Throws `item-not-found` as well.
  const found = account
    .archive({ ids, limit: ids.length })
    .messages.filter(
      ({ archiveId }) =>
        (afterId === undefined || compareArchiveIds(archiveId, afterId) > 0) &&
        (beforeId === undefined || compareArchiveIds(archiveId, beforeId) < 0),
    )
  const messages = fromEnd === true ? found.slice(-limit) : found.slice(0, limit)
  return { messages, isComplete: messages.length === found.length }
}

/** XEP-0313 §5. */
function metadata({ account }: ArchiveContext): Element {
  const first = account.archive({ limit: 1 }).messages[0]
  const last = account.archive({ limit: 1, fromEnd: true }).messages[0]
  const edge = (name: string, message: ArchivedMessage): Element =>
    element(name, NS_ARCHIVE, { id: message.archiveId, timestamp: stampToText(message.stampMs) })
  const edges = first === undefined || last === undefined ? [] : [edge('start', first), edge('end', last)]
  return element('metadata', NS_ARCHIVE, {}, edges)
}

/** XEP-0441 §2.1: everything is archived that does not ask otherwise. */
function preferences(): Element {
  return element('prefs', NS_ARCHIVE, { default: 'always' }, [
    element('always', NS_ARCHIVE),
    element('never', NS_ARCHIVE),
  ])
}

/** Offline delivery and the synchronization of clients live on the archive: nobody is left out of it (XEP-0441 §2.1). */
function setPreferences(wanted: Element): Element {
  const isDefault = (wanted.attribute('default') ?? 'always') === 'always'
  const isNobodyExcepted = (wanted.child('never')?.elements('jid') ?? []).length === 0
  if (!isDefault || !isNobodyExcepted) {
    throw new StanzaError('not-allowed', 'All messages are archived that do not ask otherwise.')
  }
  return preferences()
}
