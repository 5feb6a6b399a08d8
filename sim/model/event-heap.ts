const FIRST_CAPACITY = 1_024

/**
 * Events as three numbers each (what, about whom, when) by time and then by the order in which they were added: a binary
 * heap on typed arrays, since at millions of events objects and closures cost more than what they do.
 */
export class EventHeap {
  #times = new Float64Array(FIRST_CAPACITY)
  #sequences = new Float64Array(FIRST_CAPACITY)
  #kinds = new Uint8Array(FIRST_CAPACITY)
  #subjects = new Int32Array(FIRST_CAPACITY)
  #size = 0
  #sequence = 0
  /** Of the event last taken. */
  kind = 0
  subject = 0
  atMs = 0

  get size(): number {
    return this.#size
  }

  /** Time of the next event; Infinity: none. */
  get nextMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number)
  }

  add(atMs: number, kind: number, subject: number): void {
    if (this.#size === this.#times.length) {
      this.#grow()
    }
    let index = this.#size++
    const [times, sequences, kinds, subjects] = [this.#times, this.#sequences, this.#kinds, this.#subjects]
    // It is the youngest of its time: only earlier times stay above it.
    while (index > 0) {
      const parent = (index - 1) >> 1
      if ((times[parent] as number) <= atMs) {
        break
      }
      this.#move(parent, index)
      index = parent
    }
    times[index] = atMs
    sequences[index] = this.#sequence++
    kinds[index] = kind
    subjects[index] = subject
  }

  /** Takes the next event out, into `kind`, `subject` and `atMs`; false when there is none. */
  take(): boolean {
    if (this.#size === 0) {
      return false
    }
    this.kind = this.#kinds[0] as number
    this.subject = this.#subjects[0] as number
    this.atMs = this.#times[0] as number
    this.#size--
    if (this.#size > 0) {
      this.#sink(this.#size)
    }
    return true
  }

  /** Puts the event at `last` where the first was, and down to its place. */
  #sink(last: number): void {
    const [times, sequences] = [this.#times, this.#sequences]
    const atMs = times[last] as number
    const sequence = sequences[last] as number
    let index = 0
    for (let child = 1; child < last; child = 2 * index + 1) {
      if (child + 1 < last && this.#isBefore(child + 1, times[child] as number, sequences[child] as number)) {
        child += 1
      }
      if (!this.#isBefore(child, atMs, sequence)) {
        break
      }
      this.#move(child, index)
      index = child
    }
    this.#move(last, index)
  }

  #isBefore(index: number, atMs: number, sequence: number): boolean {
    const time = this.#times[index] as number
    return time < atMs || (time === atMs && (this.#sequences[index] as number) < sequence)
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number
    this.#sequences[to] = this.#sequences[from] as number
    this.#kinds[to] = this.#kinds[from] as number
    this.#subjects[to] = this.#subjects[from] as number
  }

  #grow(): void {
    const capacity = 2 * this.#times.length
    const times = new Float64Array(capacity)
    const sequences = new Float64Array(capacity)
    const kinds = new Uint8Array(capacity)
    const subjects = new Int32Array(capacity)
    times.set(this.#times)
    sequences.set(this.#sequences)
    kinds.set(this.#kinds)
    subjects.set(this.#subjects)
    this.#times = times
    this.#sequences = sequences
    this.#kinds = kinds
    this.#subjects = subjects
  }
}
