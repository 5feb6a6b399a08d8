import { toString as bytesToText } from 'uint8arrays/to-string'
import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import { type Element, element } from '../xml/element.ts'
import { isOwnerQuery } from '../xmpp/foreign-claims.ts'
import { Jid } from '../xmpp/jid.ts'
import { NS_DISCO_INFO, NS_PING } from '../xmpp/namespaces.ts'
import { iqType, replyTo } from '../xmpp/stanza.ts'
import { errorReply, StanzaError } from '../xmpp/stanza-error.ts'
import type { QueryHandler } from './api.ts'
import type { Route } from './routes.ts'

/** Unanswered queries of one account; more are refused with `resource-constraint`. *ours* */
const QUERIES_MAX_PENDING = 256
/** Queries of one peer that wait for our answer; more are refused with `resource-constraint`. *ours* */
const ANSWERS_MAX_PER_PEER = 64
/** The same of all peers. *ours* */
const ANSWERS_MAX = 1_024
/** Then whoever asked gets `remote-server-timeout`. *ours* */
const ANSWER_TIMEOUT_MS = 60_000
/** 128 random bits: an answer cannot be forged by guessing the id (security.md X15). */
const QUERY_ID_BYTES = 16

interface PendingQuery {
  readonly to: string
  readonly id: string | undefined
  readonly resolve: (answer: Element) => void
}

/** Queries of one account to others and the answers to theirs (RFC 6120 §8.2.3). Never stored. */
export class Queries {
  readonly #random: Random
  readonly #address: string
  readonly #reach: (bareJid: string, signal: AbortSignal) => Promise<Route | undefined>
  readonly #pending = new Map<string, PendingQuery>()
  readonly #clock: Pick<Clock, 'schedule'>
  /** Queries of others that wait for an answer, by peer; and how to end the wait of each. */
  readonly #answering = new Map<string, number>()
  readonly #late = new Set<() => void>()
  #handler: QueryHandler | undefined
  #unanswered = 0

  constructor(init: {
    clock: Pick<Clock, 'schedule'>
    random: Random
    address: string
    reach: (bareJid: string, signal: AbortSignal) => Promise<Route | undefined>
  }) {
    this.#clock = init.clock
    this.#random = init.random
    this.#address = init.address
    this.#reach = init.reach
  }

  /**
   * Sends a get or set; the answer may be an error stanza, also one that this node makes because nobody answers.
   * Rejects with the signal's reason.
   *
   * @throws StanzaError for a query that may not be sent
   */
  async send(iq: Element, signal: AbortSignal): Promise<Element> {
    signal.throwIfAborted()
    const to = Jid.parse(iq.attribute('to') ?? '')
    if (this.#unanswered >= QUERIES_MAX_PENDING) {
      throw new StanzaError('resource-constraint', 'too many unanswered queries')
    }
    this.#unanswered += 1
    try {
      return await this.#ask(iq, to, signal)
    } finally {
      this.#unanswered -= 1
    }
  }

  async #ask(iq: Element, to: Jid, signal: AbortSignal): Promise<Element> {
    const route = await this.#reach(to.bare().toString(), signal)
    signal.throwIfAborted()
    if (route === undefined) {
      return failed(iq, new StanzaError('remote-server-timeout', 'no node of the account can be reached'))
    }
    const id = bytesToText(this.#random.bytes(QUERY_ID_BYTES), 'base32')
    const { promise, resolve, reject } = Promise.withResolvers<Element>()
    const abort = (): void => reject(signal.reason)
    this.#pending.set(id, { to: to.toString(), id: iq.attribute('id'), resolve })
    signal.addEventListener('abort', abort, { once: true })
    const lost = (): void => resolve(failed(iq, new StanzaError('remote-server-timeout', 'the connection broke')))
    const from = iq.attribute('from') ?? this.#address
    const sent = route.send(iq.withAttributes({ id, from }), (outcome) => outcome === 'lost' && lost())
    if (!sent) {
      lost()
    }
    try {
      return await promise
    } finally {
      this.#pending.delete(id)
      signal.removeEventListener('abort', abort)
    }
  }

  /** Who answers queries from now on; undefined: this node itself. */
  answerWith(handler: QueryHandler | undefined): void {
    this.#handler = handler
  }

  /** An iq from a peer's node: an answer to one of ours, or a query, with whose answer it resolves. */
  async receive(iq: Element): Promise<Element | undefined> {
    const type = iqType(iq)
    if (type === 'get' || type === 'set') {
      return await this.#answer(iq, type)
    }
    const pending = this.#pending.get(iq.attribute('id') ?? '')
    // RFC 6120 §8.1.2.1, X15: only whom we asked may answer.
    if (pending !== undefined && pending.to === iq.attribute('from')) {
      pending.resolve(iq.withAttributes({ id: pending.id }))
    }
    return undefined
  }

  /** Nobody waits for an answer any more. */
  stop(): void {
    for (const late of [...this.#late]) {
      late()
    }
  }

  async #answer(iq: Element, type: 'get' | 'set'): Promise<Element | undefined> {
    const peer = Jid.parse(iq.attribute('from') ?? '')
      .bare()
      .toString()
    const answering = this.#answering.get(peer) ?? 0
    if (isOwnerQuery(iq)) {
      return errorReply(iq, new StanzaError('service-unavailable')) // X13
    }
    if (this.#handler === undefined) {
      return answerAlone(iq, type)
    }
    if (answering >= ANSWERS_MAX_PER_PEER || this.#late.size >= ANSWERS_MAX) {
      return errorReply(iq, new StanzaError('resource-constraint', 'too many queries wait for an answer'))
    }
    this.#answering.set(peer, answering + 1)
    try {
      return await this.#inTime(iq, this.#handler)
    } catch (error) {
      const known = error instanceof StanzaError ? error : new StanzaError('internal-server-error')
      return errorReply(iq, known)
    } finally {
      const left = (this.#answering.get(peer) ?? 1) - 1
      if (left === 0) {
        this.#answering.delete(peer)
      } else {
        this.#answering.set(peer, left)
      }
    }
  }

  async #inTime(iq: Element, handler: QueryHandler): Promise<Element> {
    const { promise, resolve } = Promise.withResolvers<Element>()
    const late = (): void => resolve(failed(iq, new StanzaError('remote-server-timeout', 'there was no answer')))
    const timer = this.#clock.schedule(ANSWER_TIMEOUT_MS, late)
    this.#late.add(late)
    try {
      const answer = await Promise.race([handler(iq), promise])
      const { from, to, id } = iq.attributes
      return answer.withAttributes({ from: to, to: from, id })
    } finally {
      timer.cancel()
      this.#late.delete(late)
    }
  }
}

/** What this node says while nobody else answers. */
function answerAlone(iq: Element, type: 'get' | 'set'): Element | undefined {
  if (type === 'get' && iq.child('ping', NS_PING) !== undefined) {
    return replyTo(iq) // XEP-0199 §4.2
  }
  const info = type === 'get' ? iq.child('query', NS_DISCO_INFO) : undefined
  if (info !== undefined && info.attribute('node') === undefined) {
    return replyTo(iq, discoInfo()) // XEP-0030 §3.1
  }
  return errorReply(iq, new StanzaError('service-unavailable')) // RFC 6121 §8.5.2.2.3
}

/** What the account itself answers when no client does: XEP-0030 §3.1, XEP-0199. */
function discoInfo(): Element {
  return element('query', NS_DISCO_INFO, {}, [
    element('identity', NS_DISCO_INFO, { category: 'account', type: 'registered' }),
    element('feature', NS_DISCO_INFO, { var: NS_DISCO_INFO }),
    element('feature', NS_DISCO_INFO, { var: NS_PING }),
  ])
}

function failed(iq: Element, error: StanzaError): Element {
  return errorReply(iq, error) ?? iq
}
