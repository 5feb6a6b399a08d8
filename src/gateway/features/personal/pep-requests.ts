import type { Account } from '../../../node/api.ts'
import { type Element, element } from '../../../xml/element.ts'
import { submittedForm } from '../../../xmpp/data-form.ts'
import { itemElement, NS_PUBSUB, pubsubError, pubsubUnsupported } from '../../../xmpp/extensions/pubsub.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { FeatureRequest } from '../feature.ts'
import type { Pep } from './pep.ts'
import { accessError } from './pep-access.ts'
import { PEP_CONFIG_FORM } from './pep-config.ts'
import { answerItems } from './pep-items.ts'
import type { PepNode } from './pep-store.ts'

const PUBLISH_OPTIONS_FORM = 'http://jabber.org/protocol/pubsub#publish-options'

/** Requests of XEP-0060 §5 to §7 (`<pubsub/>` in its first namespace). Everybody may read; the owner publishes. */
export async function answerPubsub(
  pep: Pep,
  account: Pick<Account, 'rosterItem'>,
  request: FeatureRequest,
): Promise<Element | undefined> {
  const { payload: pubsub, type } = request
  const action = pubsub.elements(undefined, NS_PUBSUB)[0]
  switch (`${type} ${action?.name}`) {
    case 'get items': {
      const node = readableNode(pep, account, request, nodeName(action))
      return answerItems(pep, node, pubsub, request.session !== undefined)
    }
    case 'get affiliations':
      return affiliations(pep, request, action?.attribute('node'))
    case 'get subscriptions':
      // Nobody subscribes but by presence (XEP-0163 §4.1), which is not listed.
      return element('pubsub', NS_PUBSUB, undefined, [element('subscriptions', NS_PUBSUB)])
    case 'set subscribe':
    case 'set unsubscribe':
      throw pubsubUnsupported('subscribe')
    case 'get options':
    case 'set options':
      throw pubsubUnsupported('subscription-options')
    default:
      return await change(pep, request, action)
  }
}

/**
 * The node that a request may read.
 *
 * @throws StanzaError `item-not-found`, or why it may not be read
 */
export function readableNode(
  pep: Pep,
  account: Pick<Account, 'rosterItem'>,
  request: FeatureRequest,
  name: string,
): PepNode {
  const node = pep.node(name)
  if (node === undefined) {
    throw new StanzaError('item-not-found', 'There is no such node.')
  }
  const error = request.session === undefined ? accessError(account, node, request.from.bare().toString()) : undefined
  if (error !== undefined) {
    throw error
  }
  return node
}

/** @throws StanzaError `bad-request` (nodeid-required) */
export function nodeName(action: Element | undefined): string {
  const name = action?.attribute('node')
  if (name === undefined || name === '') {
    throw pubsubError('bad-request', 'nodeid-required')
  }
  return name
}

async function change(pep: Pep, request: FeatureRequest, action: Element | undefined): Promise<Element | undefined> {
  if (request.session === undefined) {
    throw new StanzaError('forbidden')
  }
  switch (`${request.type} ${action?.name}`) {
    case 'set publish':
      return await publish(pep, request.payload, action)
    case 'set retract':
      return await retract(pep, action)
    case 'set create':
      return await create(pep, request.payload, action)
    default:
      throw new StanzaError('feature-not-implemented')
  }
}

/** XEP-0060 §7.1. */
async function publish(pep: Pep, pubsub: Element, action: Element | undefined): Promise<Element> {
  const node = nodeName(action)
  const items = action?.elements('item') ?? []
  const [item] = items
  if (item === undefined) {
    throw pubsubError('bad-request', 'item-required')
  }
  const [payload, second] = item.elements()
  if (payload === undefined) {
    throw pubsubError('bad-request', 'payload-required')
  }
  // Several items (XEP-0060 §7.1.3.6, batch publishing) are not offered, as with `multi-items` absent from our features.
  if (second !== undefined || items.length > 1) {
    throw pubsubError('bad-request', 'invalid-payload', 'One item with one payload can be published at a time.')
  }
  const wish = pubsub.child('publish-options')
  const options = wish === undefined ? undefined : submittedForm(wish, PUBLISH_OPTIONS_FORM)
  const id = item.attribute('id')
  const published = await pep.change((changes) =>
    changes.publish({ node, id: id === '' ? undefined : id, payload, options }),
  )
  const answer = element('publish', NS_PUBSUB, { node }, [itemElement(NS_PUBSUB, published, undefined)])
  return element('pubsub', NS_PUBSUB, undefined, [answer])
}

/** XEP-0060 §7.2. */
async function retract(pep: Pep, action: Element | undefined): Promise<undefined> {
  const node = nodeName(action)
  const id = action?.child('item')?.attribute('id')
  if (id === undefined) {
    throw pubsubError('bad-request', 'item-required')
  }
  const notify = ['1', 'true'].includes(action?.attribute('notify') ?? '')
  await pep.change((changes) => changes.retract(node, id, notify))
  return undefined
}

/** XEP-0060 §8.1; without a node an instant one (§8.1.2.2) is not made. */
async function create(pep: Pep, pubsub: Element, action: Element | undefined): Promise<undefined> {
  const node = action?.attribute('node')
  if (node === undefined || node === '') {
    throw pubsubError('not-acceptable', 'nodeid-required')
  }
  const configure = pubsub.child('configure')
  const form = configure === undefined ? undefined : submittedForm(configure, PEP_CONFIG_FORM)
  await pep.change((changes) => changes.create(node, form))
  return undefined
}

/** XEP-0060 §5.7: the account owns all its nodes, others have nothing. */
function affiliations(pep: Pep, request: FeatureRequest, only: string | undefined): Element {
  const nodes = request.session === undefined ? [] : pep.nodes()
  const list = nodes
    .filter(({ name }) => only === undefined || name === only)
    .map(({ name }) => element('affiliation', NS_PUBSUB, { node: name, affiliation: 'owner' }))
  return element('pubsub', NS_PUBSUB, undefined, [element('affiliations', NS_PUBSUB, undefined, list)])
}
