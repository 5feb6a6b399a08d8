/** Nodes by their distance to one place, nearest first, at most so many: what does not fit is the farthest. */
export class NearestList {
  readonly nodes: Int32Array
  /** Of each node, whatever the owner counts: hops. */
  readonly depths: Uint8Array
  readonly #high: Uint32Array
  readonly #low: Uint32Array
  size = 0

  constructor(capacity: number) {
    this.nodes = new Int32Array(capacity)
    this.depths = new Uint8Array(capacity)
    this.#high = new Uint32Array(capacity)
    this.#low = new Uint32Array(capacity)
  }

  clear(): void {
    this.size = 0
  }

  /** Whether something at this distance would stay. */
  accepts(high: number, low: number): boolean {
    const last = this.nodes.length - 1
    return this.size <= last || this.#isNearer(high, low, last)
  }

  /** No effect when it is farther than all and there is no room. */
  add(high: number, low: number, node: number, depth: number): void {
    if (!this.accepts(high, low)) {
      return
    }
    let at = this.size < this.nodes.length ? this.size++ : this.size - 1
    for (; at > 0 && this.#isNearer(high, low, at - 1); at--) {
      this.#copy(at - 1, at)
    }
    this.#high[at] = high
    this.#low[at] = low
    this.nodes[at] = node
    this.depths[at] = depth
  }

  /** Forgets the nearest, which the owner has read. */
  shift(): void {
    this.size--
    this.nodes.copyWithin(0, 1, this.size + 1)
    this.depths.copyWithin(0, 1, this.size + 1)
    this.#high.copyWithin(0, 1, this.size + 1)
    this.#low.copyWithin(0, 1, this.size + 1)
  }

  #isNearer(high: number, low: number, at: number): boolean {
    const other = this.#high[at] as number
    return high < other || (high === other && low < (this.#low[at] as number))
  }

  #copy(from: number, to: number): void {
    this.#high[to] = this.#high[from] as number
    this.#low[to] = this.#low[from] as number
    this.nodes[to] = this.nodes[from] as number
    this.depths[to] = this.depths[from] as number
  }
}
