import { type Element, element } from '../../xml/element.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import { NS_SM } from './stream-namespaces.ts'

/** XEP-0198 §4: the client counts stanzas that it was never sent. */
export class HandledTooMuch extends StreamError {
  readonly #h: number
  readonly #sent: number

  constructor(h: number, sent: number) {
    super('undefined-condition', `You acknowledged ${h} stanzas, but were sent ${sent}.`)
    this.#h = h
    this.#sent = sent
  }

  override toElement(): Element {
    const detail = { h: String(this.#h), 'send-count': String(this.#sent) }
    return super.toElement().append(element('handled-count-too-high', NS_SM, detail))
  }
}
