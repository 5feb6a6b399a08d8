import type { Availability } from '../../src/client.ts'
import { CliError } from '../cli-error.ts'
import { type ArchivedView, messageView } from '../client/archive.ts'
import type { IncomingEvent } from '../client/incoming.ts'
import type { Outgoing, Sent, SentNews } from '../client/outgoing.ts'
import { messageLine, speaker } from '../message-line.ts'
import { checkMessageText } from '../message-text.ts'
import type { Output, OutputEvent } from '../output.ts'
import { oneLine } from '../terminal-text.ts'

/** Characters of a message that its delivery mark repeats. */
const MARK_CHARACTERS = 40

/** What a conversation is made of. */
export interface ConversationInit {
  readonly outgoing: Pick<Outgoing, 'send'>
  readonly output: Output
  readonly address: string
  readonly name: string | undefined
  /** What the user typed is on the screen already. */
  readonly echo: boolean
  /** Prints without tearing the line being typed. */
  readonly around: (print: () => void) => void
}

/** One conversation in the terminal: shows what comes, sends what is typed, marks what arrived. */
export class Conversation {
  readonly #init: ConversationInit
  /** Own messages that are not at the other side yet, by id. Bounded by what one sitting types. */
  readonly #underway = new Map<string, string>()
  /** Those of them that nobody else keeps yet. */
  readonly #queued = new Set<string>()
  /** States that were told before the answer to `send`. */
  #early = new Map<string, Sent>()
  #presence: Availability | undefined
  #idle: () => void = () => {}
  /** Messages that could not be sent. */
  failures = 0

  constructor(init: ConversationInit) {
    this.#init = init
  }

  /** Shows messages from before. */
  showHistory(messages: readonly ArchivedView[]): void {
    const { output, name } = this.#init
    for (const message of messages) {
      output.event({ event: 'history', ...messageView(message) }, messageLine(message, name))
      if (message.direction === 'out' && (message.state === 'queued' || message.state === 'stored')) {
        this.#underway.set(message.id, message.body)
        if (message.state === 'queued') {
          this.#queued.add(message.id)
        }
      }
    }
  }

  showPresence(presence: Availability): void {
    if (presence !== this.#presence) {
      this.#presence = presence
      const words = presence === 'unavailable' ? 'is not there; messages wait for them' : `is ${presence}`
      this.#show({ event: 'presence', presence }, `-- ${this.#speaker()} ${words}`)
    }
  }

  /** Acts on an event of the account; those of other conversations are none of its business. */
  handle(event: IncomingEvent | ({ readonly event: 'message-state' } & SentNews)): void {
    if (event.peer !== this.#init.address) {
      return
    }
    if (event.event === 'presence') {
      this.showPresence(event.presence)
    } else if (event.event === 'message-state') {
      this.#mark(event)
    } else if (event.message.direction === 'in') {
      this.#show({ event: 'message', ...messageView(event.message) }, messageLine(event.message, this.#init.name))
    }
  }

  /** Sends one line; a refusal is shown and counted. */
  async send(text: string): Promise<void> {
    const { outgoing, address, echo } = this.#init
    try {
      const { id, state } = await outgoing.send(address, checkMessageText(text))
      const sent = { id, state }
      this.#underway.set(sent.id, text)
      this.#queued.add(sent.id)
      this.#show({ event: 'sent', ...sent }, echo ? `   <me> ${oneLine(text)}` : undefined)
      this.#mark(this.#early.get(sent.id) ?? sent)
    } catch (error) {
      if (!(error instanceof CliError)) {
        throw error
      }
      this.failures++
      this.#show({ event: 'refused', condition: error.condition, message: error.message }, `!! ${error.message}`)
    }
    this.#early = new Map()
  }

  /** Resolves when every message has arrived or is stored for the other side, or after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#idle = () => {
        if (this.#queued.size === 0) {
          clearTimeout(timer)
          resolve()
        }
      }
      this.#idle()
    })
  }

  #mark(sent: Sent): void {
    const { id, state } = sent
    const text = this.#underway.get(id)
    if (text === undefined) {
      this.#early.set(id, sent)
      return
    }
    if (state === 'queued') {
      return
    }
    this.#queued.delete(id)
    if (state !== 'stored') {
      this.#underway.delete(id)
    }
    const excerpt = oneLine(text.length > MARK_CHARACTERS ? `${text.slice(0, MARK_CHARACTERS)}…` : text)
    const where = sent.receipts === undefined ? {} : { receipts: sent.receipts, of: sent.of }
    this.#show({ event: 'message-state', id, state, ...where }, `   ${markWords(sent)}: ${excerpt}`)
    this.#idle()
  }

  #speaker(): string {
    return speaker(this.#init.name, this.#init.address)
  }

  #show(object: OutputEvent, text: string | undefined): void {
    this.#init.around(() => this.#init.output.event(object, text))
  }
}

function markWords({ state, receipts, of }: Sent): string {
  switch (state) {
    case 'stored':
      return receipts === undefined ? '▪ stored' : `▪ stored with ${receipts} of ${of} custodians`
    case 'delivered':
      return '✓ delivered'
    default:
      return '✗ not delivered'
  }
}
