import type { CollectionEffect } from '../../src/protocol/mailbox/collection-effect.ts'
import {
  type CollectionEvent,
  type CollectionState,
  initialCollectionState,
  stepCollection,
} from '../../src/protocol/mailbox/collection-state.ts'
import { CUSTODIANS_PER_PLACE } from '../../src/protocol/mailbox/letter-limits.ts'
import { DIAL_TIMEOUT_MS } from '../../src/protocol/mailbox/protocol.ts'
import { COMMIT_DELAY_MS } from '../system/disk.ts'
import type { Watch } from './custodian.ts'
import type { CustodianCache } from './custodian-cache.ts'
import { type Letter, mailboxName } from './letters.ts'
import type { PersonParts } from './person-parts.ts'
import { MAILBOX_FRAME_BYTES } from './traffic.ts'

/** As in src/node/account-collection.ts: no timer is set further ahead. */
const TIMER_MAX_MS = 900_000

type EffectOf<Type extends CollectionEffect['type']> = Extract<CollectionEffect, { readonly type: Type }>

/** What a collection tells its person. */
export interface CollectionTold {
  /** On the disk when this returns. */
  store(letter: Letter): void
  finished(through: number): void
}

/** Drives the collection state machine of one person while the node runs, as src/node/account-collection.ts does. */
export class CollectionRun {
  readonly #parts: PersonParts
  readonly #cache: CustodianCache
  readonly #person: number
  readonly #node: number
  readonly #told: CollectionTold
  readonly #state: CollectionState
  /** Custodians that are followed, by day and node. */
  readonly #watches = new Map<string, { readonly node: number; readonly mailbox: string; readonly watch: Watch }>()
  #timer = -1
  #timerMs = 0
  #stopped = false

  constructor(
    parts: PersonParts,
    cache: CustodianCache,
    { person, node, through }: { readonly person: number; readonly node: number; readonly through: number | undefined },
    told: CollectionTold,
  ) {
    this.#parts = parts
    this.#cache = cache
    this.#person = person
    this.#node = node
    this.#told = told
    this.#state = initialCollectionState(through)
  }

  online(): void {
    this.#happened({ type: 'online', ...this.#moment() })
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer >= 0) {
      this.#parts.kernel.cancel(this.#timer)
    }
    for (const { node, mailbox, watch } of this.#watches.values()) {
      this.#parts.custody.unwatch(node, mailbox, watch)
    }
    this.#watches.clear()
  }

  #moment(): { readonly nowMs: number; readonly jitter: number } {
    return { nowMs: this.#parts.kernel.wallMs, jitter: this.#parts.stream.next() }
  }

  #happened(event: CollectionEvent): void {
    if (this.#stopped) {
      return
    }
    const asked: EffectOf<'collect'>[] = []
    for (const effect of stepCollection(this.#state, event)) {
      if (effect.type === 'collect') {
        asked.push(effect)
      } else {
        this.#perform(effect)
      }
    }
    this.#collect(asked)
    this.#setTimer()
  }

  #perform(effect: CollectionEffect): void {
    switch (effect.type) {
      case 'lookup':
        this.#lookUp(effect.day)
        return
      case 'unfollow':
        this.#unfollow(effect.day, effect.peerId)
        return
      case 'acknowledge':
        this.#acknowledge(effect)
        return
      case 'finished':
        this.#told.finished(effect.through)
        return
      case 'collect':
      case 'open':
      case 'withheld':
        // The first two are performed where what they need is at hand.
        return
    }
  }

  #lookUp(day: number): void {
    this.#cache.find(mailboxName(this.#person, day), (found) => {
      const peers = found.slice(0, CUSTODIANS_PER_PLACE)
      this.#parts.kernel.schedule(0, () => {
        const moment = this.#moment()
        this.#happened(
          peers.length === 0
            ? { type: 'lookup-failed', day, ...moment }
            : { type: 'custodians', day, peers, ...moment },
        )
      })
    })
  }

  /** Those who have nothing now answer together, when the last of them does: the machine waits for them all. */
  #collect(asked: readonly EffectOf<'collect'>[]): void {
    const { kernel, custody } = this.#parts
    const empty: { readonly effect: EffectOf<'collect'>; readonly answers: boolean }[] = []
    let emptyMs = 0
    for (const effect of asked) {
      const { day, peerId } = effect
      if (effect.follow) {
        this.#unfollow(day, peerId)
      }
      const { answers, delayMs } = this.#ask(Number(peerId))
      if (custody.hasLetters(Number(peerId), mailboxName(this.#person, day))) {
        kernel.schedule(delayMs, () => this.#answered(effect, answers))
      } else {
        empty.push({ effect, answers })
        emptyMs = Math.max(emptyMs, delayMs)
      }
    }
    if (empty.length > 0) {
      kernel.schedule(emptyMs, () => {
        for (const { effect, answers } of empty) {
          this.#answered(effect, answers)
        }
      })
    }
  }

  #ask(node: number): { readonly answers: boolean; readonly delayMs: number } {
    const { paths, streams, world } = this.#parts
    const reach = paths.reach(this.#node, node)
    const answers = reach !== 'none' && world.up[node] === 1
    world.charge(this.#node, node, MAILBOX_FRAME_BYTES)
    // The first round trip is for the challenge.
    const exchange = { bytes: 3 * MAILBOX_FRAME_BYTES, roundTrips: 2 }
    const delayMs = answers ? streams.requestMs(this.#node, node, reach, exchange) : DIAL_TIMEOUT_MS
    return { answers, delayMs }
  }

  #answered({ day, peerId, follow }: EffectOf<'collect'>, answers: boolean): void {
    if (this.#stopped) {
      return
    }
    const { world, custody } = this.#parts
    const node = Number(peerId)
    const mailbox = mailboxName(this.#person, day)
    if (!answers || world.up[node] === 0) {
      this.#cache.doubt(mailbox)
      this.#happened({ type: 'silent', day, peerId, ...this.#moment() })
      return
    }
    const letters = custody.letters(node, mailbox)
    if (follow) {
      this.#follow(day, peerId)
    }
    for (const letter of letters) {
      this.#receive(day, peerId, letter)
    }
    world.charge(node, this.#node, 2 * MAILBOX_FRAME_BYTES)
    this.#happened({ type: 'collected', day, peerId, ...this.#moment() })
  }

  #follow(day: number, peerId: string): void {
    const { kernel, paths, custody } = this.#parts
    const node = Number(peerId)
    const mailbox = mailboxName(this.#person, day)
    const slot = `${day}/${peerId}`
    const isFollowed = (): boolean => !this.#stopped && this.#watches.get(slot)?.watch === watch
    const watch: Watch = {
      node: this.#node,
      take: (letter) => {
        kernel.schedule(paths.oneWayMs(node, this.#node, letter.bytes), () => {
          if (isFollowed()) {
            this.#receive(day, peerId, letter)
          }
        })
      },
      gone: (afterMs) => {
        kernel.schedule(afterMs, () => {
          if (isFollowed()) {
            this.#watches.delete(slot)
            this.#happened({ type: 'silent', day, peerId, ...this.#moment() })
          }
        })
      },
    }
    this.#watches.set(slot, { node, mailbox, watch })
    custody.watch(node, mailbox, watch)
  }

  #unfollow(day: number, peerId: string): void {
    const slot = `${day}/${peerId}`
    const followed = this.#watches.get(slot)
    if (followed !== undefined) {
      this.#watches.delete(slot)
      this.#parts.custody.unwatch(followed.node, followed.mailbox, followed.watch)
    }
  }

  #receive(day: number, peerId: string, letter: Letter): void {
    const { world } = this.#parts
    world.charge(Number(peerId), this.#node, letter.bytes)
    const event = { type: 'letter', day, peerId, letterId: letter.id } as const
    for (const effect of stepCollection(this.#state, event)) {
      if (effect.type === 'open') {
        this.#open(day, letter)
      } else {
        this.#perform(effect)
      }
    }
  }

  #open(day: number, letter: Letter): void {
    this.#parts.kernel.schedule(COMMIT_DELAY_MS, () => {
      if (!this.#stopped) {
        this.#told.store(letter)
        this.#happened({ type: 'stored', day, letterId: letter.id, ...this.#moment() })
      }
    })
  }

  #acknowledge({ day, peerId, letterIds }: EffectOf<'acknowledge'>): void {
    const { kernel, paths, streams, world, custody } = this.#parts
    const node = Number(peerId)
    const reach = paths.reach(this.#node, node)
    if (reach === 'none') {
      return
    }
    const bytes = MAILBOX_FRAME_BYTES * letterIds.length
    world.charge(this.#node, node, bytes)
    kernel.schedule(streams.requestMs(this.#node, node, reach, { bytes, roundTrips: 1 }) / 2, () => {
      if (world.up[node] === 1) {
        custody.acknowledge(node, mailboxName(this.#person, day), letterIds)
      }
    })
  }

  #setTimer(): void {
    const { kernel } = this.#parts
    const dueMs = Math.min(kernel.wallMs + TIMER_MAX_MS, this.#state.dueMs)
    // One that is early costs one look; moving it with every answer would cost more.
    if (this.#timer >= 0 && this.#timerMs <= dueMs) {
      return
    }
    if (this.#timer >= 0) {
      kernel.cancel(this.#timer)
    }
    this.#timerMs = dueMs
    this.#timer = kernel.schedule(Math.max(1, dueMs - kernel.wallMs), () => {
      this.#timer = -1
      if (this.#state.dueMs <= kernel.wallMs) {
        this.#happened({ type: 'due', ...this.#moment() })
      } else {
        this.#setTimer()
      }
    })
  }
}
