import type { Waiting } from './person-parts.ts'

/** The way between two people, as one of them uses it. */
export interface Wire {
  isUp(person: number, contact: number): boolean
  /** Hands an entry over; `settle` is called once, if the sender's node still runs. */
  send(item: Waiting, settle: (outcome: 'acknowledged' | 'lost') => void): void
  /** The contact's node took a stream, of which the one of `person` hears so much later. */
  open(person: number, contact: number, afterMs: number): void
}
