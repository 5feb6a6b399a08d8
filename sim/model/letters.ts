import type { Place } from './id-space.ts'
import { mix } from './stream.ts'

/** A sealed letter; the same object at every custodian. */
export interface Letter {
  readonly id: string
  /** Mailbox key in text: person and day. */
  readonly mailbox: string
  readonly bytes: number
  /** The sender, in text: each writes with the permit of a contact. */
  readonly permit: string
  /** What is in it, for the recipient alone. */
  readonly content: unknown
  /** By the wall clock; custodians keep it for 14 days from then. */
  readonly depositedMs: number
  /** Nodes that have it on disk, whether they run or not. */
  readonly holders: Set<number>
}

/** The mailbox of a person on a day, as the state machines name it. */
export function mailboxName(person: number, day: number): string {
  return `${person}/${day}`
}

/** Where it is: stands for SHA-256 of the mailbox key. */
export function mailboxPlace(seed: number, mailbox: string): Place {
  const [person = 0, day = 0] = mailbox.split('/').map(Number)
  const high = mix(mix(seed >>> 0, person), day)
  return { high, low: mix(high, day ^ 0x5bd1e995) }
}

/** Where the account record of a person is. */
export function recordPlace(seed: number, person: number): Place {
  const high = mix(mix(seed >>> 0, 0x7ec0_4d), person)
  return { high, low: mix(high, person) }
}
