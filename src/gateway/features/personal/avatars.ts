import { type Element, element } from '../../../xml/element.ts'
import {
  type Avatar,
  avatarDataElement,
  avatarInfo,
  avatarMetadataElement,
  readAvatar,
} from '../../../xmpp/extensions/avatar.ts'
import { NS_AVATAR_DATA, NS_AVATAR_METADATA } from '../../../xmpp/namespaces.ts'
import { presenceType } from '../../../xmpp/stanza.ts'
import type { Pep, PepChanges } from './pep.ts'
import { defaultPepConfig } from './pep-config.ts'

/** vCard avatars in presence (XEP-0153). */
const NS_VCARD_UPDATE = 'vcard-temp:x:update'

/** The avatar that the nodes of XEP-0084 show, if it is there and is what its id says (XEP-0398 §3.1). */
export function currentAvatar(pep: Pick<Pep, 'items' | 'item'>): Avatar | undefined {
  const [metadata] = pep.items(NS_AVATAR_METADATA, { items: 1 })
  const info = metadata === undefined ? undefined : avatarInfo(metadata.payload)
  const data = info === undefined ? undefined : pep.item(NS_AVATAR_DATA, info.id)
  const avatar = data === undefined ? undefined : readAvatar(data.payload.text(), info?.type ?? '')
  return avatar?.id === info?.id ? avatar : undefined
}

/**
 * Publishes the photo of a vCard as XEP-0084 has it (XEP-0398 §3.2), or that there is none. Nodes made by this are open,
 * as vCards are.
 */
export function publishAvatar(changes: PepChanges, avatar: Avatar | undefined): void {
  if (avatar !== undefined) {
    const defaults = { ...defaultPepConfig(NS_AVATAR_DATA), accessModel: 'open' } as const
    changes.publish({ node: NS_AVATAR_DATA, id: avatar.id, payload: avatarDataElement(avatar), defaults })
  }
  if (avatar !== undefined || changes.findNode(NS_AVATAR_METADATA) !== undefined) {
    const defaults = { ...defaultPepConfig(NS_AVATAR_METADATA), accessModel: 'open' } as const
    const id = avatar?.id ?? 'current'
    changes.publish({ node: NS_AVATAR_METADATA, id, payload: avatarMetadataElement(avatar), defaults })
  }
}

/** Available presence with the hash of the avatar that the server knows of (XEP-0398 §4). */
export function withAvatarHash(presence: Element, hash: string | undefined): Element {
  const update = presence.child('x', NS_VCARD_UPDATE)
  const photo = update?.child('photo')
  if (presenceType(presence) !== 'available' || (update === undefined && hash === undefined)) {
    return presence
  }
  // XEP-0398 §4: an empty photo is the client's wish not to be touched; XEP-0153 §4.1: it shows none.
  if (photo?.text().trim() === '' || photo?.text() === hash) {
    return presence
  }
  return withHash(presence, hash)
}

/** The same, told anew because the avatar has changed. */
export function withNewAvatarHash(presence: Element, hash: string | undefined): Element {
  return presence.child('x', NS_VCARD_UPDATE)?.child('photo')?.text() === '' ? presence : withHash(presence, hash)
}

function withHash(presence: Element, hash: string | undefined): Element {
  const photo = element('photo', NS_VCARD_UPDATE, undefined, hash === undefined ? [] : [hash])
  return presence
    .without((child) => child.name === 'x' && child.namespace === NS_VCARD_UPDATE)
    .append(element('x', NS_VCARD_UPDATE, undefined, [photo]))
}
