import type { Account } from '../../../node/api.ts'
import { toUtf8 } from '../../../util/bytes.ts'
import { type Element, element } from '../../../xml/element.ts'
import { serialize } from '../../../xml/serializer.ts'
import { type Avatar, readAvatar } from '../../../xmpp/extensions/avatar.ts'
import { NS_AVATAR_DATA, NS_AVATAR_METADATA, NS_VCARD } from '../../../xmpp/namespaces.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { FeatureRequest } from '../feature.ts'
import { currentAvatar, publishAvatar } from './avatars.ts'
import type { Pep } from './pep.ts'
import { accessError } from './pep-access.ts'
import type { PrivateRows } from './private-rows.ts'

/** UTF-8 bytes of a vCard without its photo: with the largest photo it must fit into a stanza of 256 KiB. *ours* */
const VCARD_MAX_BYTES = 12_288

/** What vCards are made of. */
export interface VcardParts {
  readonly account: Pick<Account, 'rosterItem' | 'nickname'>
  readonly pep: Pep
  readonly rows: PrivateRows
}

/**
 * Answers vcard-temp requests (XEP-0054 §3): the owner writes, everybody reads. The photo is the avatar of XEP-0084
 * (XEP-0398), for those who may read it there.
 */
export async function answerVcard(parts: VcardParts, request: FeatureRequest): Promise<Element | undefined> {
  if (request.payload.name !== 'vCard') {
    throw new StanzaError('feature-not-implemented')
  }
  if (request.type === 'get') {
    return readVcard(parts, request)
  }
  if (request.session === undefined) {
    // XEP-0054 §3.2
    throw new StanzaError('forbidden')
  }
  await writeVcard(parts, request.payload)
  return undefined
}

/** The nickname that the vCard shows; empty if there is none. */
export function vcardNickname(rows: PrivateRows): string {
  return rows.get('vCard', NS_VCARD)?.child('NICKNAME')?.text().trim() ?? ''
}

function readVcard({ account, pep, rows }: VcardParts, request: FeatureRequest): Element {
  const stored = rows.get('vCard', NS_VCARD) ?? named(account.nickname)
  const avatar = maySeeAvatar(account, pep, request) ? currentAvatar(pep) : undefined
  if (stored === undefined && avatar === undefined && request.session === undefined) {
    // XEP-0054 §3.3
    throw new StanzaError('service-unavailable')
  }
  const vcard = stored ?? element('vCard', NS_VCARD)
  return avatar === undefined ? vcard : vcard.without(isPhoto).append(photoElement(avatar))
}

/** Until the owner writes a vCard it says what the account record says to everybody. */
function named(nickname: string | undefined): Element | undefined {
  return nickname === undefined
    ? undefined
    : element('vCard', NS_VCARD, undefined, [element('NICKNAME', NS_VCARD, undefined, [nickname])])
}

/** XEP-0398 §6.2: only who may read both nodes. */
function maySeeAvatar(account: Pick<Account, 'rosterItem'>, pep: Pep, { session, from }: FeatureRequest): boolean {
  const nodes = [pep.node(NS_AVATAR_DATA), pep.node(NS_AVATAR_METADATA)]
  const jid = from.bare().toString()
  return nodes.every(
    (node) => node !== undefined && (session !== undefined || accessError(account, node, jid) === undefined),
  )
}

/** A vCard replaces the one before with all its parts (XEP-0054 §3.2), so one without a photo takes the avatar away. */
async function writeVcard({ pep, rows }: VcardParts, vcard: Element): Promise<void> {
  const photo = vcard.child('PHOTO')
  const binary = photo?.child('BINVAL')?.text() ?? ''
  const avatar = readAvatar(binary, photo?.child('TYPE')?.text().trim() ?? '')
  if (binary.trim() !== '' && avatar === undefined) {
    throw new StanzaError('bad-request', 'The photo is not base64.')
  }
  const rest = photo?.child('EXTVAL') === undefined ? vcard.without(isPhoto) : vcard
  if (toUtf8(serialize(rest)).length > VCARD_MAX_BYTES) {
    throw new StanzaError('not-acceptable', `A vCard without its photo has at most ${VCARD_MAX_BYTES} bytes.`)
  }
  const before = currentAvatar(pep)
  await pep.change((changes) => {
    rows.put(changes.transaction, rest)
    if (avatar?.id !== before?.id) {
      publishAvatar(changes, avatar)
    }
  })
}

function photoElement({ type, base64 }: Avatar): Element {
  return element('PHOTO', NS_VCARD, undefined, [
    element('TYPE', NS_VCARD, undefined, [type]),
    element('BINVAL', NS_VCARD, undefined, [base64]),
  ])
}

function isPhoto(child: Element): boolean {
  return child.name === 'PHOTO'
}
