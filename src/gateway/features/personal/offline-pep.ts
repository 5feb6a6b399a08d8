import type { Account, PublicItem, PublicProfile } from '../../../node/api.ts'
import type { Clock } from '../../../system/clock.ts'
import { type Element, element } from '../../../xml/element.ts'
import { avatarInfo, readAvatar } from '../../../xmpp/extensions/avatar.ts'
import { itemsResult, NS_PUBSUB } from '../../../xmpp/extensions/pubsub.ts'
import { Jid } from '../../../xmpp/jid.ts'
import { NS_AVATAR_DATA, NS_AVATAR_METADATA, NS_DISCO_ITEMS, NS_NICKNAME, NS_VCARD } from '../../../xmpp/namespaces.ts'
import { replyTo } from '../../../xmpp/stanza.ts'
import { errorReply, StanzaError, type StanzaErrorCondition } from '../../../xmpp/stanza-error.ts'

/** Of the nickname, which a profile has without its id. */
const NICKNAME_ITEM = 'current'

/** How long somebody who is not connected is looked for before the profile answers, if it can. *ours* */
const REACHING_TIMEOUT_MS = 5_000
/** How long the profile is looked for. *ours* */
const PROFILE_TIMEOUT_MS = 20_000
/** Errors that say that no node of the contact has been asked. */
const NOT_REACHED: ReadonlySet<string> = new Set<StanzaErrorCondition>([
  'recipient-unavailable',
  'remote-server-not-found',
  'remote-server-timeout',
])

interface OfflinePepParts {
  readonly account: Pick<Account, 'query' | 'publicProfile' | 'isReachable'>
  readonly clock: Pick<Clock, 'timeoutSignal'>
}

/**
 * Asks somebody on the network for an own client. What a contact shows to everybody answers where none of its nodes can
 * be reached.
 *
 * @throws StanzaError or the signal's reason
 */
export async function queryOrProfile(
  { account, clock }: OfflinePepParts,
  iq: Element,
  signal: AbortSignal,
): Promise<Element> {
  const jid = Jid.parse(iq.attribute('to') ?? '')
    .bare()
    .toString()
  if (!mayBeInProfile(iq)) {
    return await account.query(iq, signal)
  }
  const isReachable = account.isReachable(jid)
  const asking = isReachable ? signal : AbortSignal.any([signal, clock.timeoutSignal(REACHING_TIMEOUT_MS)])
  const answer = await account.query(iq, asking).catch((error: unknown) => {
    signal.throwIfAborted()
    const failure = error instanceof StanzaError ? error : new StanzaError('remote-server-timeout')
    return errorReply(iq, failure) ?? iq
  })
  const error = answer.child('error')
  if (error === undefined || !NOT_REACHED.has(StanzaError.fromElement(error).condition)) {
    return answer
  }
  const looking = AbortSignal.any([signal, clock.timeoutSignal(PROFILE_TIMEOUT_MS)])
  const profile = await account.publicProfile(jid, looking).catch(() => undefined)
  return (profile === undefined ? undefined : offlinePepAnswer(iq, profile)) ?? answer
}

/**
 * Answers an iq get of an own client to the bare JID of a contact whose nodes cannot be reached, from what the contact
 * shows to everybody: PEP items, the list of its nodes, the vCard as far as it goes.
 *
 * @returns the iq result; undefined if the profile says nothing to this
 */
function offlinePepAnswer(iq: Element, profile: PublicProfile): Element | undefined {
  const [request] = iq.elements()
  const payload = request === undefined ? undefined : payloadOf(iq, request, profile)
  return payload === undefined ? undefined : replyTo(iq, payload)
}

function mayBeInProfile(iq: Element): boolean {
  const namespace = iq.elements()[0]?.namespace ?? ''
  const isToBare = iq.attribute('to')?.includes('/') === false
  return iq.attribute('type') === 'get' && isToBare && [NS_PUBSUB, NS_DISCO_ITEMS, NS_VCARD].includes(namespace)
}

function payloadOf(iq: Element, request: Element, profile: PublicProfile): Element | undefined {
  switch (`${request.namespace} ${request.name}`) {
    case `${NS_PUBSUB} pubsub`:
      return itemsAnswer(request.child('items'), profile)
    case `${NS_DISCO_ITEMS} query`:
      return request.attribute('node') === undefined ? nodesAnswer(iq.attribute('to') ?? '', profile) : undefined
    case `${NS_VCARD} vCard`:
      return vcardAnswer(profile)
    default:
      return undefined
  }
}

/** XEP-0060 §6.5; the items of a profile are the latest ones, in the order of the node. */
function itemsAnswer(request: Element | undefined, profile: PublicProfile): Element | undefined {
  const node = request?.attribute('node') ?? ''
  const ids = request?.elements('item').map((item) => item.attribute('id')) ?? []
  const all = itemsOf(profile).filter((item) => item.node === node)
  const wanted = ids.length === 0 ? all : all.filter((item) => ids.includes(item.id))
  const most = Number(request?.attribute('max_items') ?? wanted.length)
  const found = most >= 1 ? wanted.slice(0, most) : wanted
  return found.length === 0 ? undefined : itemsResult(node, found)
}

function nodesAnswer(jid: string, profile: PublicProfile): Element | undefined {
  const nodes = new Set(itemsOf(profile).map((item) => item.node))
  const items = [...nodes].map((node) => element('item', NS_DISCO_ITEMS, { jid, node }))
  return items.length === 0 ? undefined : element('query', NS_DISCO_ITEMS, undefined, items)
}

function vcardAnswer(profile: PublicProfile): Element | undefined {
  const { nickname, items } = profile
  const metadata = items.find((item) => item.node === NS_AVATAR_METADATA)
  const info = metadata === undefined ? undefined : avatarInfo(metadata.payload)
  const data = items.find((item) => item.node === NS_AVATAR_DATA && item.id === info?.id)
  const avatar = data === undefined ? undefined : readAvatar(data.payload.text(), info?.type ?? '')
  const parts = [
    ...(nickname === '' ? [] : [part('NICKNAME', [nickname])]),
    ...(avatar === undefined ? [] : [part('PHOTO', [part('TYPE', [avatar.type]), part('BINVAL', [avatar.base64])])]),
  ]
  return parts.length === 0 ? undefined : part('vCard', parts)
}

function itemsOf({ nickname, items }: PublicProfile): readonly PublicItem[] {
  if (nickname === '' || items.some((item) => item.node === NS_NICKNAME)) {
    return items
  }
  const payload = element('nick', NS_NICKNAME, undefined, [nickname])
  return [...items, { node: NS_NICKNAME, id: NICKNAME_ITEM, payload }]
}

function part(name: string, children: readonly (Element | string)[]): Element {
  return element(name, NS_VCARD, undefined, children)
}
