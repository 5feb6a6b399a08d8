import type { Element } from '../../xml/element.ts'
import type { Jid } from '../../xmpp/jid.ts'
import type { ClientPort, ClientSession, DeliveryOutcome } from '../client-session.ts'
import { HeldStanzas } from './held-stanzas.ts'

/** JIDs to which one session has sent directed presence; it must leave some before it greets more. *ours* */
const MAX_DIRECTED_PRESENCES = 1_024

/** A bound session: what the account knows of one client. */
export class Session implements ClientSession {
  readonly jid: Jid
  /** The full JID as text. */
  readonly address: string
  readonly resource: string
  readonly port: ClientPort
  presence: Element | undefined
  priority = 0
  isInterested = false
  hasCarbons = false
  /** It has ended, or gave way to another of the same resource. */
  isOver = false
  readonly #held = new HeldStanzas()
  readonly #directed = new Set<string>()
  #isActive = true

  constructor(jid: Jid, port: ClientPort) {
    this.jid = jid
    this.address = jid.toString()
    this.resource = jid.resource ?? ''
    this.port = port
  }

  /** JIDs that see this session by directed presence (RFC 6121 §4.6). */
  get directed(): ReadonlySet<string> {
    return this.#directed
  }

  /** Remembers directed presence, or its end. False if it has been sent to too many. */
  directedTo(jid: string, isAvailable: boolean): boolean {
    if (!isAvailable) {
      this.#directed.delete(jid)
      return true
    }
    if (this.#directed.size >= MAX_DIRECTED_PRESENCES && !this.#directed.has(jid)) {
      return false
    }
    this.#directed.add(jid)
    return true
  }

  /** Forgets directed presence, and tells whose. */
  takeDirected(): readonly string[] {
    const jids = [...this.#directed]
    this.#directed.clear()
    return jids
  }

  /** Gives the client a stanza, or holds it while nobody looks (XEP-0352). */
  deliver(stanza: Element, settled?: (outcome: DeliveryOutcome) => void): void {
    if (!this.#isActive && HeldStanzas.mayWait(stanza) && settled === undefined && this.#held.hold(stanza)) {
      return
    }
    // RFC 6120 §10.1: what was held goes first, so that nothing overtakes.
    this.#release()
    this.port.deliver(stanza, settled)
  }

  setActive(isActive: boolean): void {
    this.#isActive = isActive
    if (isActive) {
      this.#release()
    }
  }

  #release(): void {
    if (this.#held.size > 0) {
      for (const stanza of this.#held.take()) {
        this.port.deliver(stanza)
      }
    }
  }
}
