/** Counts messages that came in after one that the same writer had sent later to the same reader. */
export class DeliveryOrder {
  /** The latest that has come in, by pair. */
  readonly #latest = new Map<string, number>()
  #inversions = 0

  get inversions(): number {
    return this.#inversions
  }

  /** A message has come in for the first time; ids grow in the order of writing. */
  delivered({ id, from, to }: { readonly id: number; readonly from: number; readonly to: number }): void {
    const pair = `${from}>${to}`
    const latest = this.#latest.get(pair) ?? -1
    this.#inversions += id < latest ? 1 : 0
    this.#latest.set(pair, Math.max(id, latest))
  }
}
