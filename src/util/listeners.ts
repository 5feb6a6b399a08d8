/** Functions to be told of something; one that throws is a programmer error and stops the telling. */
export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>()

  /** Adds a listener until the returned function is called. */
  add(listener: (event: Event) => void): () => void {
    // A wrapper, so that the same function added twice is told twice and removed once.
    const entry = (event: Event): void => listener(event)
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
    }
  }

  emit(event: Event): void {
    for (const listener of [...this.#listeners]) {
      listener(event)
    }
  }
}
