import { IDLE_ABORT_MS, SESSION_RESUME_WINDOW_MS } from '../../src/protocol/stanza/protocol.ts'
import { COMMIT_DELAY_MS } from '../system/disk.ts'
import type { Person } from './person.ts'
import type { PersonParts, Waiting } from './person-parts.ts'
import { STANZA_OVERHEAD_BYTES } from './traffic.ts'
import type { Wire } from './wire.ts'

/** Of a stream that is closed in good order the other side hears this much later. */
const GOODBYE_MS = 100

type Settle = (outcome: 'acknowledged' | 'lost') => void

/** The stanza session of two people: a stream, and what is under way on it. */
interface Session {
  readonly low: number
  readonly high: number
  readonly underWay: Set<Settle>
  /** Whose node has stopped since. */
  gone: number
  isDetached: boolean
  /** Whoever dialled and does not know yet that the other side took it; -1: both know. */
  unaware: number
  /** When what was last sent arrives, at the lower and the higher end: a stream keeps the order. */
  lowHeardMs: number
  highHeardMs: number
}

/** All stanza sessions, which break and are noticed to be broken as those of src/protocol/stanza. */
export class Wires implements Wire {
  readonly #parts: PersonParts
  readonly #people: readonly Person[]
  readonly #sessions = new Map<number, Session>()
  readonly #ofPerson: (Set<Session> | undefined)[] = []

  /** `people` may be filled later. */
  constructor(parts: PersonParts, people: readonly Person[]) {
    this.#parts = parts
    this.#people = people
  }

  get size(): number {
    return this.#sessions.size
  }

  isUp(person: number, contact: number): boolean {
    const session = this.#sessions.get(this.#key(person, contact))
    return session !== undefined && !session.isDetached && session.gone !== person && session.unaware !== person
  }

  open(person: number, contact: number, afterMs: number): void {
    const key = this.#key(person, contact)
    const known = this.#sessions.get(key)
    if (known !== undefined && !known.isDetached && known.gone < 0) {
      // The other side was faster.
      this.#aware(known)
      return
    }
    if (known !== undefined) {
      this.#remove(known)
      this.#lose(known)
    }
    const low = Math.min(person, contact)
    const session: Session = {
      low,
      high: person + contact - low,
      underWay: new Set(),
      gone: -1,
      isDetached: false,
      unaware: person,
      lowHeardMs: 0,
      highHeardMs: 0,
    }
    this.#sessions.set(key, session)
    for (const end of [person, contact]) {
      const sessions = this.#ofPerson[end] ?? new Set()
      this.#ofPerson[end] = sessions.add(session)
    }
    this.#people[contact]?.linkUp(person)
    this.#parts.kernel.schedule(afterMs, () => {
      if (this.#sessions.get(key) === session && session.gone < 0) {
        this.#aware(session)
      }
    })
  }

  #aware(session: Session): void {
    const { unaware, low, high } = session
    if (unaware >= 0) {
      session.unaware = -1
      this.#people[unaware]?.linkUp(low + high - unaware)
    }
  }

  send(item: Waiting, settle: Settle): void {
    const { kernel, paths, world, homes } = this.#parts
    const session = this.#sessions.get(this.#key(item.from, item.to))
    const from = homes[item.from] as number
    const to = homes[item.to] as number
    const bytes = item.bytes + STANZA_OVERHEAD_BYTES
    session?.underWay.add(settle)
    world.charge(from, to, bytes)
    if (session === undefined) {
      return
    }
    const heardMs = this.#hears(session, item.to, kernel.nowMs + paths.oneWayMs(from, to, bytes))
    kernel.schedule(heardMs + COMMIT_DELAY_MS - kernel.nowMs, () => {
      if (!this.#carries(session)) {
        return
      }
      this.#people[item.to]?.receive(item, 'direct')
      world.charge(to, from, STANZA_OVERHEAD_BYTES)
      kernel.schedule(paths.oneWayMs(to, from, STANZA_OVERHEAD_BYTES), () => {
        if (this.#carries(session) && session.underWay.delete(settle)) {
          settle('acknowledged')
        }
      })
    })
  }

  /** The node of a person has stopped; in good order, or the others notice it by silence. */
  stopped(person: number, isCrash: boolean): void {
    for (const session of [...(this.#ofPerson[person] ?? [])]) {
      session.gone = person
      this.#break(session, isCrash ? IDLE_ABORT_MS : GOODBYE_MS, isCrash)
    }
  }

  /** The network fell apart. */
  parted(): void {
    const { world, homes } = this.#parts
    for (const session of [...this.#sessions.values()]) {
      if (world.side[homes[session.low] as number] !== world.side[homes[session.high] as number]) {
        this.#break(session, IDLE_ABORT_MS, true)
      }
    }
  }

  #break(session: Session, noticedAfterMs: number, mayResume: boolean): void {
    const { kernel, world, homes } = this.#parts
    const isCurrent = (): boolean => this.#sessions.get(this.#key(session.low, session.high)) === session
    kernel.schedule(noticedAfterMs, () => {
      const isWhole = world.side[homes[session.low] as number] === world.side[homes[session.high] as number]
      if (!isCurrent() || session.isDetached || (session.gone < 0 && isWhole)) {
        return
      }
      session.isDetached = true
      this.#tell(session, (person, contact) => person.linkDetached(contact))
      kernel.schedule(mayResume ? SESSION_RESUME_WINDOW_MS : 0, () => {
        if (isCurrent()) {
          this.#remove(session)
          this.#lose(session)
          this.#tell(session, (person, contact) => person.linkClosed(contact))
        }
      })
    })
  }

  /** When one end hears what would get there at `atMs` by itself. */
  #hears(session: Session, person: number, atMs: number): number {
    if (person === session.low) {
      session.lowHeardMs = Math.max(session.lowHeardMs, atMs)
      return session.lowHeardMs
    }
    session.highHeardMs = Math.max(session.highHeardMs, atMs)
    return session.highHeardMs
  }

  /** Whether what is sent now arrives. */
  #carries(session: Session): boolean {
    const { world, homes } = this.#parts
    const low = homes[session.low] as number
    const high = homes[session.high] as number
    return (
      this.#sessions.get(this.#key(session.low, session.high)) === session &&
      session.gone < 0 &&
      world.side[low] === world.side[high]
    )
  }

  #tell(session: Session, tell: (person: Person, contact: number) => void): void {
    for (const [person, contact] of [
      [session.low, session.high],
      [session.high, session.low],
    ] as const) {
      const told = this.#people[person]
      if (told !== undefined && session.gone !== person) {
        tell(told, contact)
      }
    }
  }

  #lose(session: Session): void {
    const lost = [...session.underWay]
    session.underWay.clear()
    for (const settle of lost) {
      settle('lost')
    }
  }

  #remove(session: Session): void {
    this.#sessions.delete(this.#key(session.low, session.high))
    this.#ofPerson[session.low]?.delete(session)
    this.#ofPerson[session.high]?.delete(session)
  }

  #key(person: number, contact: number): number {
    return Math.min(person, contact) * this.#parts.homes.length + Math.max(person, contact)
  }
}
