import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { ReplicationEffect, ReplicationEvent } from '../protocol/mailbox/replication-event.ts'
import {
  initialReplicationState,
  nextReplicationMs,
  type ReplicationState,
  stepReplication,
} from '../protocol/mailbox/replication-state.ts'
import type { SyncOutcome } from '../protocol/mailbox/sync-mailbox.ts'
import type { Clock, Timer } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import { DialError, type Network } from '../system/network.ts'
import type { Random } from '../system/random.ts'
import { fromHex } from '../util/bytes.ts'
import type { ClosestSets } from './closest-sets.ts'
import type { CustodianPeers } from './custodian-peers.ts'
import type { LetterCustody } from './letter-custody.ts'
import type { LetterEvent } from './letter-event.ts'
import { LetterSync } from './letter-sync.ts'
import { LetterSyncs, type SyncResult, type SyncTask } from './letter-syncs.ts'
import { Neighbourhood } from './neighbourhood.ts'

/** Handing over takes no longer: people wait for a program that stops. *ours* */
const HAND_OVER_MAX_MS = 3_000
/** The longest sleep: a little below what timers can do. *ours* */
const SLEEP_MAX_MS = 86_400_000
/** Mailboxes too new for a first round that get one when this node stops. *ours* */
const LAST_PLACED_MAX = 256
const FRACTION_STEPS = 2 ** 32

export interface ReplicationComponents {
  readonly clock: Clock
  readonly random: Pick<Random, 'uniform'>
  readonly network: Pick<Network, 'peerId' | 'subscribe' | 'connectedPeers'>
  readonly mailbox: Pick<MailboxClient, 'syncWith' | 'acknowledge' | 'replicate' | 'fetch'>
  readonly letters: LetterCustody
  readonly closest: ClosestSets
  readonly custodians: CustodianPeers
  readonly logger: Logger
}

/** What replication is busy with. */
export interface ReplicationStatus {
  /** Mailboxes this node cares for. */
  readonly mailboxes: number
  /** Of these, the ones whose custodians are known. */
  readonly placed: number
  /** Custodians known of these mailboxes, this node included, in all. */
  readonly replicas: number
}

/** Keeps the letters of this node and those of the other custodians the same: obeys `stepReplication`. */
export class Replication {
  readonly #components: ReplicationComponents
  readonly #state: ReplicationState
  readonly #sync: LetterSync
  readonly #syncs: LetterSyncs
  readonly #neighbourhood: Neighbourhood
  readonly #unsubscribe: (() => void)[]
  readonly #lookups = new Set<Promise<void>>()
  readonly #drops = new Set<Promise<void>>()
  /** Wall clock minus monotonic at the start: the time that is told to the state runs on when the wall clock jumps. */
  readonly #offsetMs: number
  #timer: { readonly atMs: number; readonly timer: Timer } | undefined
  #running = false
  #stopped: Promise<void> | undefined
  readonly #left = Promise.withResolvers<void>()
  #isQuiet: (() => void) | undefined

  /** To be made before the letters are loaded, since it learns from them what there is. */
  constructor(components: ReplicationComponents) {
    this.#components = components
    const { clock, letters, network, custodians } = components
    this.#offsetMs = clock.wallMs() - clock.monotonicMs()
    this.#state = initialReplicationState(network.peerId)
    this.#sync = new LetterSync(clock, components.mailbox, letters)
    this.#syncs = new LetterSyncs(components, {
      synchronise: (task, signal) => this.#synchronise(task, signal),
      settled: (task, result) => this.#settled(task, result),
    })
    this.#neighbourhood = new Neighbourhood(components, (mailbox) => this.#refresh(mailbox))
    this.#unsubscribe = [
      letters.subscribe((event) => this.#onLetters(event)),
      custodians.heard.add((peerId) => this.#step({ type: 'heard', peerId })),
    ]
  }

  /** Begins with rounds, each mailbox's first one within the hour. Idempotent. */
  start(): void {
    if (!this.#running && this.#stopped === undefined) {
      this.#running = true
      this.#neighbourhood.start()
      this.#schedule()
    }
  }

  /** Hands over what this node keeps, as far as that is possible within 3 s, and ends all it began. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  status(): ReplicationStatus {
    let placed = 0
    let replicas = 0
    for (const { custodians } of this.#state.replicas.values()) {
      placed += custodians.length > 0 ? 1 : 0
      replicas += custodians.length
    }
    return { mailboxes: this.#state.replicas.size, placed, replicas }
  }

  async #stop(): Promise<void> {
    this.#neighbourhood.stop()
    if (this.#running) {
      const timer = this.#components.clock.schedule(HAND_OVER_MAX_MS, () => {
        this.#isQuiet?.()
        this.#left.resolve()
      })
      await this.#placeNew()
      this.#syncs.dropWaiting()
      this.#step({ type: 'leaving', nowMs: this.#nowMs() })
      await this.#left.promise
      timer.cancel()
    }
    this.#running = false
    this.#timer?.timer.cancel()
    for (const unsubscribe of this.#unsubscribe) {
      unsubscribe()
    }
    this.#components.closest.stop()
    await Promise.all(this.#lookups)
    await this.#syncs.stop()
    await Promise.all(this.#drops)
  }

  /** Who deposited here last may have gone: those letters too get to others before this node goes. */
  async #placeNew(): Promise<void> {
    const fresh = [...this.#state.replicas.values()].filter(({ live, custodians }) => live && custodians.length === 0)
    for (const { mailbox } of fresh.slice(0, LAST_PLACED_MAX)) {
      this.#refresh(mailbox)
    }
    if (fresh.length > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#isQuiet = resolve
      this.#tellIfQuiet()
      await promise
    }
  }

  #tellIfQuiet(): void {
    if (this.#lookups.size === 0 && this.#state.waiting.size === 0 && this.#syncs.isIdle) {
      this.#isQuiet?.()
    }
  }

  #onLetters(event: LetterEvent): void {
    if (event.type !== 'kept') {
      this.#step(event)
      return
    }
    if (event.deposited) {
      this.#syncs.deposited(event.mailbox)
    }
    const nowMs = this.#nowMs()
    const expiresMs = event.expiresMs - this.#components.clock.wallMs() + nowMs
    this.#step({ ...event, expiresMs, nowMs, jitter: this.#fraction() })
  }

  #refresh(mailbox: string): void {
    this.#step({ type: 'refresh', mailbox, nowMs: this.#nowMs() })
  }

  #step(event: ReplicationEvent): void {
    for (const effect of stepReplication(this.#state, event)) {
      this.#obey(effect)
    }
    this.#schedule()
  }

  #obey(effect: ReplicationEffect): void {
    switch (effect.type) {
      case 'lookup':
        track(this.#lookups, this.#lookup(effect.mailbox))
        return
      case 'sync':
        this.#syncs.add(effect)
        return
      case 'drop':
        // What has expired is deleted within the hour by the wall clock, which is what its receipts say.
        if (effect.reason === 'handed-over') {
          track(this.#drops, this.#components.letters.drop(effect.mailbox))
        }
        return
      case 'left':
        this.#left.resolve()
        return
    }
  }

  async #lookup(mailbox: string): Promise<void> {
    const event = await this.#lookedUp(mailbox)
    this.#step({ ...event, mailbox, nowMs: this.#nowMs(), jitter: this.#fraction() })
    queueMicrotask(() => this.#tellIfQuiet())
  }

  async #lookedUp(mailbox: string) {
    try {
      const { candidates } = await this.#components.closest.lookup(mailbox)
      return { type: 'closest', candidates, choice: this.#fraction() } as const
    } catch (error) {
      this.#components.logger.debug('custodians not looked up', { reason: String(error) })
      return { type: 'lookup-failed' } as const
    }
  }

  async #synchronise({ mailbox, peerId }: SyncTask, signal: AbortSignal): Promise<SyncResult> {
    const { closest, logger } = this.#components
    try {
      return resultOf(await this.#sync.with(closest.peer(peerId), fromHex(mailbox), signal))
    } catch (error) {
      logger.debug('mailbox not compared', { peer: peerId, reason: String(error) })
      return error instanceof DialError && error.failure === 'unsupported-protocol' ? 'no-storage' : 'silent'
    }
  }

  #settled({ mailbox, peerId }: SyncTask, result: SyncResult): void {
    const nowMs = this.#nowMs()
    if (result === 'synced') {
      this.#step({ type: 'synced', mailbox, peerId, nowMs })
    } else {
      this.#step({ type: 'silent', mailbox, peerId, nowMs })
    }
    if (result === 'incomplete') {
      // It is there: nothing else would be right, as a stranger could make any two custodians differ for good.
      this.#step({ type: 'heard', peerId })
    }
    if (result === 'no-storage' && this.#components.closest.hasNoStorage(peerId)) {
      this.#refresh(mailbox)
    }
    this.#tellIfQuiet()
  }

  #schedule(): void {
    if (!this.#running) {
      return
    }
    const nowMs = this.#nowMs()
    const atMs = Math.min(nextReplicationMs(this.#state) ?? Number.POSITIVE_INFINITY, nowMs + SLEEP_MAX_MS)
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) {
      return
    }
    this.#timer?.timer.cancel()
    const timer = this.#components.clock.schedule(Math.max(0, atMs - nowMs), () => {
      this.#timer = undefined
      this.#step({ type: 'due', nowMs: this.#nowMs() })
    })
    this.#timer = { atMs, timer }
  }

  #nowMs(): number {
    return this.#components.clock.monotonicMs() + this.#offsetMs
  }

  #fraction(): number {
    return this.#components.random.uniform(FRACTION_STEPS) / FRACTION_STEPS
  }
}

function resultOf(outcome: SyncOutcome): SyncResult {
  if (outcome === 'synced' || outcome === 'incomplete') {
    return outcome
  }
  return outcome.refused === 'no-storage' ? 'no-storage' : 'incomplete'
}

function track(promises: Set<Promise<void>>, promise: Promise<void>): void {
  const tracked = promise.finally(() => promises.delete(tracked))
  promises.add(tracked)
}
