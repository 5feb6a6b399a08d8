import { INITIAL_LINK_STATE, type LinkEvent, type LinkState, stepLink } from '../../src/node/link-state.ts'
import { CUSTODIANS_PER_PLACE } from '../../src/protocol/mailbox/letter-limits.ts'
import { REQUEST_ROUND_TRIPS } from './paths.ts'
import type { PersonParts } from './person-parts.ts'
import type { Records } from './records.ts'
import type { SleepingLink } from './sleeping-links.ts'
import { HANDSHAKE_BYTES, LOOKUP_REQUEST_BYTES, MAILBOX_FRAME_BYTES, RECORD_BYTES } from './traffic.ts'

/** One address of a dial is given up after this: ADDRESS_DIAL_TIMEOUT_MS of src/os/libp2p-limits.ts. */
const ADDRESS_TIMEOUT_MS = 4_000

/** Both ends of a pair. */
export interface LinkEnds {
  readonly person: number
  readonly contact: number
}

/** When the next attempt begins, and when it would dial. */
interface Sleep {
  readonly dueMs: number
  readonly dialMs: number
}

/** Drives the link state machine of one person and contact, as src/node/links.ts does. */
export class LinkRun implements SleepingLink {
  readonly #parts: PersonParts
  readonly #ends: LinkEnds
  readonly #records: Records
  /** The contact's node took a stream, of which this one hears so much later. */
  readonly #opened: (afterMs: number) => void
  #state: LinkState = INITIAL_LINK_STATE
  #timer = -1
  /** Set while the contact's node is off and nothing needs to be played. */
  #sleep: Sleep | undefined
  #stopped = false

  constructor(parts: PersonParts, ends: LinkEnds, records: Records, opened: (afterMs: number) => void) {
    this.#parts = parts
    this.#records = records
    this.#ends = ends
    this.#opened = opened
  }

  step(event: LinkEvent): void {
    if (this.#stopped) {
      return
    }
    const [state, effects] = stepLink(this.#state, event)
    this.#state = state
    for (const effect of effects) {
      if (effect.type === 'connect') {
        this.#connect(effect.refresh)
      } else {
        this.#cancel()
        if (effect.type === 'wait') {
          this.#wait(effect.delayMs)
        }
      }
    }
  }

  stop(): void {
    this.#stopped = true
    this.passed(this.#parts.kernel.nowMs)
    this.#cancel()
  }

  passed(nowMs: number): void {
    for (
      let sleep = this.#sleep;
      sleep !== undefined && sleep.dialMs + ADDRESS_TIMEOUT_MS <= nowMs;
      sleep = this.#sleep
    ) {
      this.#failAsleep(sleep)
    }
  }

  woken(nowMs: number): void {
    for (let sleep = this.#sleep; sleep !== undefined && sleep.dialMs < nowMs; sleep = this.#sleep) {
      this.#failAsleep(sleep)
    }
    const sleep = this.#sleep
    this.#sleep = undefined
    if (sleep === undefined) {
      return
    }
    if (sleep.dueMs >= nowMs) {
      this.#waitAwake(sleep.dueMs - nowMs)
      return
    }
    ;[this.#state] = stepLink(this.#state, { type: 'due' })
    this.#parts.kernel.schedule(sleep.dialMs - nowMs, () => {
      if (this.#state.phase === 'connecting') {
        this.#dial()
      }
    })
  }

  #wait(delayMs: number): void {
    const { sleepers, kernel } = this.#parts
    if (sleepers.maySleep(this.#other)) {
      this.#sleepUntil(kernel.nowMs + delayMs)
      sleepers.add(this.#other, this)
    } else {
      this.#waitAwake(delayMs)
    }
  }

  #waitAwake(delayMs: number): void {
    this.#timer = this.#parts.kernel.schedule(delayMs, () => {
      this.#timer = -1
      this.step({ type: 'due' })
    })
  }

  #sleepUntil(dueMs: number): void {
    this.#sleep = { dueMs, dialMs: dueMs + this.#parts.sleepers.drawLookupMs() }
  }

  /** One attempt, from the wait before it to the wait after it. */
  #failAsleep({ dialMs }: Sleep): void {
    const { sleepers, world, homes, paths, searches } = this.#parts
    const node = homes[this.#ends.person] as number
    const bytes = searches.messagesMean * LOOKUP_REQUEST_BYTES + CUSTODIANS_PER_PLACE * MAILBOX_FRAME_BYTES
    world.bytesSent[node] = (world.bytesSent[node] as number) + bytes
    paths.dials++
    paths.dialsFailed++
    const [connecting] = stepLink(this.#state, { type: 'due' })
    const [state, effects] = stepLink(connecting, { type: 'failed', jitter: sleepers.jitter() })
    this.#state = state
    for (const effect of effects) {
      if (effect.type === 'wait') {
        this.#sleepUntil(dialMs + ADDRESS_TIMEOUT_MS + effect.delayMs)
      }
    }
  }

  /** What is cached is tried first; after a failure the record is looked up again. */
  #connect(refresh: boolean): void {
    const { kernel, stream } = this.#parts
    this.#records.find(this.#ends.contact, refresh, (isKnown) => {
      // Later, so that one step never runs inside another.
      kernel.schedule(0, () => (isKnown ? this.#dial() : this.step({ type: 'failed', jitter: stream.next() })))
    })
  }

  #dial(): void {
    if (this.#stopped) {
      return
    }
    const { paths, world, homes, kernel, stream } = this.#parts
    const node = homes[this.#ends.person] as number
    const other = homes[this.#ends.contact] as number
    const reach = paths.reach(node, other)
    const isThere = (): boolean => world.up[other] === 1
    const answers = reach !== 'none' && isThere()
    // Nobody behind a NAT tells addresses, so there is nothing to dial.
    const failsMs = world.hidden[other] === 1 && reach === 'none' ? 0 : ADDRESS_TIMEOUT_MS
    // The stream, and the two sides' first words on it.
    const exchange = { bytes: RECORD_BYTES, roundTrips: REQUEST_ROUND_TRIPS }
    const answerMs = answers ? paths.oneWayMs(other, node, RECORD_BYTES / 2) : 0
    const delayMs = answers ? Math.max(0, paths.requestMs(node, other, reach, exchange) - answerMs) : failsMs
    world.charge(node, other, HANDSHAKE_BYTES + RECORD_BYTES)
    kernel.schedule(delayMs, () => {
      if (this.#stopped || this.#state.phase !== 'connecting') {
        return
      }
      if (answers && isThere()) {
        world.charge(other, node, HANDSHAKE_BYTES + RECORD_BYTES)
        this.#opened(answerMs)
      } else {
        paths.dials += reach === 'linked' ? 0 : 1
        paths.dialsFailed += reach === 'linked' ? 0 : 1
        this.step({ type: 'failed', jitter: stream.next() })
      }
    })
  }

  get #other(): number {
    return this.#parts.homes[this.#ends.contact] as number
  }

  #cancel(): void {
    if (this.#sleep !== undefined) {
      this.#sleep = undefined
      this.#parts.sleepers.delete(this.#other, this)
    }
    if (this.#timer >= 0) {
      this.#parts.kernel.cancel(this.#timer)
      this.#timer = -1
    }
  }
}
