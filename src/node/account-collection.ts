import type { AccountKey } from '../identity/account-key.ts'
import type { Collected } from '../protocol/mailbox/collection.ts'
import type { CollectionEffect } from '../protocol/mailbox/collection-effect.ts'
import {
  type CollectionEvent,
  type CollectionState,
  initialCollectionState,
  stepCollection,
} from '../protocol/mailbox/collection-state.ts'
import {
  ACKNOWLEDGED_BATCH,
  COLLECTED_DAYS_MAX,
  CUSTODIANS_PER_PLACE,
  dayOf,
  MAILBOX_MAX_ENTRIES,
  MAILBOX_MAX_LETTERS,
} from '../protocol/mailbox/letter-limits.ts'
import { tombstonesOf } from '../protocol/mailbox/tombstones.ts'
import type { Timer } from '../system/clock.ts'
import type { PeerAddresses, PeerIdText } from '../system/network.ts'
import { fromHex, toHex } from '../util/bytes.ts'
import { openCollected } from './collected-letter.ts'
import type { CollectionService } from './collection-service.ts'
import { SetAsideLetters } from './set-aside-letters.ts'

/** The wall clock may jump, so no timer is set further ahead. *ours* */
const TIMER_MAX_MS = 900_000
/** A wall clock that was moved by more against the monotonic one was set. *ours* */
const CLOCK_SET_MS = 60_000
/** A letter that takes so long waits for another, which those who were asked first may not have. *ours* */
const HELD_AFTER_MS = 1_000
/** Letters before a custodian says that these were all: as many as a mailbox holds may come in the meantime. *ours* */
const COLLECTED_AT_ONCE_MAX: number = 2 * MAILBOX_MAX_LETTERS
const JITTER_STEPS = 2 ** 32

type Letter = Extract<Collected, { readonly type: 'letter' }>
type EffectOf<Type extends CollectionEffect['type']> = Extract<CollectionEffect, { readonly type: Type }>
type Answer = Exclude<CollectionEvent, { readonly type: 'letter' }>
type Happening = Answer extends infer Event ? (Event extends Answer ? Omit<Event, 'nowMs' | 'jitter'> : never) : never

/** Drives the collection state machine of one account. */
export class AccountCollection {
  readonly #service: CollectionService
  readonly #account: AccountKey
  readonly #aside = new SetAsideLetters()
  /** Collections under way, by day and custodian; at most 17 days of 10. */
  readonly #collecting = new Map<string, AbortController>()
  readonly #peers = new Map<PeerIdText, PeerAddresses>()
  readonly #stopping = new AbortController()
  #state: CollectionState
  #timer: Timer | undefined
  #clockOffsetMs: number
  #collected = 0
  #signed: { readonly letterIds: readonly string[]; readonly tombstones: ReturnType<typeof tombstonesOf> } | undefined

  constructor(service: CollectionService, account: AccountKey) {
    this.#service = service
    this.#account = account
    this.#state = initialCollectionState(service.keys.collectedThrough(account.address))
    this.#clockOffsetMs = this.#offsetMs()
  }

  /** Custodians of today's mailbox, those of them that are followed, and letters stored since the start. */
  get status(): { readonly custodians: number; readonly followed: number; readonly collected: number } {
    const today = this.#state.days.get(dayOf(this.#service.clock.wallMs()))
    const custodians = today?.custodians ?? []
    const followed = custodians.filter(({ following }) => following).length
    return { custodians: custodians.length, followed, collected: this.#collected }
  }

  /** At start, and when the network is another one. */
  online(): void {
    this.#noticeClock()
    this.#happened({ type: 'online' })
  }

  /** Nothing new begins; what runs is waited for by the owner. */
  stop(reason: Error): void {
    this.#timer?.cancel()
    this.#stopping.abort(reason)
    this.#abortAll(reason)
  }

  #happened(happening: Happening): void {
    if (this.#stopping.signal.aborted) {
      return
    }
    const { clock, random } = this.#service
    const jitter = random.uniform(JITTER_STEPS) / JITTER_STEPS
    const event = { ...happening, nowMs: clock.wallMs(), jitter } as CollectionEvent
    for (const effect of stepCollection(this.#state, event)) {
      this.#perform(effect)
    }
    this.#setTimer()
  }

  #perform(effect: CollectionEffect): void {
    const { running, logger } = this.#service
    switch (effect.type) {
      case 'lookup':
        running(this.#lookUp(effect.day))
        return
      case 'collect':
        running(this.#collect(effect))
        return
      case 'unfollow':
        this.#collecting.get(slotOf(effect))?.abort(new Error('not followed any more'))
        return
      case 'acknowledge':
        running(this.#acknowledge(effect))
        return
      case 'finished':
        running(this.#finished(effect.through))
        return
      case 'withheld':
        logger.warn('custodian withheld letters', { peer: effect.peerId, letters: effect.letters })
        return
      case 'open':
        // Performed where the letter is at hand, in `#receive`.
        return
    }
  }

  async #lookUp(day: number): Promise<void> {
    const { custodians, keys, logger } = this.#service
    try {
      const { publicKey } = keys.mailboxKey(this.#account.address, day)
      const found = await custodians.find(publicKey, this.#stopping.signal)
      const peers = found.slice(0, CUSTODIANS_PER_PLACE)
      this.#remember(peers)
      this.#happened({ type: 'custodians', day, peers: peers.map(({ peerId }) => peerId) })
    } catch (error) {
      logger.debug('custodians not found', { reason: String(error) })
      this.#happened({ type: 'lookup-failed', day })
    }
  }

  async #collect(effect: EffectOf<'collect'>): Promise<void> {
    const { day, peerId, follow } = effect
    const slot = slotOf(effect)
    this.#collecting.get(slot)?.abort(new Error('asked anew'))
    const abort = new AbortController()
    this.#collecting.set(slot, abort)
    let isComplete = false
    try {
      isComplete = await this.#collectFrom(effect, abort.signal)
    } catch (error) {
      if (!abort.signal.aborted) {
        this.#service.logger.debug('mailbox not collected', { peer: peerId, reason: String(error) })
        this.#service.custodians.doubt(this.#service.keys.mailboxKey(this.#account.address, day).publicKey)
      }
    }
    if (this.#collecting.get(slot) === abort) {
      this.#collecting.delete(slot)
    }
    if (!abort.signal.aborted && (follow || !isComplete)) {
      this.#happened({ type: 'silent', day, peerId })
    }
  }

  /** Whether everything that the custodian had has come. */
  async #collectFrom({ day, peerId, follow }: EffectOf<'collect'>, signal: AbortSignal): Promise<boolean> {
    const { calls, gate, keys } = this.#service
    // Whoever is followed stays, so that one does not take a place from those that come to an end.
    const leave = follow ? undefined : await gate.enter(signal)
    try {
      const peer = this.#peers.get(peerId) ?? { peerId, addresses: [] }
      const mailboxKey = keys.mailboxKey(this.#account.address, day)
      let isComplete = false
      let letters = 0
      for await (const item of calls.collect(peer, mailboxKey, { follow }, signal)) {
        signal.throwIfAborted()
        if (item.type === 'collected') {
          isComplete = true
          this.#happened({ type: 'collected', day, peerId })
        } else if (++letters > (isComplete ? MAILBOX_MAX_ENTRIES : COLLECTED_AT_ONCE_MAX)) {
          throw new Error('more letters than a mailbox holds')
        } else {
          await this.#receive(day, peerId, item)
        }
      }
      return isComplete
    } finally {
      leave?.()
    }
  }

  /** Resolves when the next letter may come. */
  async #receive(day: number, peerId: PeerIdText, letter: Letter): Promise<void> {
    const letterId = toHex(letter.letterId)
    for (const effect of stepCollection(this.#state, { type: 'letter', day, peerId, letterId })) {
      if (effect.type === 'open') {
        const leave = await this.#service.room.enter(letter.letter.length, this.#stopping.signal)
        this.#service.running(this.#open(day, letterId, letter).finally(leave))
      } else {
        this.#perform(effect)
      }
    }
  }

  async #open(day: number, letterId: string, letter: Letter): Promise<void> {
    const held = this.#service.clock.schedule(HELD_AFTER_MS, () => this.#happened({ type: 'held', day }))
    const outcome = await openCollected(this.#service, this.#account, letter)
    held.cancel()
    if (outcome === 'set-aside') {
      // For the machine it is done with; `#acknowledge` passes it over.
      const type = this.#aside.add(letterId, day) ? 'stored' : 'not-stored'
      this.#happened({ type, day, letterId })
      return
    }
    this.#collected += outcome === 'stored' ? 1 : 0
    this.#happened({ type: outcome === 'not-stored' ? 'not-stored' : 'stored', day, letterId })
  }

  async #acknowledge({ day, peerId, letterIds }: EffectOf<'acknowledge'>): Promise<void> {
    const { calls, keys, logger } = this.#service
    const mailboxKey = keys.mailboxKey(this.#account.address, day)
    if (this.#signed?.letterIds !== letterIds) {
      const ids = letterIds.filter((letterId) => !this.#aside.has(letterId)).map(fromHex)
      // The same list goes to every custodian.
      this.#signed = { letterIds, tombstones: tombstonesOf(mailboxKey, ids) }
    }
    const { tombstones } = this.#signed
    const peer = this.#peers.get(peerId) ?? { peerId, addresses: [] }
    try {
      for (let at = 0; at < tombstones.length; at += ACKNOWLEDGED_BATCH) {
        const batch = tombstones.slice(at, at + ACKNOWLEDGED_BATCH)
        await calls.acknowledge(peer, mailboxKey.publicKey, batch, this.#stopping.signal)
      }
    } catch (error) {
      logger.debug('letters not acknowledged', { peer: peerId, reason: String(error) })
    }
  }

  async #finished(through: number): Promise<void> {
    const { keys, clock, logger } = this.#service
    const { address } = this.#account
    const oldest = dayOf(clock.wallMs()) - COLLECTED_DAYS_MAX + 1
    const day = this.#aside.limit(through, oldest)
    if (day <= (keys.collectedThrough(address) ?? Number.NEGATIVE_INFINITY)) {
      return
    }
    try {
      await keys.setCollectedThrough(address, day)
    } catch (error) {
      logger.error('collected days not written', { reason: String(error) })
    }
  }

  /** A clock that was set may make readable what was set aside: everything is collected anew. */
  #noticeClock(): void {
    const offsetMs = this.#offsetMs()
    const wasSet = Math.abs(offsetMs - this.#clockOffsetMs) > CLOCK_SET_MS
    this.#clockOffsetMs = offsetMs
    if (wasSet && this.#aside.size > 0) {
      this.#abortAll(new Error('the clock was set'))
      this.#aside.clear()
      this.#state = initialCollectionState(this.#service.keys.collectedThrough(this.#account.address))
      this.#happened({ type: 'online' })
    }
  }

  #offsetMs(): number {
    return this.#service.clock.wallMs() - this.#service.clock.monotonicMs()
  }

  #abortAll(reason: Error): void {
    for (const abort of this.#collecting.values()) {
      abort.abort(reason)
    }
    this.#collecting.clear()
  }

  /** Only of peers that days still name, so that their number is bounded. */
  #remember(peers: readonly PeerAddresses[]): void {
    for (const peer of peers) {
      this.#peers.set(peer.peerId, peer)
    }
    const named = new Set(peers.map(({ peerId }) => peerId))
    for (const { custodians } of this.#state.days.values()) {
      for (const { peerId } of custodians) {
        named.add(peerId)
      }
    }
    for (const peerId of this.#peers.keys()) {
      if (!named.has(peerId)) {
        this.#peers.delete(peerId)
      }
    }
  }

  #setTimer(): void {
    this.#timer?.cancel()
    if (this.#stopping.signal.aborted) {
      return
    }
    const { clock } = this.#service
    const delayMs = Math.min(TIMER_MAX_MS, Math.max(1, this.#state.dueMs - clock.wallMs()))
    this.#timer = clock.schedule(delayMs, () => {
      this.#noticeClock()
      this.#happened({ type: 'due' })
    })
  }
}

function slotOf({ day, peerId }: { readonly day: number; readonly peerId: PeerIdText }): string {
  return `${day}/${peerId}`
}
