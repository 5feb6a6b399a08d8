const WAIT_LIMIT_MS = 20_000

/** Events as they come, for those who wait for one that was or will be. */
export class EventLog<Event> {
  readonly #events: Event[] = []
  readonly #waiting = new Set<() => void>()

  get all(): readonly Event[] {
    return this.#events
  }

  add(event: Event): void {
    this.#events.push(event)
    for (const look of [...this.#waiting]) {
      look()
    }
  }

  /** The first event, from the `from`th on, that the predicate takes; throws after a time. */
  async find(what: string, predicate: (event: Event) => boolean, from = 0): Promise<Event> {
    const { promise, resolve, reject } = Promise.withResolvers<Event>()
    const look = (): void => {
      const found = this.#events.slice(from).find(predicate)
      if (found !== undefined) {
        resolve(found)
      }
    }
    const timer = setTimeout(() => reject(new Error(`not within ${WAIT_LIMIT_MS / 1_000} s: ${what}`)), WAIT_LIMIT_MS)
    this.#waiting.add(look)
    look()
    return await promise.finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(look)
    })
  }
}
