import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { ControlClient } from './client.ts'
import type { MessageView } from './messages.ts'

const NODE_STOPPED = 'the node stopped; the message is on its disk and goes out when it runs again'

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

/** Hands a message to the node; resolves when it is on its disk. */
export function sendMessage(client: ControlClient, address: string, text: string): Promise<Sent> {
  return client.request<Sent>('send', { address, text })
}

/** Whether nothing is left to wait for. */
export function isReached(state: MessageView['state'], awaited: AwaitedState): boolean {
  return state === awaited || state === 'delivered' || state === 'failed'
}

/**
 * Sends messages over one connection and waits for what becomes of them. It listens from before the first is sent, so
 * that no delivery is missed.
 */
export class DeliveryWatch {
  readonly #client: ControlClient
  readonly #news = new Map<string, Sent>()
  readonly #wakers = new Set<() => void>()

  private constructor(client: ControlClient) {
    this.#client = client
    client.onEvent((event) => {
      if (event.event === 'message-state') {
        const { id, state, receipts, of } = event
        this.#news.set(id, { id, state, ...(receipts === undefined || of === undefined ? {} : { receipts, of }) })
        for (const wake of this.#wakers) {
          wake()
        }
      }
    })
  }

  static async open(client: ControlClient): Promise<DeliveryWatch> {
    const watch = new DeliveryWatch(client)
    await client.request('subscribe')
    return watch
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
        this.#wakers.delete(wake)
        resolve()
      }
      const wake = (): void => {
        if (isReached(latest().state, awaited)) {
          end()
        }
      }
      this.#wakers.add(wake)
      void this.#client.closed.then(() => {
        clearTimeout(timer)
        reject(new CliError(EXIT_CODES.failed, 'service-unavailable', NODE_STOPPED))
      })
      wake()
    })
    return latest()
  }
}
