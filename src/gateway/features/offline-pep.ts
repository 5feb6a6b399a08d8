import type { PublicItem, PublicProfile } from '../../node/api.ts'
import { type Element, element } from '../../xml/element.ts'
import { avatarInfo, readAvatar } from '../../xmpp/extensions/avatar.ts'
import { itemsResult, NS_PUBSUB } from '../../xmpp/extensions/pubsub.ts'
import { NS_AVATAR_DATA, NS_AVATAR_METADATA, NS_DISCO_ITEMS, NS_NICKNAME, NS_VCARD } from '../../xmpp/namespaces.ts'
import { replyTo } from '../../xmpp/stanza.ts'

/** Of the nickname, which a profile has without its id. */
const NICKNAME_ITEM = 'current'

/**
 * Answers an iq get of an own client to the bare JID of a contact whose nodes cannot be reached, from what the contact
 * shows to everybody: PEP items, the list of its nodes, the vCard as far as it goes.
 *
 * @returns the iq result; undefined if the profile says nothing to this
 */
export function offlinePepAnswer(iq: Element, profile: PublicProfile): Element | undefined {
  const [request] = iq.elements()
  const isToBare = iq.attribute('to')?.includes('/') === false
  if (iq.attribute('type') !== 'get' || !isToBare || request === undefined) {
    return undefined
  }
  const payload = payloadOf(iq, request, profile)
  return payload === undefined ? undefined : replyTo(iq, payload)
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
