import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { Clock, Timer } from '../../../system/clock.ts'
import type { Logger } from '../../../system/logger.ts'
import { ProtocolViolation } from '../../../util/protocol-violation.ts'
import { isRelayedAddress } from '../../libp2p-addresses.ts'
import type { PunchBudget } from './punch-budget.ts'
import {
  ATTEMPT_PAUSE_MS,
  BUSY_WAIT_MS,
  DIRECT_HEAD_START_MS,
  MAX_ATTEMPTS,
  MAX_PUNCHES_AT_ONCE,
} from './punch-limits.ts'
import { type PunchCounters, type Puncher, PunchFailure } from './puncher.ts'

/** What the tries need. */
export interface PunchTriesComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly ownPeerId: string
  readonly puncher: Pick<Puncher, 'initiate' | 'respond'>
  readonly budget: PunchBudget
  readonly counters: PunchCounters
  /** Dials the public addresses of a peer; resolves to whether there is a direct connection now. */
  readonly dialDirectly: (peerId: PeerId, signal: AbortSignal) => Promise<boolean>
  readonly hasDirect: (peerId: PeerId) => boolean
  /** There is a direct connection beside this relayed one. */
  readonly onDirect: (relayed: Connection) => void
  /** No try is under way any more. */
  readonly onIdle: () => void
}

interface Try {
  readonly relayed: Connection
  readonly role: 'initiator' | 'responder'
  readonly abort: AbortController
}

/** Who punches with whom and when: one try with a peer at a time, few in all, failed ones again after growing waits. */
export class PunchTries {
  readonly #components: PunchTriesComponents
  readonly #active = new Map<string, Try>()
  readonly #running = new Set<Promise<void>>()
  /** As many as there are relayed connections. */
  readonly #retries = new Map<Connection, Timer>()
  #isStopped = false

  constructor(components: PunchTriesComponents) {
    this.#components = components
  }

  /** A peer that speaks DCUtR called through a relay: it is up to this side to begin. */
  upgrade(relayed: Connection): void {
    const { budget, hasDirect } = this.#components
    const peerId = relayed.remotePeer.toString()
    const active = this.#active.get(peerId)
    const isBusy = active?.relayed.status === 'open'
    if (this.#isStopped || relayed.status !== 'open' || hasDirect(relayed.remotePeer) || isBusy) {
      return
    }
    // A try with what the peer was before it started anew.
    active?.abort.abort(new Error('the peer called anew'))
    const waitMs = this.#active.size < MAX_PUNCHES_AT_ONCE ? budget.waitMs(peerId) : BUSY_WAIT_MS
    if (waitMs > 0) {
      this.#retryAfter(relayed, waitMs)
      return
    }
    this.#run(relayed, 'initiator', (signal) => this.#directlyOrPunched(relayed, signal))
  }

  /** A peer that was called through a relay opened a stream: the other side of a try. */
  serve(stream: Stream, relayed: Connection): void {
    const reason = this.#reasonToRefuse(relayed)
    if (reason !== undefined) {
      this.#refused(relayed, reason)
      stream.abort(new Error(`hole punching: ${reason}`))
      return
    }
    this.#active.get(relayed.remotePeer.toString())?.abort.abort(new Error('the other side punches'))
    this.#run(relayed, 'responder', async (signal) => {
      await this.#components.puncher.respond(stream, relayed, signal)
    })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#retries.values()) {
      timer.cancel()
    }
    for (const { abort } of this.#active.values()) {
      abort.abort(new Error('the network stops'))
    }
    await Promise.all(this.#running)
  }

  #reasonToRefuse({ remoteAddr, remotePeer, direction }: Connection): string | undefined {
    const peerId = remotePeer.toString()
    const { budget, hasDirect, ownPeerId } = this.#components
    const active = this.#active.get(peerId)
    if (!isRelayedAddress(remoteAddr) || direction !== 'outbound') {
      return 'not a connection that this side opened through a relay'
    }
    if (this.#isStopped || hasDirect(remotePeer)) {
      return 'there is a direct connection'
    }
    // Both called each other: of the two tries, that of the smaller PeerId goes on.
    if (active !== undefined && (active.role === 'responder' || ownPeerId < peerId)) {
      return 'a try is under way'
    }
    if (active === undefined && this.#active.size >= MAX_PUNCHES_AT_ONCE) {
      return 'too many tries at a time'
    }
    return budget.takeConversation(peerId) ? undefined : 'too many tries'
  }

  /** What `play` gives is a direct connection; otherwise it throws. */
  #run(relayed: Connection, role: Try['role'], play: (signal: AbortSignal) => Promise<void>): void {
    const peerId = relayed.remotePeer.toString()
    const entry: Try = { relayed, role, abort: new AbortController() }
    this.#active.set(peerId, entry)
    const running = this.#outcome(relayed, entry, play(entry.abort.signal)).finally(() => {
      this.#running.delete(running)
      if (this.#active.get(peerId) === entry) {
        this.#active.delete(peerId)
      }
      if (this.#active.size === 0) {
        this.#components.onIdle()
      }
    })
    this.#running.add(running)
  }

  async #outcome(relayed: Connection, { role, abort }: Try, playing: Promise<void>): Promise<void> {
    const { logger, budget, onDirect } = this.#components
    const peerId = relayed.remotePeer.toString()
    try {
      await playing
      budget.note(peerId, true)
      onDirect(relayed)
      logger.debug('direct connection beside a relayed one', { peerId, role })
    } catch (error) {
      if (abort.signal.aborted) {
        return
      }
      if (error instanceof ProtocolViolation) {
        this.#refused(relayed, error.message)
      }
      logger.debug('no hole punched', { peerId, role, error: String(error) })
      // A peer that went away in between says nothing about the NATs.
      if (role === 'initiator' && relayed.status === 'open') {
        budget.note(peerId, false)
        this.#retryAfter(relayed, budget.waitMs(peerId))
      }
    }
  }

  /** The direct dial has a head start; then both go on side by side. */
  async #directlyOrPunched(relayed: Connection, signal: AbortSignal): Promise<void> {
    const { clock, dialDirectly } = this.#components
    const done = new AbortController()
    const either = AbortSignal.any([signal, done.signal])
    const dialled = dialDirectly(relayed.remotePeer, either)
    const headStart = clock.sleep(DIRECT_HEAD_START_MS, either).then(() => false)
    headStart.catch(() => {})
    try {
      if (await Promise.race([dialled, headStart])) {
        return
      }
      const punched = this.#punch(relayed, either)
      await Promise.any([punched, dialled.then((isDirect) => (isDirect ? undefined : punched))])
    } catch (error) {
      throw error instanceof AggregateError ? error.errors[0] : error
    } finally {
      done.abort(new Error('there is a direct connection'))
    }
  }

  async #punch(relayed: Connection, signal: AbortSignal): Promise<void> {
    const { clock, puncher, budget } = this.#components
    const isRetry = budget.hasFailed(relayed.remotePeer.toString())
    for (let attempt = 1; ; attempt++) {
      try {
        await puncher.initiate(relayed, signal, isRetry)
        return
      } catch (error) {
        const isFinal = error instanceof PunchFailure || error instanceof ProtocolViolation
        if (isFinal || attempt === MAX_ATTEMPTS || signal.aborted || relayed.status !== 'open') {
          throw error
        }
        await clock.sleep(attempt * ATTEMPT_PAUSE_MS, signal)
      }
    }
  }

  #retryAfter(relayed: Connection, waitMs: number): void {
    if (this.#isStopped || relayed.status !== 'open' || this.#retries.has(relayed)) {
      return
    }
    const retry = (): void => {
      this.#retries.delete(relayed)
      this.upgrade(relayed)
    }
    this.#retries.set(relayed, this.#components.clock.schedule(waitMs, retry))
  }

  #refused(relayed: Connection, reason: string): void {
    const { counters, logger } = this.#components
    counters.refused += 1
    logger.debug('hole punching refused', { peerId: relayed.remotePeer.toString(), reason })
  }
}
