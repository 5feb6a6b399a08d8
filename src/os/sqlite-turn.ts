/** How the function of a transaction ended. */
export type Outcome<Result> =
  | { readonly ok: true; readonly value: Result }
  | { readonly ok: false; readonly error: unknown }

interface Waiting {
  readonly settle: () => void
  readonly fail: (error: unknown) => void
}

/** The transactions of one event-loop turn, waiting for the commit that they share. */
export class Turn {
  readonly #end: NodeJS.Immediate
  readonly #waiting: Waiting[] = []

  /** `end` is the callback that commits, cancelled if the turn ends otherwise. */
  constructor(end: NodeJS.Immediate) {
    this.#end = end
  }

  get size(): number {
    return this.#waiting.length
  }

  /** Resolves or rejects as `outcome` says once the turn settles; rejects with its error if the turn fails. */
  join<Result>(outcome: Outcome<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        settle: () => (outcome.ok ? resolve(outcome.value) : reject(outcome.error)),
        fail: reject,
      })
    })
  }

  settle(): void {
    clearImmediate(this.#end)
    for (const { settle } of this.#waiting) {
      settle()
    }
  }

  fail(error: unknown): void {
    clearImmediate(this.#end)
    for (const { fail } of this.#waiting) {
      fail(error)
    }
  }
}
