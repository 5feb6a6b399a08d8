import { type Element, element } from '../../xml/element.ts'
import { Jid } from '../jid.ts'
import { NS_STANZA_ID } from '../namespaces.ts'

/** The `<origin-id/>` by which a sending client knows its message again (XEP-0359 §3.2). Its value is not to be trusted. */
export function originIdElement(id: string): Element {
  return element('origin-id', NS_STANZA_ID, { id })
}

/** The id its client gave a message. */
export function originId(message: Element): string | undefined {
  return message.child('origin-id', NS_STANZA_ID)?.attribute('id')
}

/** The `<stanza-id/>` that the archive or room `by` (a JID) gives (XEP-0359 §3.1). */
export function stanzaIdElement({ by, id }: { readonly by: string; readonly id: string }): Element {
  return element('stanza-id', NS_STANZA_ID, { id, by })
}

/**
 * Whether a child of a message is a `<stanza-id/>` in the name of `by` (a JID as `Jid` writes it): forged, when it comes
 * from elsewhere, and to be removed (XEP-0359 §6).
 */
export function isStanzaIdBy(child: Element, by: string): boolean {
  if (child.name !== 'stanza-id' || child.namespace !== NS_STANZA_ID) {
    return false
  }
  const text = child.attribute('by') ?? ''
  return text === by || Jid.tryParse(text)?.toString() === by
}

/** The id that `by` gave a message; to be believed if the message has come from there. */
export function stanzaIdBy(message: Element, by: string): string | undefined {
  return message
    .elements()
    .find((child) => isStanzaIdBy(child, by))
    ?.attribute('id')
}
