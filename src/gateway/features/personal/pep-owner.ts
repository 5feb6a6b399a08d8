import { type Element, element } from '../../../xml/element.ts'
import { submittedForm } from '../../../xmpp/data-form.ts'
import { NS_PUBSUB_OWNER, pubsubError, pubsubUnsupported } from '../../../xmpp/extensions/pubsub.ts'
import { NS_DATA_FORMS } from '../../../xmpp/namespaces.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { FeatureRequest } from '../feature.ts'
import type { Pep } from './pep.ts'
import { defaultPepConfig, PEP_CONFIG_FORM, pepConfigForm } from './pep-config.ts'
import { nodeName } from './pep-requests.ts'

/** Requests of XEP-0060 §8 (`<pubsub/>` in the owner's namespace); the account owns all its nodes, nobody else does. */
export async function answerPubsubOwner(
  pep: Pep,
  address: string,
  request: FeatureRequest,
): Promise<Element | undefined> {
  if (request.session === undefined) {
    throw new StanzaError('forbidden')
  }
  const [action] = request.payload.elements(undefined, NS_PUBSUB_OWNER)
  switch (`${request.type} ${action?.name}`) {
    case 'get configure': {
      const node = existing(pep, nodeName(action))
      return owner('configure', { node: node.name }, [pepConfigForm(node.config)])
    }
    case 'get default':
      return owner('default', {}, [pepConfigForm(defaultPepConfig())])
    case 'set configure':
      return await configure(pep, action)
    case 'set delete':
      await pep.change((changes) => changes.deleteNode(nodeName(action)))
      return undefined
    case 'set purge':
      await pep.change((changes) => changes.purge(nodeName(action)))
      return undefined
    case 'get affiliations': {
      const { name } = existing(pep, nodeName(action))
      return owner('affiliations', { node: name }, [
        element('affiliation', NS_PUBSUB_OWNER, { jid: address, affiliation: 'owner' }),
      ])
    }
    case 'get subscriptions':
      return owner('subscriptions', { node: existing(pep, nodeName(action)).name }, [])
    case 'set affiliations':
      throw pubsubUnsupported('modify-affiliations')
    case 'set subscriptions':
      throw pubsubUnsupported('manage-subscriptions')
    default:
      throw new StanzaError('feature-not-implemented')
  }
}

/** XEP-0060 §8.2.4, §8.2.5. */
async function configure(pep: Pep, action: Element | undefined): Promise<undefined> {
  const node = nodeName(action)
  const form = action === undefined ? undefined : submittedForm(action, PEP_CONFIG_FORM)
  if (form !== undefined) {
    await pep.change((changes) => changes.configure(node, form))
    return undefined
  }
  if (action?.child('x', NS_DATA_FORMS)?.attribute('type') !== 'cancel') {
    throw pubsubError('bad-request', 'invalid-options', 'This is not a filled-in configuration form.')
  }
  return undefined
}

function existing(pep: Pep, name: string): NonNullable<ReturnType<Pep['node']>> {
  const node = pep.node(name)
  if (node === undefined) {
    throw new StanzaError('item-not-found', 'There is no such node.')
  }
  return node
}

function owner(name: string, attributes: Readonly<Record<string, string>>, children: readonly Element[]): Element {
  return element('pubsub', NS_PUBSUB_OWNER, undefined, [element(name, NS_PUBSUB_OWNER, attributes, children)])
}
