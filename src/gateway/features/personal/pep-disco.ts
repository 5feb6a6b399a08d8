import type { Account } from '../../../node/api.ts'
import { type Element, element } from '../../../xml/element.ts'
import { dataForm } from '../../../xmpp/data-form.ts'
import { NS_PUBSUB } from '../../../xmpp/extensions/pubsub.ts'
import { NS_DISCO_INFO, NS_DISCO_ITEMS } from '../../../xmpp/namespaces.ts'
import type { DiscoItem, FeatureRequest } from '../feature.ts'
import type { Pep } from './pep.ts'
import { accessError } from './pep-access.ts'
import { PEP_ACCESS_MODELS } from './pep-config.ts'
import { readableNode } from './pep-requests.ts'

const META_DATA_FORM = 'http://jabber.org/protocol/pubsub#meta-data'

/** What of XEP-0060 §10 the PEP service of an account does. */
const PUBSUB_FEATURES = [
  ...PEP_ACCESS_MODELS.map((model) => `access-${model}`),
  'auto-create',
  'auto-subscribe',
  'config-node',
  'config-node-max',
  'create-and-configure',
  'create-nodes',
  'delete-items',
  'delete-nodes',
  'filtered-notifications',
  'item-ids',
  'last-published',
  'meta-data',
  'persistent-items',
  'presence-notifications',
  'publish',
  'publish-options',
  'purge-nodes',
  'retract-items',
  'retrieve-affiliations',
  'retrieve-default',
  'retrieve-items',
  'rsm',
]

/** Features that disco#info of the account announces (XEP-0163 §6.1). */
export const PEP_DISCO_FEATURES: readonly string[] = [
  NS_PUBSUB,
  ...PUBSUB_FEATURES.map((name) => `${NS_PUBSUB}#${name}`),
]

interface PepDiscoParts {
  readonly pep: Pep
  readonly account: Pick<Account, 'address' | 'rosterItem'>
}

/** The nodes that who asks may read, for disco#items of the account (XEP-0163 §6.2). */
export function pepDiscoItems({ pep, account }: PepDiscoParts, request: FeatureRequest): readonly DiscoItem[] {
  const jid = request.from.bare().toString()
  return pep
    .nodes()
    .filter((node) => request.session !== undefined || accessError(account, node, jid) === undefined)
    .map(({ name, config }) => ({ jid: account.address, node: name, name: config.title || undefined }))
}

/**
 * disco#info (XEP-0060 §5.3, §5.4) or disco#items (§5.5) of a node.
 *
 * @returns undefined if there is no such node
 * @throws StanzaError why it may not be read
 */
export function pepDiscoNode(
  { pep, account }: PepDiscoParts,
  name: string,
  request: FeatureRequest,
): Element | undefined {
  if (pep.node(name) === undefined) {
    return undefined
  }
  const { config } = readableNode(pep, account, request, name)
  if (request.payload.namespace === NS_DISCO_ITEMS) {
    const items = pep.ids(name).map((id) => element('item', NS_DISCO_ITEMS, { jid: account.address, name: id }))
    return element('query', NS_DISCO_ITEMS, { node: name }, items)
  }
  const form = dataForm('result', META_DATA_FORM, [
    { name: 'pubsub#title', values: [config.title] },
    { name: 'pubsub#type', values: [config.payloadType] },
    { name: 'pubsub#access_model', values: [config.accessModel] },
    { name: 'pubsub#publish_model', values: ['publishers'] },
    { name: 'pubsub#owner', values: [account.address] },
    { name: 'pubsub#num_items', values: [String(pep.count(name))] },
  ])
  return element('query', NS_DISCO_INFO, { node: name }, [
    element('identity', NS_DISCO_INFO, { category: 'pubsub', type: 'leaf' }),
    element('feature', NS_DISCO_INFO, { var: NS_PUBSUB }),
    form,
  ])
}
