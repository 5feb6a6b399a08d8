import type { PublicItem, PublicProfile } from '../../../node/api.ts'
import { toUtf8 } from '../../../util/bytes.ts'
import type { Element } from '../../../xml/element.ts'
import { serialize } from '../../../xml/serializer.ts'
import { NS_AVATAR_DATA, NS_AVATAR_METADATA, NS_NICKNAME } from '../../../xmpp/namespaces.ts'
import type { Pep } from './pep.ts'
import type { PepNode } from './pep-store.ts'

/** Prekeys of a published bundle, of about 100: any will do for a sender, and a record has 32 KiB. *ours* */
const PROFILE_MAX_PREKEYS = 24
/** Items of one node that are shown; OMEMO 2 has an item a device. *ours* */
const PROFILE_MAX_ITEMS_PER_NODE = 16
/** UTF-8 bytes of an item that is shown; an image that is larger is left out. *ours* */
const PROFILE_MAX_ITEM_BYTES = 8_192

/** Of a nickname that is shown; the rest is cut off. A record has 256 bytes for it. *ours* */
const NICKNAME_MAX_CHARACTERS = 64

/** OMEMO 0.3 as clients use it: a node for the devices and one for each bundle. */
const NODE_OMEMO_DEVICES = 'eu.siacs.conversations.axolotl.devicelist'
const OMEMO_BUNDLES_PREFIX = 'eu.siacs.conversations.axolotl.bundles:'
/** OMEMO (XEP-0384). */
const NODE_OMEMO2_DEVICES = 'urn:xmpp:omemo:2:devices'
const NODE_OMEMO2_BUNDLES = 'urn:xmpp:omemo:2:bundles'

/** What is shown first: nobody can write to an offline contact without the keys; the image goes last. */
const RANKS: readonly ((node: string) => boolean)[] = [
  (node) => node === NODE_OMEMO_DEVICES || node === NODE_OMEMO2_DEVICES,
  (node) => node.startsWith(OMEMO_BUNDLES_PREFIX) || node === NODE_OMEMO2_BUNDLES,
  (node) => node === NS_AVATAR_METADATA,
  (node) => node === NS_AVATAR_DATA,
]

/** What the account shows to everybody, from those of its nodes that everybody may read, the most important first. */
export function profileOf(pep: Pick<Pep, 'nodes' | 'items'>, vcardNickname: string): PublicProfile {
  const open = pep.nodes().filter(({ config }) => config.accessModel === 'open')
  const items = RANKS.flatMap((isShown) => open.filter(({ name }) => isShown(name)).flatMap((node) => shown(pep, node)))
  const hasNickname = open.some(({ name }) => name === NS_NICKNAME)
  const [nickname] = hasNickname ? pep.items(NS_NICKNAME, { items: 1 }) : []
  const name = nickname?.payload.text().trim() || vcardNickname
  return { nickname: [...name].slice(0, NICKNAME_MAX_CHARACTERS).join(''), items }
}

/** Whether a change of this node may change the profile. */
export function isInProfile(node: string): boolean {
  return node === NS_NICKNAME || RANKS.some((isShown) => isShown(node))
}

function shown(pep: Pick<Pep, 'items'>, { name }: PepNode): PublicItem[] {
  return pep
    .items(name, { items: PROFILE_MAX_ITEMS_PER_NODE })
    .map(({ id, payload }) => ({ node: name, id, payload: isBundle(payload) ? withFewerPrekeys(payload) : payload }))
    .filter(({ payload }) => toUtf8(serialize(payload)).length <= PROFILE_MAX_ITEM_BYTES)
}

function isBundle(payload: Element): boolean {
  return payload.name === 'bundle' && payload.child('prekeys') !== undefined
}

function withFewerPrekeys(bundle: Element): Element {
  return bundle.withChildren(
    bundle.elements().map((child) => {
      const isPrekeys = child.name === 'prekeys'
      return isPrekeys ? child.withChildren(child.elements().slice(0, PROFILE_MAX_PREKEYS)) : child
    }),
  )
}
