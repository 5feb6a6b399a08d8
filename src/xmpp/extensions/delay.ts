import { stampFromText, stampToText } from '../../util/date-time.ts'
import { type Element, element } from '../../xml/element.ts'
import { Jid } from '../jid.ts'
import { NS_DELAY } from '../namespaces.ts'

/** Since when a stanza has been under way, and who held it (XEP-0203). */
export interface Delay {
  /** Wall time in milliseconds. */
  readonly stampMs: number
  /** The JID of whoever held it. */
  readonly from?: string | undefined
}

/** The `<delay/>` that whoever held a stanza adds to it (XEP-0203 §3). */
export function delayElement(delay: Delay): Element {
  return element('delay', NS_DELAY, { from: delay.from, stamp: stampToText(delay.stampMs) })
}

/** Every valid `<delay/>` of a stanza. Anybody may have added one: believe only those `from` somebody trusted. */
export function readDelays(stanza: Element): Delay[] {
  return stanza.elements('delay', NS_DELAY).flatMap((child) => {
    const stampMs = stampFromText(child.attribute('stamp') ?? '')
    return stampMs === undefined ? [] : [{ stampMs, from: Jid.tryParse(child.attribute('from') ?? '')?.toString() }]
  })
}
