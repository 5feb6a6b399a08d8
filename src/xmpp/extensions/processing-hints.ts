import { type Element, element } from '../../xml/element.ts'
import { NS_HINTS } from '../namespaces.ts'

/** What a sender asks of those who handle its message (XEP-0334 §4). */
export type ProcessingHint = 'no-permanent-store' | 'no-store' | 'no-copy' | 'store'

/** The element that carries a hint. */
export function hintElement(hint: ProcessingHint): Element {
  return element(hint, NS_HINTS)
}

/** Whether a message carries a hint. */
export function hasHint(message: Element, hint: ProcessingHint): boolean {
  return message.child(hint, NS_HINTS) !== undefined
}
