import { type Element, element, NS_CLIENT, NS_OWNER } from '../../src/client.ts'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { MessageView } from './messages.ts'
import type { NodeClient } from './node-client.ts'

const NODE_STOPPED = 'the node stopped; the message is on its disk and goes out when it runs again'

/** Messages of which news are kept; the oldest give way. One waits for what one has sent, and a command sends few. */
const MAX_NEWS = 10_000

/** What one may wait for. A message that is delivered needs to be stored no more. */
export type AwaitedState = 'stored' | 'delivered'

/** A message as the node took it, or what has become of it since. */
export interface Sent {
  readonly id: string
  readonly state: MessageView['state']
  /** Since it is `stored`: custodians that have signed for it. */
  readonly receipts?: number
  /** Since it is `stored`: custodians that were asked. */
  readonly of?: number
}

/** What has become of a message, and with whom it is. */
export interface SentNews extends Sent {
  readonly peer: string
}

/** Whether nothing is left to wait for. */
export function isReached(state: MessageView['state'], awaited: AwaitedState): boolean {
  return state === awaited || state === 'delivered' || state === 'failed'
}

/** Messages sent over one connection, and what becomes of them: it listens from before the first is sent. */
export class Outgoing {
  readonly #client: NodeClient
  /** The last that was heard of each message. */
  readonly #news = new Map<string, Sent>()
  readonly #listeners = new Set<(news: SentNews) => void>()

  private constructor(client: NodeClient) {
    this.#client = client
    client.onStanza((stanza) => this.#receive(stanza))
  }

  static async open(client: NodeClient): Promise<Outgoing> {
    const outgoing = new Outgoing(client)
    await client.query('set', element('watch', NS_OWNER))
    return outgoing
  }

  /**
   * Hands a message to the node; resolves when it is on its disk.
   *
   * @throws CliError as the node refused
   */
  async send(address: string, text: string): Promise<Sent> {
    const body = element('body', NS_CLIENT, {}, [text])
    const state = await this.#client.exchange(element('message', NS_CLIENT, { to: address, type: 'chat' }, [body]))
    const { peer: _peer, ...sent } = readNews(state)
    return sent
  }

  /** Calls `listener` with every change until the returned function is called. */
  onNews(listener: (news: SentNews) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Resolves with what is known of `sent` when it has reached the state or failed, or after `timeoutMs`.
   *
   * @throws CliError if the node stops meanwhile
   */
  async settled(sent: Sent, timeoutMs: number, awaited: AwaitedState = 'delivered'): Promise<Sent> {
    const latest = (): Sent => this.#news.get(sent.id) ?? sent
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => end(), timeoutMs)
      const end = (): void => {
        clearTimeout(timer)
        stopListening()
        resolve()
      }
      const look = (): void => {
        if (isReached(latest().state, awaited)) {
          end()
        }
      }
      const stopListening = this.onNews(look)
      void this.#client.closed.then(() => {
        clearTimeout(timer)
        reject(new CliError(EXIT_CODES.failed, 'service-unavailable', NODE_STOPPED))
      })
      look()
    })
    return latest()
  }

  #keep({ peer: _peer, ...sent }: SentNews): void {
    this.#news.delete(sent.id)
    this.#news.set(sent.id, sent)
    const [oldest] = this.#news.keys()
    if (this.#news.size > MAX_NEWS && oldest !== undefined) {
      this.#news.delete(oldest)
    }
  }

  #receive(stanza: Element): void {
    const state = stanza.child('state', NS_OWNER)
    if (state === undefined || stanza.attribute('from') !== this.#client.address) {
      return
    }
    const news = readNews(state)
    this.#keep(news)
    const stanzaId = state.attribute('stanza-id')
    if (stanzaId === undefined || !this.#client.answer(stanzaId, state)) {
      for (const listener of this.#listeners) {
        listener(news)
      }
    }
  }
}

function readNews(element: Element): SentNews {
  const { id = '', peer = '', state = 'queued', receipts, of } = element.attributes
  return {
    id,
    peer,
    state: state as MessageView['state'],
    ...(receipts === undefined || of === undefined ? {} : { receipts: Number(receipts), of: Number(of) }),
  }
}
