import type { Kernel } from './kernel.ts'
import type { Account } from './ledger.ts'

/** As in src/node/acknowledgements.ts. */
const ACKNOWLEDGEMENT_DELAY_MS = 2_000

/** Letters come in bunches: those of one sender are acknowledged together. */
export class Acknowledgements {
  readonly #kernel: Kernel
  readonly #send: (to: number, acknowledged: readonly Account[]) => void
  readonly #pending = new Map<number, Account[]>()

  constructor(kernel: Kernel, send: (to: number, acknowledged: readonly Account[]) => void) {
    this.#kernel = kernel
    this.#send = send
  }

  add(message: Account): void {
    const { from } = message
    const known = this.#pending.get(from)
    if (known !== undefined) {
      known.push(message)
      return
    }
    const pending = [message]
    this.#pending.set(from, pending)
    this.#kernel.schedule(ACKNOWLEDGEMENT_DELAY_MS, () => {
      if (this.#pending.get(from) === pending) {
        this.#pending.delete(from)
        this.#send(from, pending)
      }
    })
  }

  /** The node stops: nobody is told. */
  clear(): void {
    this.#pending.clear()
  }
}
