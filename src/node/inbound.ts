import type { Logger } from '../system/logger.ts'
import type { Element } from '../xml/element.ts'
import { Jid } from '../xmpp/jid.ts'
import { checkStanza, stanzaKind } from '../xmpp/stanza.ts'
import { errorReply, StanzaError } from '../xmpp/stanza-error.ts'
import type { LocalAccount } from './local-account.ts'

/** Takes stanzas that other nodes sent to the accounts served here and says what goes back. */
export class Inbound {
  readonly #components: { logger: Logger; onRefused: (reason: string) => void }
  readonly #account: (address: string) => LocalAccount | undefined

  constructor(
    components: { logger: Logger; onRefused: (reason: string) => void },
    account: (address: string) => LocalAccount | undefined,
  ) {
    this.#components = components
    this.#account = account
  }

  /**
   * Handles a stanza whose sender is proven. Resolves, when all that had to be stored is on disk, with the stanza to
   * send back, if any; what answers a query is given to `answer` later. Rejects only when this node cannot store it now.
   */
  async receive(stanza: Element, answer: (answer: Element) => void = () => {}): Promise<Element | undefined> {
    try {
      return await this.#dispatch(stanza, answer)
    } catch (error) {
      if (!(error instanceof StanzaError)) {
        throw error
      }
      this.#components.onRefused(error.condition)
      this.#components.logger.debug('stanza refused', { condition: error.condition, reason: error.message })
      return errorReply(stanza, error)
    }
  }

  async #dispatch(stanza: Element, answer: (answer: Element) => void): Promise<Element | undefined> {
    checkStanza(stanza)
    const from = Jid.parse(stanza.attribute('from') ?? '')
    const to = Jid.parse(stanza.attribute('to') ?? '')
    const account = this.#account(to.bare().toString())
    if (account === undefined) {
      throw new StanzaError('service-unavailable', 'this account is not served here') // RFC 6121 §8.5.1
    }
    switch (stanzaKind(stanza)) {
      case 'message':
        await account.inbound.message(from, stanza)
        return undefined
      case 'presence':
        await account.inbound.presence(from, stanza)
        return undefined
      case 'iq':
        // Not waited for: what came after it on the stream would not be acknowledged meanwhile.
        void account.inbound.query(from, stanza).then((reply) => reply && answer(reply))
        return undefined
      default:
        throw new StanzaError('bad-request', 'this is no stanza')
    }
  }
}
