/** So many pieces of work in one turn of the event loop; whoever finds none left is called in the next turn, in order. */
export class TurnBudget {
  readonly #piecesPerTurn: number
  #left: number
  #turn: NodeJS.Immediate | undefined
  #waiting: (() => void)[] = []

  /** @param piecesPerTurn at least 1 */
  constructor(piecesPerTurn: number) {
    this.#piecesPerTurn = piecesPerTurn
    this.#left = piecesPerTurn
  }

  /** False if this turn has had its pieces: `goOn` is then called in the next one, where it asks again. Must not throw. */
  take(goOn: () => void): boolean {
    this.#turn ??= setImmediate(() => this.#renew())
    if (this.#left > 0) {
      this.#left -= 1
      return true
    }
    this.#waiting.push(goOn)
    return false
  }

  #renew(): void {
    this.#turn = undefined
    this.#left = this.#piecesPerTurn
    const waiting = this.#waiting
    this.#waiting = []
    for (const goOn of waiting) {
      goOn()
    }
  }
}
