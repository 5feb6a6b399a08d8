import type { Element } from '../xml/element.ts'
import { NS_PUBSUB_EVENT } from './extensions/pubsub.ts'
import { Jid } from './jid.ts'
import { NS_DELAY, NS_STANZA_ID } from './namespaces.ts'

/** What nodes say to each other begins so; clients neither send nor see it. */
const NODE_NAMESPACE_PREFIX = 'urn:kabber:'

/**
 * Payloads that a client takes for its own server's word if they stand directly in a message: carbons (XEP-0280 §11),
 * results of the archive (XEP-0313 §9), news of push services.
 */
const SERVER_NAMESPACES: ReadonlySet<string> = new Set([
  'urn:xmpp:carbons:2',
  'urn:xmpp:carbons:1',
  'urn:xmpp:mam:2',
  'urn:xmpp:mam:1',
  'urn:xmpp:mam:0',
  'urn:xmpp:mam:tmp',
  'urn:xmpp:push:0',
])

/** Queries that only a client's own server sends to it, or that only the owner sends to his server (X13). */
const OWNER_NAMESPACES: ReadonlySet<string> = new Set([
  ...SERVER_NAMESPACES,
  'jabber:iq:roster',
  'jabber:iq:private',
  'jabber:iq:privacy',
  'urn:xmpp:blocking',
  'urn:ietf:params:xml:ns:xmpp-bind',
  'urn:ietf:params:xml:ns:xmpp-session',
])

/** A stanza of a client or a peer without what only nodes may say. */
export function withoutNodeClaims(stanza: Element): Element {
  return strip(stanza, isNodeClaim)
}

/**
 * A stanza from a peer without what only `account`'s own server may say to its clients: forged copies and archive
 * results (X14), ids and times in the name of the account (X16), publishers that are not the sender.
 */
export function withoutForeignClaims(stanza: Element, account: string): Element {
  const stripped = strip(stanza, (child) => isForeignClaim(child, account))
  const event = stripped.child('event', NS_PUBSUB_EVENT)
  return event === undefined ? stripped : withoutPublishers(stripped)
}

/** Whether an iq get or set of a peer is one that only the account's own server or clients may send. */
export function isOwnerQuery(iq: Element): boolean {
  return iq.elements().some(({ namespace }) => OWNER_NAMESPACES.has(namespace) || isOfNodes(namespace))
}

function isForeignClaim(child: Element, account: string): boolean {
  return (
    // XEP-0280 §9: `private` is the sender's to say; it keeps copies from being made here too.
    (SERVER_NAMESPACES.has(child.namespace) && child.name !== 'private') ||
    isNodeClaim(child) ||
    isStanzaIdOf(child, account) ||
    (child.namespace === NS_DELAY && bareOf(child.attribute('from')) === account)
  )
}

/** XEP-0359 §6: an id in the name of the account, or of one of its resources, which some clients take for the same. */
function isStanzaIdOf(child: Element, account: string): boolean {
  return child.name === 'stanza-id' && child.namespace === NS_STANZA_ID && bareOf(child.attribute('by')) === account
}

function isNodeClaim(child: Element): boolean {
  return isOfNodes(child.namespace)
}

function isOfNodes(namespace: string): boolean {
  return namespace.startsWith(NODE_NAMESPACE_PREFIX)
}

/** XEP-0060 §7.1.2.3: a `publisher` is vouched for by the service, here the sender itself. */
function withoutPublishers(message: Element): Element {
  const sender = bareOf(message.attribute('from'))
  return mapElements(message, NS_PUBSUB_EVENT, 'event', (event) =>
    mapElements(event, NS_PUBSUB_EVENT, 'items', (items) =>
      mapElements(items, NS_PUBSUB_EVENT, 'item', (item) =>
        bareOf(item.attribute('publisher')) === sender ? item : item.withAttributes({ publisher: undefined }),
      ),
    ),
  )
}

function mapElements(parent: Element, namespace: string, name: string, change: (child: Element) => Element): Element {
  const isMeant = (child: Element): boolean => child.namespace === namespace && child.name === name
  return parent.withChildren(
    parent.children.map((child) => (typeof child !== 'string' && isMeant(child) ? change(child) : child)),
  )
}

/** The same element if there is nothing to strip, as in nearly all. */
function strip(stanza: Element, isClaim: (child: Element) => boolean): Element {
  const hasClaim = stanza.children.some((child) => typeof child !== 'string' && isClaim(child))
  return hasClaim ? stanza.without(isClaim) : stanza
}

function bareOf(address: string | undefined): string | undefined {
  return address === undefined ? undefined : Jid.tryParse(address)?.bare().toString()
}
