import { xidFromPublicKey } from '../identity/xid.ts'
import type { OpenedLetter } from '../sealing/open-letter.ts'
import type { Logger } from '../system/logger.ts'
import type { Store } from '../system/store.ts'
import type { Element } from '../xml/element.ts'
import { parseElement } from '../xml/parser.ts'
import { XmlError } from '../xml/xml-error.ts'
import { delayElement, readDelays } from '../xmpp/extensions/delay.ts'
import { Jid } from '../xmpp/jid.ts'
import { presenceType, stanzaKind } from '../xmpp/stanza.ts'
import type { Acknowledgements } from './acknowledgements.ts'
import type { Archive } from './archive.ts'
import type { Directory } from './directory.ts'
import type { Inbound } from './inbound.ts'
import type { LetterKeys } from './letter-keys.ts'
import { type LetterOrder, splitOrder } from './letter-order.ts'
import type { LocalAccount } from './local-account.ts'
import { receivedId } from './message.ts'

export interface LetterInboxComponents {
  readonly store: Store
  readonly logger: Logger
  readonly directory: Pick<Directory, 'learn'>
  readonly inbound: Inbound
  readonly keys: Pick<LetterKeys, 'consumed'>
  readonly acknowledgements: Acknowledgements
  readonly archive: Archive
  readonly order: LetterOrder
}

/** Logged at `debug`, with the message's id, when what was in a letter is handed in: the simulator listens. */
export const LETTER_HANDED_IN = 'letter handed in'

/** A message and its place among those of its sender. */
interface Placed {
  readonly account: string
  readonly sender: string
  readonly id: string | undefined
  readonly predecessor: string | undefined
}

/** What came by letter, from the opened letter to the account: the same way in as from a stanza stream. */
export class LetterInbox {
  readonly #components: LetterInboxComponents

  constructor(components: LetterInboxComponents) {
    this.#components = components
  }

  /**
   * Resolves when what is in the letter is on disk, or is nothing this account can use.
   *
   * @throws StoreError when it could not be stored now; Error when the node stops while it waits for its predecessor
   */
  async take(account: LocalAccount, opened: OpenedLetter): Promise<void> {
    const { store, logger, directory, keys, acknowledgements } = this.#components
    if (opened.senderRecord !== undefined) {
      directory.learn(opened.senderRecord.encoded)
    }
    const sender = xidFromPublicKey(opened.sender)
    const read = readStanza(opened, sender, account.address)
    if (read === undefined) {
      logger.warn('letter holds no stanza of its sender')
      return
    }
    const { stanza, predecessor } = splitOrder(read)
    const id = receivedId(stanza, sender)
    const answer = await this.#inOrder({ account: account.address, sender, id, predecessor }, stanza)
    await store.transaction((transaction) => keys.consumed(transaction, account.address, opened))
    if (answer !== undefined) {
      await account.controls.sendStanza(sender, answer)
    }
    if (id !== undefined && !isControl(stanza)) {
      acknowledgements.add(account.address, sender, id)
    }
    await account.controls.handKeys(sender)
  }

  /** What goes back, if anything. */
  async #inOrder({ account, sender, id, predecessor }: Placed, stanza: Element): Promise<Element | undefined> {
    const { archive, order, inbound, logger } = this.#components
    const leave = id === undefined ? undefined : order.enter(account, sender, id)
    try {
      if (predecessor !== undefined && !archive.hasReceived(account, sender, predecessor)) {
        await order.waitFor(account, sender, predecessor)
      }
      logger.debug(LETTER_HANDED_IN, { id })
      return await inbound.receive(stanza)
    } finally {
      leave?.()
    }
  }
}

/** B5: the signer of the letter is the sender of the stanza, or there is none. */
function readStanza(opened: OpenedLetter, sender: string, recipient: string): Element | undefined {
  let stanza: Element
  try {
    stanza = parseElement(opened.stanza)
  } catch (error) {
    if (error instanceof XmlError) {
      return undefined
    }
    throw error
  }
  const from = Jid.tryParse(stanza.attribute('from') ?? '')
  const to = Jid.tryParse(stanza.attribute('to') ?? '')
  const kind = stanzaKind(stanza)
  const isDurable = kind === 'message' || (kind === 'presence' && presenceType(stanza)?.includes('subscribe') === true)
  if (!isDurable || from?.bare().toString() !== sender || to?.bare().toString() !== recipient) {
    return undefined
  }
  // XEP-0203 §4: it waited at custodians since the sender handed it over.
  const isStamped = readDelays(stanza).some((delay) => delay.from === sender)
  return isStamped ? stanza : stanza.append(delayElement({ from: sender, stampMs: opened.sentMs }))
}

/** What nodes say to each other needs no acknowledgement, or there would be no end to it. */
function isControl(stanza: Element): boolean {
  return stanza.elements().some((child) => child.namespace.startsWith('urn:kabber:'))
}
