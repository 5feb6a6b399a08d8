import type { Clock, Timer } from '../../system/clock.ts'
import type { Random } from '../../system/random.ts'
import { toHex } from '../../util/bytes.ts'
import type { Element } from '../../xml/element.ts'
import { Jid } from '../../xmpp/jid.ts'
import { errorReply, StanzaError, type StanzaErrorCondition } from '../../xmpp/stanza-error.ts'
import type { Session } from './session.ts'

/** How long a client may think about a question (RFC 6120 §8.2.3). *ours* */
const CLIENT_ANSWER_TIMEOUT_MS = 60_000
/** Questions to one client at a time; more are refused. *ours* */
const MAX_QUESTIONS_PER_SESSION = 256
/** Of an id that nobody guesses (security X15). */
const QUESTION_ID_BYTES = 12

interface Question {
  readonly iq: Element
  readonly timer: Timer
  readonly answer: (iq: Element) => void
}

export interface ClientQueriesComponents {
  readonly clock: Pick<Clock, 'schedule'>
  readonly random: Pick<Random, 'bytes'>
}

/**
 * Iqs that clients of the account are asked, by features, by each other and over the network. Each goes out under an id
 * of ours; only the asked client can answer it, and only to who asked.
 */
export class ClientQueries {
  readonly #components: ClientQueriesComponents
  readonly #account: string
  readonly #open = new Map<Session, Map<string, Question>>()

  constructor(components: ClientQueriesComponents, account: string) {
    this.#components = components
    this.#account = account
  }

  /** Asks a client. Resolves with its result or error, or one of ours when it does not answer; `from` is the session. */
  ask(session: Session, iq: Element): Promise<Element> {
    const questions = this.#open.get(session) ?? new Map<string, Question>()
    if (session.isOver || questions.size >= MAX_QUESTIONS_PER_SESSION) {
      return Promise.resolve(failed(iq, session.isOver ? 'service-unavailable' : 'resource-constraint'))
    }
    this.#open.set(session, questions)
    const id = toHex(this.#components.random.bytes(QUESTION_ID_BYTES))
    return new Promise((resolve) => {
      const settle = (answer: Element): void => {
        question.timer.cancel()
        questions.delete(id)
        resolve(answer)
      }
      const timer = this.#components.clock.schedule(CLIENT_ANSWER_TIMEOUT_MS, () =>
        settle(failed(iq, 'remote-server-timeout')),
      )
      const question = { iq, timer, answer: settle }
      questions.set(id, question)
      session.deliver(iq.withAttributes({ id, to: session.address }), (outcome) => {
        if (outcome === 'lost' && questions.get(id) === question) {
          settle(failed(iq, 'service-unavailable'))
        }
      })
    })
  }

  /** Takes a result or error from a client; what was not asked is dropped. */
  answered(session: Session, iq: Element): void {
    const question = this.#open.get(session)?.get(iq.attribute('id') ?? '')
    if (question !== undefined && this.#isToAsker(iq, question.iq)) {
      const { from, id } = question.iq.attributes
      question.answer(iq.withAttributes({ from: session.address, to: from, id }))
    }
  }

  /** The session is over: nobody answers any more. */
  ended(session: Session): void {
    for (const { iq, answer } of [...(this.#open.get(session)?.values() ?? [])]) {
      answer(failed(iq, 'service-unavailable'))
    }
    this.#open.delete(session)
  }

  /** RFC 6120 §8.1.2.1: no `to` stands for the own account. */
  #isToAsker(answer: Element, question: Element): boolean {
    const [to, from] = [answer, question].map((iq, index) => iq.attribute(index === 0 ? 'to' : 'from') ?? this.#account)
    return to === from || Jid.tryParse(to ?? '')?.toString() === Jid.tryParse(from ?? '')?.toString()
  }
}

function failed(iq: Element, condition: StanzaErrorCondition): Element {
  return errorReply(iq, new StanzaError(condition)) ?? iq
}
