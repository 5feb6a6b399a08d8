import { type Element, element } from '../../xml/element.ts'
import { StanzaError, type StanzaErrorCondition } from '../stanza-error.ts'

/** Requests of publishers and readers (XEP-0060 §6, §7). */
export const NS_PUBSUB = 'http://jabber.org/protocol/pubsub'
/** Requests of owners (XEP-0060 §8). */
export const NS_PUBSUB_OWNER = 'http://jabber.org/protocol/pubsub#owner'
/** Notifications (XEP-0060 §7.1.2). */
export const NS_PUBSUB_EVENT = 'http://jabber.org/protocol/pubsub#event'
/** Conditions beside those of RFC 6120 (XEP-0060 §16.4). */
const NS_PUBSUB_ERRORS = 'http://jabber.org/protocol/pubsub#errors'

/** Conditions of `pubsub#errors` in use here. */
export type PubsubCondition =
  | 'closed-node'
  | 'invalid-options'
  | 'invalid-payload'
  | 'item-required'
  | 'max-nodes-exceeded'
  | 'nodeid-required'
  | 'not-in-roster-group'
  | 'payload-required'
  | 'payload-too-big'
  | 'precondition-not-met'
  | 'presence-subscription-required'
  | 'unsupported-access-model'

/** A stanza error with a condition of `pubsub#errors`. */
export function pubsubError(condition: StanzaErrorCondition, detail: PubsubCondition, text?: string): StanzaError {
  return new StanzaError(condition, text, { detail: element(detail, NS_PUBSUB_ERRORS) })
}

/** `feature-not-implemented` for a feature of XEP-0060 §10. */
export function pubsubUnsupported(feature: string): StanzaError {
  const detail = element('unsupported', NS_PUBSUB_ERRORS, { feature })
  return new StanzaError('feature-not-implemented', undefined, { detail })
}

/** An `<item/>` of a result or a notification. */
export function itemElement(namespace: string, id: string, payload: Element | undefined): Element {
  return element('item', namespace, { id }, payload === undefined ? [] : [payload])
}

/** The result of an items request (XEP-0060 §6.5). */
export function itemsResult(
  node: string,
  items: readonly { readonly id: string; readonly payload: Element }[],
  ...more: readonly Element[]
): Element {
  const list = element(
    'items',
    NS_PUBSUB,
    { node },
    items.map(({ id, payload }) => itemElement(NS_PUBSUB, id, payload)),
  )
  return element('pubsub', NS_PUBSUB, undefined, [list, ...more])
}
