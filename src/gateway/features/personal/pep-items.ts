import type { Element } from '../../../xml/element.ts'
import { itemsResult } from '../../../xmpp/extensions/pubsub.ts'
import { readResultSetRequest, resultSetElement } from '../../../xmpp/result-set.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { Pep } from './pep.ts'
import { PEP_ITEMS_MAX } from './pep-config.ts'
import type { PepItem, PepNode } from './pep-store.ts'

/** Bytes of payloads in an answer to a contact: it must fit into a stanza of 256 KiB. *ours* */
const ANSWER_MAX_BYTES = 245_760
/** Bytes of payloads in an answer to an own client. *ours* */
const OWN_ANSWER_MAX_BYTES = 4_194_304

/**
 * Answers an items request (XEP-0060 §6.5): all, the latest, those with these ids, or a page (XEP-0059). The latest come
 * first; what does not fit into an answer is left out.
 *
 * @param pubsub the payload of the request
 * @throws StanzaError `item-not-found`, `bad-request`
 */
export function answerItems(pep: Pep, node: PepNode, pubsub: Element, isOwner: boolean): Element {
  const request = pubsub.child('items')
  const ids = request?.elements('item').map((item) => item.attribute('id') ?? '') ?? []
  const bytes = isOwner ? OWN_ANSWER_MAX_BYTES : ANSWER_MAX_BYTES
  if (ids.length > 0) {
    const found = read(pep, node, ids.slice(0, PEP_ITEMS_MAX), bytes)
    if (found.length === 0) {
      throw new StanzaError('item-not-found', 'There is no such item.')
    }
    return itemsResult(node.name, found)
  }
  const set = readResultSetRequest(pubsub)
  const asksForPage = set.max !== undefined || set.after !== undefined || set.before !== undefined
  const most = Math.min(readMaxItems(request?.attribute('max_items')), set.max ?? PEP_ITEMS_MAX)
  if (set.max === 0) {
    return itemsResult(
      node.name,
      [],
      resultSetElement({ first: undefined, last: undefined, count: pep.count(node.name) }),
    )
  }
  if (set.after === undefined && set.before === undefined) {
    const found = pep.items(node.name, { items: most, bytes })
    return withPage(pep, node, found, asksForPage)
  }
  return withPage(pep, node, read(pep, node, pageOf(pep.ids(node.name), set, most), bytes), true)
}

/** XEP-0059 §2.2, §2.3. */
function pageOf(
  all: readonly string[],
  { after, before }: { after: string | undefined; before: string | undefined },
  most: number,
): readonly string[] {
  const start = after === undefined ? 0 : indexOf(all, after) + 1
  const end = before === undefined || before === '' ? all.length : indexOf(all, before)
  const range = all.slice(start, end)
  // A page before something ends there.
  return before === undefined ? range.slice(0, most) : range.slice(-most)
}

function withPage(pep: Pep, node: PepNode, items: readonly PepItem[], asksForPage: boolean): Element {
  const count = pep.count(node.name)
  if (!asksForPage) {
    return itemsResult(node.name, items)
  }
  return itemsResult(node.name, items, resultSetElement({ first: items[0]?.id, last: items.at(-1)?.id, count }))
}

function indexOf(ids: readonly string[], id: string): number {
  const index = ids.indexOf(id)
  if (index === -1) {
    throw new StanzaError('item-not-found', 'There is no such item.')
  }
  return index
}

/** The items with these ids, as far as they fit into an answer. */
function read(pep: Pep, node: PepNode, ids: readonly string[], bytes: number): readonly PepItem[] {
  const found: PepItem[] = []
  let left = bytes
  for (const id of ids) {
    const item = pep.item(node.name, id)
    left -= item?.bytes ?? 0
    if (left < 0 && found.length > 0) {
      return found
    }
    if (item !== undefined) {
      found.push(item)
    }
  }
  return found
}

function readMaxItems(text: string | undefined): number {
  if (text === undefined) {
    return PEP_ITEMS_MAX
  }
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new StanzaError('bad-request', 'The number of items is no number.')
  }
  return Number(text)
}
