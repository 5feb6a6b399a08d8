import type { Account, ArchivedMessage } from '../../node/api.ts'
import type { Clock, Timer } from '../../system/clock.ts'
import { BoundedMap } from '../../util/bounded-map.ts'
import type { DeliveryOutcome } from '../client-session.ts'
import { isLater } from './archive-order.ts'
import { archivedForClient } from './client-message.ts'
import { DeliveredCursor, type DeliveredCursorComponents } from './delivered-cursor.ts'
import type { MessagePlan, MessageRouter } from './message-router.ts'
import type { SessionRegistry } from './session-registry.ts'

/** Messages that waited and are under way to clients at a time: as many as one client may leave unanswered. *ours* */
const MAX_WAITING_UNDER_WAY = 128
/** Messages under way to clients at a time; what comes then waits on disk. *ours* */
const MAX_UNDER_WAY = 16_384
/** Messages remembered as delivered behind one that is not; older ones may come twice. *ours* */
const MAX_DELIVERED_AHEAD = 16_384
/** Times a message is lost before it is left to the archive: it must not keep all behind it from ever arriving. *ours* */
const MAX_LOSSES = 64
/** Messages whose losses are counted; the one lost longest ago is forgotten. *ours* */
const MAX_LOST_MESSAGES = 1_024
/** After a message was lost or found all queues full. Long enough for a dead session to end. *ours* */
const RETRY_DELAY_MS = 250

export interface DeliveriesComponents extends DeliveredCursorComponents {
  readonly clock: Clock
  readonly account: Pick<Account, 'address' | 'receivedAfter'>
  readonly registry: SessionRegistry
  readonly router: MessageRouter
}

interface UnderWay {
  /** Where reading starts again if it is lost. */
  readonly previous: string | undefined
  /** Copies that may still arrive. */
  copies: number
}

/**
 * Sees to it that every archived message reaches a client. What arrives while clients are there goes to them at once;
 * what finds nobody, or is lost on the way, stays in the archive and is read from there in order when a client can take
 * it (XEP-0160). How far that has come is on disk, behind rather than ahead: a crash repeats messages, it loses none.
 */
export class Deliveries {
  readonly #components: DeliveriesComponents
  readonly #cursor: DeliveredCursor
  readonly #underWay = new Map<string, UnderWay>()
  /** Delivered, above the position. */
  readonly #delivered = new BoundedMap<string, true>({ maxEntries: MAX_DELIVERED_AHEAD })
  readonly #losses = new BoundedMap<string, number>({ maxEntries: MAX_LOST_MESSAGES })
  /** Everything received up to here is delivered or under way. */
  #readUpTo: string | undefined
  /** There may be more in the archive behind `#readUpTo`. */
  #isBehind = true
  #retry: Timer | undefined
  #isOver = false

  constructor(components: DeliveriesComponents) {
    this.#components = components
    const { address } = components.account
    this.#cursor = new DeliveredCursor(components, { account: address, position: () => this.#position() })
  }

  start(): void {
    this.#readUpTo = this.#cursor.read()
  }

  /** Resolves when what was delivered is remembered. */
  async stop(): Promise<void> {
    this.#isOver = true
    this.#retry?.cancel()
    await this.#cursor.flush()
  }

  /** A message was archived; to be called in the order of the archive. */
  received(message: ArchivedMessage): void {
    if (this.#isOver || !isLater(message.archiveId, this.#readUpTo)) {
      return
    }
    if (!this.#isBehind) {
      this.#isBehind = !this.#send(message, false)
      this.#readUpTo = this.#isBehind ? this.#readUpTo : message.archiveId
      this.#retryIfBehind()
    } else if (this.#components.registry.nonNegative.size > 0) {
      this.resume()
    } else if (!this.#isKnown(message.archiveId)) {
      // Nobody takes what waits, but a client may have been addressed by its full JID.
      this.#send(message, false)
    }
  }

  /** Delivers what waits, as far as clients take it; to be called when one has become able to. */
  resume(): void {
    const { account, registry } = this.#components
    while (this.#isBehind && !this.#isOver && registry.nonNegative.size > 0) {
      const room = MAX_WAITING_UNDER_WAY - this.#underWay.size
      // Pages are read for half of the window and more: one by one would read the archive anew for each message.
      if (room < MAX_WAITING_UNDER_WAY / 2) {
        return
      }
      const page = account.receivedAfter(this.#readUpTo, room)
      if (!page.every((message) => this.#sendWaiting(message))) {
        this.#retryIfBehind()
        return
      }
      this.#isBehind = page.length === room
    }
  }

  #sendWaiting(message: ArchivedMessage): boolean {
    const isUnderWay = this.#isKnown(message.archiveId) || this.#send(message, true)
    if (isUnderWay) {
      this.#readUpTo = message.archiveId
    }
    return isUnderWay
  }

  /** False if nobody can take it now. */
  #send(message: ArchivedMessage, isDelayed: boolean): boolean {
    const { account, router } = this.#components
    const plan = withRoom(router.plan(message.stanza, { isArchived: true }))
    if (plan.originals.length === 0 || this.#underWay.size >= MAX_UNDER_WAY) {
      return false
    }
    const { archiveId } = message
    this.#underWay.set(archiveId, { previous: this.#readUpTo, copies: plan.originals.length + plan.copies.length })
    const stanza = archivedForClient(message, account.address, { isDelayed })
    router.deliver(plan, stanza, (outcome) => this.#settled(archiveId, outcome))
    return true
  }

  #settled(archiveId: string, outcome: DeliveryOutcome): void {
    const underWay = this.#underWay.get(archiveId)
    if (underWay === undefined) {
      return
    }
    underWay.copies -= 1
    if (outcome === 'delivered') {
      this.#done(archiveId)
    } else if (underWay.copies === 0) {
      this.#lost(archiveId, underWay.previous)
    }
  }

  #done(archiveId: string): void {
    this.#underWay.delete(archiveId)
    this.#losses.delete(archiveId)
    this.#delivered.set(archiveId, true)
    this.#cursor.delivered()
    this.resume()
  }

  #lost(archiveId: string, previous: string | undefined): void {
    const readUpTo = earlier(this.#readUpTo, previous)
    // Of what is lost together only the first may be what its client died of.
    const isFirst = readUpTo !== this.#readUpTo || readUpTo === previous
    if (isFirst && this.#isLostForGood(archiveId)) {
      this.#done(archiveId)
      return
    }
    this.#underWay.delete(archiveId)
    this.#readUpTo = readUpTo
    this.#isBehind = true
    this.#retryIfBehind()
  }

  /** A client that dies of a message would die of it at every login. */
  #isLostForGood(archiveId: string): boolean {
    const losses = (this.#losses.get(archiveId) ?? 0) + 1
    this.#losses.set(archiveId, losses)
    if (losses < MAX_LOSSES) {
      return false
    }
    this.#components.logger.warn('a message reaches no client', { archiveId, losses })
    return true
  }

  #retryIfBehind(): void {
    if (this.#isBehind && !this.#isOver) {
      this.#retry ??= this.#components.clock.schedule(RETRY_DELAY_MS, () => {
        this.#retry = undefined
        this.resume()
      })
    }
  }

  /** Whether a message behind `#readUpTo` needs nothing more. */
  #isKnown(archiveId: string): boolean {
    return this.#underWay.has(archiveId) || this.#delivered.has(archiveId)
  }

  /** Everything received up to here has reached a client. Also forgets what lies before. */
  #position(): string | undefined {
    let position = this.#readUpTo
    for (const { previous } of this.#underWay.values()) {
      position = earlier(position, previous)
    }
    for (const archiveId of [...this.#delivered.keys()]) {
      if (position !== undefined && !isLater(archiveId, position)) {
        this.#delivered.delete(archiveId)
      }
    }
    return position
  }
}

/** Sessions whose queue is full miss what others can take: it would be lost there. */
function withRoom(plan: MessagePlan): Pick<MessagePlan, 'originals' | 'copies'> {
  const isFull = plan.originals.some(({ port }) => port.isFull) || plan.copies.some(({ port }) => port.isFull)
  if (!isFull) {
    return plan
  }
  const originals = plan.originals.filter(({ port }) => !port.isFull)
  return { originals, copies: plan.copies.filter(({ port }) => !port.isFull) }
}

function earlier(one: string | undefined, other: string | undefined): string | undefined {
  return one === undefined || other === undefined ? undefined : isLater(one, other) ? other : one
}
