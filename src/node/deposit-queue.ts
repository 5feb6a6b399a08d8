import type { OutgoingLetter } from './outgoing-letter.ts'

/** Messages that are sealed, looked up for or deposited at a time: with 10 custodians each 640 requests. *ours* */
export const DEPOSITS_AT_ONCE_MAX = 64
/** Of these for one recipient, so that one whom nothing reaches does not hold up the others. *ours* */
export const DEPOSITS_AT_ONCE_MAX_PER_RECIPIENT = 16

interface RecipientLetters {
  /** Those that wait for their turn, by position. */
  readonly waiting: OutgoingLetter[]
  readonly active: Set<OutgoingLetter>
  /** The last round of a letter to this recipient gave nothing: only one tries until that changes. */
  held: boolean
  /** That one, once it is known. */
  probe: OutgoingLetter | undefined
}

/** Whose turn it is among the letters of a sender: in the order of their positions, within bounds, fair to recipients. */
export class DepositQueue {
  readonly #recipients = new Map<string, RecipientLetters>()
  #active = 0

  get active(): number {
    return this.#active
  }

  /** A letter wants its turn. */
  add(letter: OutgoingLetter): void {
    const { waiting } = this.#of(letter)
    let at = waiting.length
    while (at > 0 && (waiting[at - 1]?.item.position ?? 0) > letter.item.position) {
      at--
    }
    if (waiting[at - 1] !== letter) {
      waiting.splice(at, 0, letter)
    }
  }

  /** A letter's state changed: it may have become idle or ended, or told something about its recipient. */
  update(letter: OutgoingLetter): void {
    const of = this.#of(letter)
    if (letter.active !== of.active.has(letter)) {
      this.#active += letter.active ? 1 : -1
      letter.active ? of.active.add(letter) : of.active.delete(letter)
    }
    if ((letter.receipts?.receipts ?? 0) > 0) {
      of.held = false
      of.probe = undefined
    } else if (letter.failed) {
      of.held = true
      of.probe ??= letter
    }
    if (letter.ended || !letter.waiting) {
      this.#leave(of, letter)
    }
    if (letter.ended && of.probe === letter) {
      of.probe = undefined
    }
    if (of.waiting.length === 0 && of.active.size === 0 && (!of.held || letter.ended)) {
      this.#recipients.delete(letter.item.recipient)
    }
  }

  /** What held letters back may be over: for one recipient or all. */
  release(recipient?: string): void {
    for (const [name, letters] of this.#recipients) {
      if (recipient === undefined || recipient === name) {
        letters.held = false
        letters.probe = undefined
      }
    }
  }

  /** The letter whose turn it is now, if there is room for one. */
  next(): OutgoingLetter | undefined {
    if (this.#active >= DEPOSITS_AT_ONCE_MAX) {
      return undefined
    }
    let first: OutgoingLetter | undefined
    for (const letters of this.#recipients.values()) {
      const candidate = candidateOf(letters)
      if (candidate !== undefined && (first === undefined || candidate.item.position < first.item.position)) {
        first = candidate
      }
    }
    const of = first && this.#of(first)
    if (first !== undefined && of?.held === true) {
      of.probe = first
    }
    return first
  }

  clear(): void {
    this.#recipients.clear()
    this.#active = 0
  }

  #leave({ waiting }: RecipientLetters, letter: OutgoingLetter): void {
    const at = waiting[0] === letter ? 0 : waiting.indexOf(letter)
    if (at >= 0) {
      waiting.splice(at, 1)
    }
  }

  #of({ item: { recipient } }: OutgoingLetter): RecipientLetters {
    const known = this.#recipients.get(recipient)
    if (known !== undefined) {
      return known
    }
    const letters: RecipientLetters = { waiting: [], active: new Set(), held: false, probe: undefined }
    this.#recipients.set(recipient, letters)
    return letters
  }
}

function candidateOf({ waiting, active, held, probe }: RecipientLetters): OutgoingLetter | undefined {
  if (held) {
    return probe === undefined ? waiting[0] : waiting.find((letter) => letter === probe)
  }
  return active.size < DEPOSITS_AT_ONCE_MAX_PER_RECIPIENT ? waiting[0] : undefined
}
