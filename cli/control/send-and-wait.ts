import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { ControlClient } from './client.ts'
import type { MessageView } from './messages.ts'

const NODE_STOPPED = 'the node stopped; the message is on its disk and goes out when it runs again'

/** A message as the node took it. */
export interface Sent {
  readonly id: string
  readonly state: MessageView['state']
}

/** Hands a message to the node; resolves when it is on its disk. */
export function sendMessage(client: ControlClient, address: string, text: string): Promise<Sent> {
  return client.request<Sent>('send', { address, text })
}

/**
 * Sends messages over one connection and waits for what becomes of them. It listens from before the first is sent, so
 * that no delivery is missed.
 */
export class DeliveryWatch {
  readonly #client: ControlClient
  readonly #states = new Map<string, MessageView['state']>()
  readonly #wakers = new Set<() => void>()

  private constructor(client: ControlClient) {
    this.#client = client
    client.onEvent((event) => {
      if (event.event === 'message-state') {
        this.#states.set(event.id, event.state)
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
   * Resolves with the state of `sent` when it is no longer queued, or after `timeoutMs`.
   *
   * @throws CliError if the node stops meanwhile
   */
  async settled(sent: Sent, timeoutMs: number): Promise<MessageView['state']> {
    const state = (): MessageView['state'] => this.#states.get(sent.id) ?? sent.state
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, timeoutMs)
      const wake = (): void => {
        if (state() !== 'queued') {
          clearTimeout(timer)
          this.#wakers.delete(wake)
          resolve()
        }
      }
      this.#wakers.add(wake)
      void this.#client.closed.then(() => {
        clearTimeout(timer)
        reject(new CliError(EXIT_CODES.failed, 'service-unavailable', NODE_STOPPED))
      })
      wake()
    })
    return state()
  }
}
