import type { Element } from '../../xml/element.ts'
import { itemsResult } from '../../xmpp/extensions/pubsub.ts'
import { readResultSetRequest, resultSetElement } from '../../xmpp/result-set.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
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
    const found = ids.slice(0, PEP_ITEMS_MAX).flatMap((id) => pep.item(node.name, id) ?? [])
    if (found.length === 0) {
      throw new StanzaError('item-not-found', 'There is no such item.')
    }
    return itemsResult(node.name, fitting(found, bytes))
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
  return withPage(pep, node, pageOf(pep.items(node.name), set, most, bytes), true)
}

function pageOf(
  all: readonly PepItem[],
  { after, before }: { after: string | undefined; before: string | undefined },
  most: number,
  bytes: number,
): readonly PepItem[] {
  const start = after === undefined ? 0 : indexOf(all, after) + 1
  const end = before === undefined || before === '' ? all.length : indexOf(all, before)
  const range = all.slice(start, end)
  // XEP-0059 §2.3: a page before something ends there.
  return fitting(before === undefined ? range.slice(0, most) : range.slice(-most), bytes)
}

function withPage(pep: Pep, node: PepNode, items: readonly PepItem[], asksForPage: boolean): Element {
  const count = pep.count(node.name)
  if (!asksForPage) {
    return itemsResult(node.name, items)
  }
  return itemsResult(node.name, items, resultSetElement({ first: items[0]?.id, last: items.at(-1)?.id, count }))
}

function indexOf(items: readonly PepItem[], id: string): number {
  const index = items.findIndex((item) => item.id === id)
  if (index === -1) {
    throw new StanzaError('item-not-found', 'There is no such item.')
  }
  return index
}

function fitting(items: readonly PepItem[], bytes: number): readonly PepItem[] {
  let left = bytes
  return items.filter((item, index) => {
    left -= item.bytes
    return left >= 0 || index === 0
  })
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
