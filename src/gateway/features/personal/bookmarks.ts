import { type Element, element } from '../../../xml/element.ts'
import { serialize } from '../../../xml/serializer.ts'
import { Jid } from '../../../xmpp/jid.ts'
import { NS_BOOKMARKS, NS_BOOKMARKS_LEGACY } from '../../../xmpp/namespaces.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { Pep, PepChange, PepChanges } from './pep.ts'
import { defaultPepConfig, PEP_ITEMS_MAX } from './pep-config.ts'
import type { PepItem } from './pep-store.ts'

/** Of the one item of the node of XEP-0048. */
const LEGACY_ITEM = 'current'

/*
 * The items of XEP-0402 are what counts. The node of XEP-0048 is written after each of their changes, so that its
 * readers get notifications; private storage (XEP-0049) is answered from both. Whoever writes the old form changes the
 * items (XEP-0402 §5.1.2, XEP-0411 §3); their extensions, which it does not know, stay.
 */

/** Keeps the bookmarks of XEP-0048 and XEP-0402 alike, in the transaction that changes either; a `PepConversion`. */
export function convertBookmarks(change: PepChange, changes: PepChanges): void {
  if (change.node.name === NS_BOOKMARKS && change.type !== 'configured') {
    writeLegacy(changes, storageOf(changes.items(NS_BOOKMARKS), legacyOf(changes.items(NS_BOOKMARKS_LEGACY))))
  } else if (change.node.name === NS_BOOKMARKS_LEGACY && change.type === 'published') {
    writeItems(changes, change.item.payload)
  }
}

/** All bookmarks as XEP-0048 writes them. */
export function bookmarkStorage(pep: Pick<Pep, 'items'>): Element {
  return storageOf(pep.items(NS_BOOKMARKS), legacyOf(pep.items(NS_BOOKMARKS_LEGACY, { items: 1 })))
}

/** Replaces all bookmarks by those of a `<storage/>` of XEP-0048. */
export function replaceBookmarks(changes: PepChanges, storage: Element): void {
  changes.publish({ node: NS_BOOKMARKS_LEGACY, id: LEGACY_ITEM, payload: storage })
}

function legacyOf(items: readonly PepItem[]): Element | undefined {
  return items[0]?.payload
}

/** XEP-0402 §5.1.1; what else stood in the old form, such as URLs, stays there. */
function storageOf(items: readonly PepItem[], before: Element | undefined): Element {
  const others = before?.elements().filter((child) => !isConference(child)) ?? []
  const conferences = items
    .filter(({ payload }) => payload.name === 'conference' && payload.namespace === NS_BOOKMARKS)
    .map(({ id, payload }) => {
      const { name, autojoin } = payload.attributes
      return conference(NS_BOOKMARKS_LEGACY, { jid: id, name, autojoin }, payload)
    })
  return element('storage', NS_BOOKMARKS_LEGACY, undefined, [...conferences.reverse(), ...others])
}

function writeLegacy(changes: PepChanges, storage: Element): void {
  const before = legacyOf(changes.items(NS_BOOKMARKS_LEGACY))
  if (before === undefined || serialize(before) !== serialize(storage)) {
    changes.publish({ node: NS_BOOKMARKS_LEGACY, id: LEGACY_ITEM, payload: storage })
  }
}

function writeItems(changes: PepChanges, storage: Element): void {
  const wanted = new Map<string, Element>()
  for (const child of storage.elements().filter(isConference)) {
    const room = Jid.tryParse(child.attribute('jid') ?? '')
      ?.bare()
      .toString()
    if (room !== undefined) {
      wanted.set(room, child)
    }
  }
  if (wanted.size > PEP_ITEMS_MAX) {
    throw new StanzaError('not-acceptable', `There is room for ${PEP_ITEMS_MAX} bookmarks.`)
  }
  keepPrivate(changes, wanted.size > 0)
  const before = new Map(changes.items(NS_BOOKMARKS).map(({ id, payload }) => [id, payload]))
  for (const id of before.keys()) {
    if (!wanted.has(id)) {
      changes.retract(NS_BOOKMARKS, id, true)
    }
  }
  for (const [id, child] of wanted) {
    const old = before.get(id)
    const { name, autojoin } = child.attributes
    const extensions = old?.elements('extensions') ?? []
    const payload = conference(NS_BOOKMARKS, { name, autojoin }, child, extensions)
    // XEP-0402 §5.1.2: nobody is told of what has not changed.
    if (old === undefined || !isSame(old, payload)) {
      changes.publish({ node: NS_BOOKMARKS, id, payload })
    }
  }
}

/** XEP-0411 §5: what comes out of private storage must not be shown to others. */
function keepPrivate(changes: PepChanges, isNeeded: boolean): void {
  const node = changes.findNode(NS_BOOKMARKS)
  if (node === undefined && isNeeded) {
    changes.create(NS_BOOKMARKS, undefined)
  } else if (node !== undefined && node.config.accessModel !== 'whitelist') {
    changes.configure(NS_BOOKMARKS, new Map([['pubsub#access_model', [defaultPepConfig(NS_BOOKMARKS).accessModel]]]))
  }
}

function isSame(a: Element, b: Element): boolean {
  const bare = (payload: Element): string =>
    serialize(conference(NS_BOOKMARKS, { ...payload.attributes }, payload, payload.elements('extensions')))
  return bare(a) === bare(b)
}

/** A bookmark in the namespace of either XEP, from one in that of the other. */
function conference(
  namespace: string,
  { jid, name, autojoin }: { jid?: string | undefined; name?: string | undefined; autojoin?: string | undefined },
  from: Element,
  more: readonly Element[] = [],
): Element {
  const texts = ['nick', 'password'].flatMap((part) => {
    const text = from.child(part)?.text()
    return text === undefined ? [] : [element(part, namespace, undefined, [text])]
  })
  const joins = autojoin === '1' || autojoin === 'true' ? 'true' : undefined
  return element('conference', namespace, { jid, name, autojoin: joins }, [...texts, ...more])
}

function isConference(child: Element): boolean {
  return child.name === 'conference' && child.namespace === NS_BOOKMARKS_LEGACY
}
