import type { Element } from '../../xml/element.ts'
import { isChatStateOnly } from '../../xmpp/extensions/chat-state.ts'
import { presenceType } from '../../xmpp/stanza.ts'

/** Stanzas held for a client that nobody looks at; more are let go together. *ours* */
const MAX_HELD_STANZAS = 1_024

/**
 * What can wait while nobody looks at a client (XEP-0352 §3.2): the last presence of every resource and the last chat
 * state of every conversation, in the order of their coming.
 */
export class HeldStanzas {
  readonly #stanzas = new Map<string, Element>()

  /** Whether this stanza may wait; of each kind and sender the last one replaces those before. */
  static mayWait(stanza: Element): boolean {
    if (stanza.name === 'presence') {
      const type = presenceType(stanza)
      return type === 'available' || type === 'unavailable'
    }
    return stanza.name === 'message' && isChatStateOnly(stanza)
  }

  /** Keeps a stanza that may wait. False if there is no room: all must be let go first. */
  hold(stanza: Element): boolean {
    const key = `${stanza.name} ${stanza.attribute('from') ?? ''}`
    if (!this.#stanzas.has(key) && this.#stanzas.size >= MAX_HELD_STANZAS) {
      return false
    }
    this.#stanzas.delete(key)
    this.#stanzas.set(key, stanza)
    return true
  }

  /** Takes all that is held, the oldest first. */
  take(): readonly Element[] {
    const stanzas = [...this.#stanzas.values()]
    this.#stanzas.clear()
    return stanzas
  }

  get size(): number {
    return this.#stanzas.size
  }
}
