import type { Logger } from '../../system/logger.ts'
import type { Element } from '../../xml/element.ts'
import { Jid } from '../../xmpp/jid.ts'
import { checkStanza } from '../../xmpp/stanza.ts'
import { errorReply, StanzaError } from '../../xmpp/stanza-error.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import { type ClientMessagesComponents, receiveClientMessage } from './client-messages.ts'
import type { ClientPresence } from './client-presence.ts'
import type { ClientRequests } from './client-requests.ts'
import type { Session } from './session.ts'

export interface ClientStanzasComponents extends ClientMessagesComponents {
  readonly presence: ClientPresence
  readonly requests: ClientRequests
  readonly logger: Logger
}

/** The stanzas of one client (RFC 6121 §8.1): checked, stamped with its address, handed on, answered with errors. */
export class ClientStanzas {
  readonly #components: ClientStanzasComponents
  readonly #session: Session

  constructor(components: ClientStanzasComponents, session: Session) {
    this.#components = components
    this.#session = session
  }

  /** Resolves when the stanza is handled. Never rejects. */
  async receive(stanza: Element): Promise<void> {
    const session = this.#session
    if (session.isOver) {
      return
    }
    if (!this.#isFromHere(stanza.attribute('from'))) {
      session.port.end(new StreamError('invalid-from')) // RFC 6120 §8.1.2.1
      return
    }
    const stamped = stanza.withAttributes({ from: session.address })
    try {
      checkStanza(stamped)
      await this.#handle(stamped)
    } catch (error) {
      const seen = error instanceof StanzaError ? error : new StanzaError('internal-server-error')
      const reply = errorReply(stamped, seen)
      if (reply !== undefined) {
        session.deliver(reply)
      }
      if (seen !== error) {
        this.#components.logger.error('a stanza was not handled', { reason: String(error) })
      }
    }
  }

  async #handle(stanza: Element): Promise<void> {
    const { presence, requests } = this.#components
    switch (stanza.name) {
      case 'message':
        await receiveClientMessage(this.#components, stanza)
        break
      case 'presence':
        await presence.receive(this.#session, stanza)
        break
      default:
        await requests.receive(this.#session, stanza)
    }
  }

  /** A client may leave `from` out, or give its own bare or full JID. */
  #isFromHere(from: string | undefined): boolean {
    if (from === undefined || from === this.#session.address) {
      return true
    }
    const jid = Jid.tryParse(from)
    return jid !== undefined && this.#components.registry.isOwn(jid) && (jid.isBare || jid.equals(this.#session.jid))
  }
}
