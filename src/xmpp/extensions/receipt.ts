import { type Element, element } from '../../xml/element.ts'
import { NS_RECEIPTS } from '../namespaces.ts'

/** The `<request/>` by which a sender asks for a receipt (XEP-0184 §5.1). */
export function receiptRequestElement(): Element {
  return element('request', NS_RECEIPTS)
}

/** Whether a message asks for a receipt; it can be given only if the message has an id (XEP-0184 §5.3). */
export function asksForReceipt(message: Element): boolean {
  return message.child('request', NS_RECEIPTS) !== undefined && message.attribute('id') !== undefined
}

/** The `<received/>` for the message of that id (XEP-0184 §5.2). */
export function receiptElement(messageId: string): Element {
  return element('received', NS_RECEIPTS, { id: messageId })
}

/** The id of the message for which this one is a receipt. */
export function receiptOf(message: Element): string | undefined {
  return message.child('received', NS_RECEIPTS)?.attribute('id')
}
