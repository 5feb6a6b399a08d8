import { type Element, element } from '../../xml/element.ts'
import { NS_CAPS } from '../../xmpp/caps.ts'
import { NS_DISCO_INFO, NS_DISCO_ITEMS } from '../../xmpp/namespaces.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import { discoInfo, serverCapsInfo } from './disco-info.ts'
import type { Feature, FeatureContext, FeatureRequest, FeatureTarget } from './feature.ts'
import { notUnderstood, ownerSession, targetOf } from './request-target.ts'

/** Feature strings of an account that concern its contacts: what they may ask of it. All others are the owner's. */
const SHOWN_TO_CONTACTS =
  /^(http:\/\/jabber\.org\/protocol\/(disco|pubsub)#|http:\/\/jabber\.org\/protocol\/pubsub$|jabber:iq:last$|urn:xmpp:ping$|vcard-temp$)/

type DiscoContext = Pick<FeatureContext, 'account' | 'features'>

/** Service discovery (XEP-0030) of server, account and upload service, put together from all features. */
export function discoFeature(context: DiscoContext): Feature {
  const namespaces = [NS_DISCO_INFO, NS_DISCO_ITEMS]
  return {
    payloads: { account: namespaces, server: namespaces, upload: namespaces },
    disco: {
      account: namespaces,
      server: [...namespaces, NS_CAPS],
      upload: namespaces,
    },
    identities: {
      account: [{ category: 'account', type: 'registered' }],
      server: [{ category: 'server', type: 'im', name: 'Kabber' }],
    },
    handle: (request: FeatureRequest) => handle(context, request),
  }
}

async function handle(context: DiscoContext, request: FeatureRequest): Promise<Element | undefined> {
  if (request.type !== 'get' || request.payload.name !== 'query') {
    throw notUnderstood()
  }
  const target = targetOf(request)
  if (target !== 'account') {
    ownerSession(request)
  }
  const node = request.payload.attribute('node') ?? ''
  if (node !== '') {
    return await nodeAnswer(context, target, node, request)
  }
  return request.payload.namespace === NS_DISCO_INFO
    ? infoAnswer(context, target, request)
    : await itemsAnswer(context, target, request)
}

function infoAnswer(context: DiscoContext, target: FeatureTarget, request: FeatureRequest): Element {
  if (request.session !== undefined) {
    return discoInfo(context.features(), target)
  }
  // XEP-0030 §8: others hear of an account only if they may see its presence.
  const subscription = context.account.rosterItem(request.from.bare().toString())?.subscription
  if (subscription !== 'from' && subscription !== 'both') {
    throw new StanzaError('service-unavailable')
  }
  return discoInfo(context.features(), target, (name) => SHOWN_TO_CONTACTS.test(name))
}

async function itemsAnswer(context: DiscoContext, target: FeatureTarget, request: FeatureRequest): Promise<Element> {
  const items = await Promise.all(
    context.features().map(async (feature) => (await feature.items?.(target, request)) ?? []),
  )
  const children = items.flat().map(({ jid, node, name }) => element('item', NS_DISCO_ITEMS, { jid, node, name }))
  return element('query', NS_DISCO_ITEMS, {}, children)
}

async function nodeAnswer(
  context: DiscoContext,
  target: FeatureTarget,
  node: string,
  request: FeatureRequest,
): Promise<Element> {
  if (target === 'server' && request.payload.namespace === NS_DISCO_INFO) {
    const info = serverCapsInfo(context.features(), node)
    if (info !== undefined) {
      return info
    }
  }
  for (const feature of context.features()) {
    const answer = await feature.discoNode?.(target, node, request)
    if (answer !== undefined) {
      return answer
    }
  }
  throw new StanzaError('item-not-found')
}
