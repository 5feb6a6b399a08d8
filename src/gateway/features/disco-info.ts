import { type Element, element } from '../../xml/element.ts'
import { capsElement, capsVersion } from '../../xmpp/caps.ts'
import { NS_DISCO_INFO } from '../../xmpp/namespaces.ts'
import type { DiscoIdentity, Feature, FeatureTarget } from './feature.ts'

/** What stands for this program in entity capabilities (XEP-0115 §4): a URI, with nothing behind it to fetch. */
const CAPS_NODE = 'urn:kabber:node'

/**
 * What the features say of an address (XEP-0030 §3.1), as a disco#info result without a node. Identities and features
 * are there once each, whoever else announces them.
 *
 * @param isShown which of the feature strings the one who asks may see
 */
export function discoInfo(
  features: readonly Feature[],
  target: FeatureTarget,
  isShown: (name: string) => boolean = () => true,
): Element {
  const identities = new Map<string, DiscoIdentity>()
  for (const identity of features.flatMap((feature) => feature.identities?.[target] ?? [])) {
    identities.set(`${identity.category}/${identity.type}`, identity)
  }
  const names = new Set(features.flatMap((feature) => feature.disco?.[target] ?? []).filter(isShown))
  const forms = features.flatMap((feature) => feature.forms?.[target] ?? [])
  return element('query', NS_DISCO_INFO, {}, [
    ...[...identities.values()].map(({ category, type, name }) =>
      element('identity', NS_DISCO_INFO, { category, type, name }),
    ),
    ...[...names].sort().map((name) => element('feature', NS_DISCO_INFO, { var: name })),
    ...forms,
  ])
}

/** The `<c/>` by which stream features announce what the server can do (XEP-0115 §6.3). */
export function serverCaps(features: readonly Feature[]): Element {
  return capsElement(CAPS_NODE, discoInfo(features, 'server'))
}

/** The answer to disco#info of the node that `serverCaps` names (XEP-0115 §6.2); undefined: it names another. */
export function serverCapsInfo(features: readonly Feature[], node: string): Element | undefined {
  const info = discoInfo(features, 'server')
  return node === `${CAPS_NODE}#${capsVersion(info)}` ? info.withAttributes({ node }) : undefined
}
