/** Who wants to know of letters that arrive, by mailbox (in text). The mailbox server bounds how many there are. */
export class LetterWatchers {
  readonly #watchers = new Map<string, Set<() => void>>()

  /** Calls `onArrival` until the returned function is called. */
  add(mailbox: string, onArrival: () => void): () => void {
    const watchers = this.#watchers.get(mailbox) ?? new Set()
    this.#watchers.set(mailbox, watchers)
    // A wrapper, so that the same function added twice is called twice and removed once.
    const entry = (): void => onArrival()
    watchers.add(entry)
    return () => {
      watchers.delete(entry)
      if (watchers.size === 0 && this.#watchers.get(mailbox) === watchers) {
        this.#watchers.delete(mailbox)
      }
    }
  }

  tell(mailbox: string): void {
    for (const entry of [...(this.#watchers.get(mailbox) ?? [])]) {
      entry()
    }
  }
}
