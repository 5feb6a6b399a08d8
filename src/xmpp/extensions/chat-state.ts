import { type Element, element } from '../../xml/element.ts'
import { NS_CHAT_STATES, NS_CLIENT, NS_DELAY, NS_HINTS, NS_STANZA_ID } from '../namespaces.ts'

/** What the other person does in a conversation (XEP-0085 §4). */
export type ChatState = 'active' | 'composing' | 'paused' | 'inactive' | 'gone'

const STATES: ReadonlySet<string> = new Set<ChatState>(['active', 'composing', 'paused', 'inactive', 'gone'])

/** The element that carries a chat state. */
export function chatStateElement(state: ChatState): Element {
  return element(state, NS_CHAT_STATES)
}

/** The chat state that a message carries. */
export function chatState(message: Element): ChatState | undefined {
  const found = message.elements(undefined, NS_CHAT_STATES).find((child) => STATES.has(child.name))
  return found?.name as ChatState | undefined
}

/** Whether a message is a standalone notification: a chat state and nothing to read (XEP-0085 §5.5). */
export function isChatStateOnly(message: Element): boolean {
  return chatState(message) !== undefined && message.elements().every((child) => !isContent(child))
}

/** Whether a child of a message is more than a chat state and what may go with one: thread, hints, ids, delay. */
export function isContent(child: Element): boolean {
  switch (child.namespace) {
    case NS_CHAT_STATES:
    case NS_HINTS:
    case NS_STANZA_ID:
    case NS_DELAY:
      return false
    default:
      return !(child.name === 'thread' && child.namespace === NS_CLIENT)
  }
}
