import type { DepositEffect, DepositEvent } from '../protocol/mailbox/deposit-event.ts'
import { type DepositState, INITIAL_DEPOSIT_STATE, receiptsOf, stepDeposit } from '../protocol/mailbox/deposit-state.ts'
import { MailboxError } from '../protocol/mailbox/errors.ts'
import { CUSTODIANS_PER_PLACE, type DepositRefusal, REDEPOSIT_INTERVAL_MS } from '../protocol/mailbox/letter-limits.ts'
import type { Refusal } from '../protocol/mailbox/letter-serving.ts'
import type { Timer } from '../system/clock.ts'
import type { PeerAddresses, PeerIdText } from '../system/network.ts'
import type { DepositItem, DepositService } from './deposit-item.ts'
import { SealedDeposit } from './sealed-deposit.ts'

/** The wall clock may jump, so no timer is set further ahead. *ours* */
const TIMER_MAX_MS = 3_600_000
/** Jitter is drawn in so many steps. */
const JITTER_STEPS = 2 ** 32

/** What is told of a message's deposits. */
export type DepositTold = Exclude<DepositEffect, { readonly type: 'seal' | 'lookup' | 'deposit' }>
type Wake = 'start' | 'due' | 'network-changed'
type Happening = DepositEvent extends infer Event
  ? Event extends DepositEvent
    ? Omit<Event, 'nowMs' | 'jitter'>
    : never
  : never

export interface OutgoingLetterHandlers {
  /** It has something to do: call `run` when it is its turn. */
  ready(letter: OutgoingLetter): void
  /** Its state changed. */
  changed(letter: OutgoingLetter): void
  told(letter: OutgoingLetter, effect: DepositTold): void
  /** Something runs that is to be waited for at the end. */
  running(task: Promise<void>): void
}

/** Drives the deposit state machine of one message. */
export class OutgoingLetter {
  readonly item: DepositItem
  readonly #service: DepositService
  readonly #handlers: OutgoingLetterHandlers
  #state: DepositState = INITIAL_DEPOSIT_STATE
  /** What it waits with for its turn. */
  #wake: Wake | undefined
  #timer: Timer | undefined
  #letter: SealedDeposit | undefined
  #sealedBefore: boolean
  #peers = new Map<PeerIdText, PeerAddresses>()
  #abort = new AbortController()
  /** This node keeps the letter, which counts only when somebody else does too. */
  #keptHere = false

  constructor(service: DepositService, item: DepositItem, handlers: OutgoingLetterHandlers) {
    this.#service = service
    this.item = item
    this.#handlers = handlers
    this.#sealedBefore = item.storedBefore
  }

  get ended(): boolean {
    return this.#state.phase === 'ended'
  }

  /** Waits for its turn. */
  get waiting(): boolean {
    return this.#wake !== undefined
  }

  /** Seals, looks up or waits for an answer. */
  get active(): boolean {
    const { phase, targets } = this.#state
    const isAsked = targets.some(
      ({ peerId, outcome }) => outcome === 'asked' && !(this.#keptHere && this.#service.calls.isSelf(peerId)),
    )
    return phase === 'sealing' || phase === 'looking-up' || isAsked
  }

  /** The last round gave not a single receipt. */
  get failed(): boolean {
    const { phase, failures } = this.#state
    return phase === 'resting' && failures > 0 && receiptsOf(this.#state).receipts === 0
  }

  /** `undefined`: none are known of, such as before its first round. */
  get receipts(): { readonly receipts: number; readonly of: number } | undefined {
    return this.#state.targets.length === 0 ? undefined : receiptsOf(this.#state)
  }

  /**
   * Whether the sealed letter is still needed: while it is being deposited; `useful` between rounds when some custodians
   * have it, so that the others get the same.
   */
  get sealedUse(): 'needed' | 'useful' | 'none' {
    const { phase, failures } = this.#state
    if (phase !== 'resting') {
      return phase === 'new' || phase === 'ended' ? 'none' : 'needed'
    }
    return failures > 0 && !this.failed ? 'useful' : 'none'
  }

  /** Bytes of the sealed letter while it is kept. */
  get sealedBytes(): number {
    return this.#letter?.bytes ?? 0
  }

  start(): void {
    this.#consider('start')
  }

  networkChanged(): void {
    this.#consider('network-changed')
  }

  /** It is its turn. */
  run(): void {
    const wake = this.#wake
    if (wake !== undefined) {
      this.#wake = undefined
      this.#step(this.#event(wake))
    }
  }

  /** The recipient has it, or nobody needs it any more. */
  stop(): void {
    this.#step({ type: 'acknowledged' })
  }

  /** The node is stopping: what runs ends, nothing is told. */
  abandon(reason: Error): void {
    this.#state = { ...this.#state, phase: 'ended' }
    this.#wake = undefined
    this.#timer?.cancel()
    this.#abort.abort(reason)
  }

  /** Frees the sealed bytes; the message is sealed again when it needs to be. */
  dropSealed(): void {
    this.#letter = undefined
  }

  /** Steps at once where that starts nothing, else asks for a turn. */
  #consider(wake: Wake): void {
    if (this.active) {
      this.#step(this.#event(wake))
      return
    }
    const event = this.#event(this.#state.phase === 'new' ? 'start' : wake)
    const [, effects] = stepDeposit(this.#state, event)
    if (effects.some(({ type }) => type === 'seal' || type === 'lookup' || type === 'deposit')) {
      this.#wake = this.#state.phase === 'new' ? 'start' : wake
      this.#setTimer()
      this.#handlers.ready(this)
    } else {
      this.#step(event)
    }
  }

  #event(wake: Wake): DepositEvent {
    const moment = this.#moment()
    if (wake !== 'start') {
      return { type: wake, ...moment }
    }
    const { acceptedMs, expiresMs, storedBefore } = this.item
    // Its deposits came every 22 hours since it was accepted; when exactly, nobody wrote down.
    const roundsMs = REDEPOSIT_INTERVAL_MS * Math.ceil((moment.nowMs - acceptedMs) / REDEPOSIT_INTERVAL_MS)
    const notBeforeMs = storedBefore ? acceptedMs + roundsMs : 0
    return { type: 'start', expiresMs, storedBefore, notBeforeMs, ...moment }
  }

  #moment(): { readonly nowMs: number; readonly jitter: number } {
    const { clock, random } = this.#service
    return { nowMs: clock.wallMs(), jitter: random.uniform(JITTER_STEPS) / JITTER_STEPS }
  }

  #happened(happening: Happening, abort: AbortController): void {
    if (abort === this.#abort && !abort.signal.aborted) {
      this.#step({ ...happening, ...this.#moment() } as DepositEvent)
    }
  }

  #step(event: DepositEvent): void {
    const [state, effects] = stepDeposit(this.#state, event)
    this.#state = state
    if (this.ended) {
      this.#wake = undefined
      this.#letter = undefined
      this.#abort.abort(new Error('the message needs no letter any more'))
    }
    for (const effect of effects) {
      this.#perform(effect)
    }
    this.#countOwn()
    this.#setTimer()
    this.#handlers.changed(this)
  }

  #perform(effect: DepositEffect): void {
    switch (effect.type) {
      case 'seal':
        this.#abort.abort(new Error('the message is sealed anew'))
        this.#abort = new AbortController()
        this.#letter = undefined
        this.#keptHere = false
        this.#handlers.running(this.#seal(effect.day, this.#abort))
        return
      case 'lookup':
        this.#handlers.running(this.#lookUp(effect.day, this.#abort))
        return
      case 'deposit':
        this.#handlers.running(this.#deposit(effect.peerId, effect.difficultyBits, this.#abort))
        return
      default:
        this.#handlers.told(this, effect)
    }
  }

  async #seal(day: number, abort: AbortController): Promise<void> {
    const outcome = await this.#sealed(day, abort)
    if (outcome === 'too-large' && !abort.signal.aborted) {
      this.#handlers.told(this, { type: 'failed', reason: 'too-large' })
      this.stop()
      return
    }
    this.#happened({ type: typeof outcome === 'string' ? 'not-sealed' : 'sealed' }, abort)
  }

  async #sealed(day: number, abort: AbortController): Promise<SealedDeposit | 'no-keys' | 'too-large'> {
    const order = { day, again: this.#sealedBefore, refresh: this.#state.failures > 0 }
    try {
      const sealed = await SealedDeposit.seal(this.#service, this.item, order, abort.signal)
      if (typeof sealed !== 'string' && abort === this.#abort && !abort.signal.aborted) {
        this.#letter = sealed
        this.#sealedBefore = true
      }
      return sealed
    } catch (error) {
      this.#debug('letter not sealed', error)
      return 'no-keys'
    }
  }

  async #lookUp(day: number, abort: AbortController): Promise<void> {
    try {
      const letter = this.#letter ?? (await this.#sealed(day, abort))
      if (typeof letter === 'string') {
        this.#happened({ type: 'lookup-failed' }, abort)
        return
      }
      const peers = await this.#service.custodians.find(letter.mailboxKey, abort.signal)
      this.#peers = new Map(peers.map((peer) => [peer.peerId, peer]))
      const names = peers.map(({ peerId }) => peerId)
      if (names.length === 0) {
        this.#happened({ type: 'lookup-failed' }, abort)
        return
      }
      const [custodians, spares] = [names.slice(0, CUSTODIANS_PER_PLACE), names.slice(CUSTODIANS_PER_PLACE)]
      this.#happened({ type: 'custodians', peers: custodians, spares }, abort)
    } catch (error) {
      this.#debug('custodians not found', error)
      this.#happened({ type: 'lookup-failed' }, abort)
    }
  }

  async #deposit(peerId: PeerIdText, bits: number, abort: AbortController): Promise<void> {
    const peer = this.#peers.get(peerId) ?? { peerId, addresses: [] }
    try {
      const answer = (await this.#letter?.deposit(peer, bits, abort.signal)) ?? { refused: 'no-storage' as const }
      if (abort.signal.aborted) {
        return
      }
      if (answer !== 'receipt') {
        this.#refused(peerId, answer, abort)
      } else if (this.#service.calls.isSelf(peerId)) {
        this.#keptHere = true
        this.#countOwn()
      } else {
        this.#happened({ type: 'receipt', peerId }, abort)
      }
    } catch (error) {
      this.#unanswered(peerId, error, abort)
    }
  }

  #refused(peerId: PeerIdText, { refused, difficultyBits, retryAfterMs }: Refusal, abort: AbortController): void {
    this.#service.logger.debug('letter refused', { peer: peerId, reason: refused })
    if (refused === 'no-storage') {
      this.#service.custodians.hasNoStorage(peerId)
    }
    const reason: DepositRefusal | 'refused' = refused === 'signature' ? 'refused' : refused
    const details = {
      ...(difficultyBits !== undefined && { difficultyBits }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    }
    this.#happened({ type: 'refused', peerId, reason, ...details }, abort)
  }

  #unanswered(peerId: PeerIdText, error: unknown, abort: AbortController): void {
    if (abort.signal.aborted) {
      return
    }
    this.#debug('letter not deposited', error, peerId)
    if (error instanceof MailboxError && error.failure === 'busy') {
      this.#happened({ type: 'refused', peerId, reason: 'rate-limited' }, abort)
      return
    }
    if (this.#letter !== undefined) {
      this.#service.custodians.doubt(this.#letter.mailboxKey)
    }
    // One that lies is as good as none.
    this.#happened({ type: 'unreachable', peerId }, abort)
  }

  /** This node's own receipt says nothing when nobody else has the letter: it is stored when the sender may leave. */
  #countOwn(): void {
    const { targets } = this.#state
    const own = targets.find(({ peerId, outcome }) => outcome === 'asked' && this.#service.calls.isSelf(peerId))
    if (!this.#keptHere || own === undefined || this.ended) {
      return
    }
    const { peerId } = own
    const others = targets.filter((target) => target !== own)
    if (others.some(({ outcome }) => outcome === 'receipt')) {
      this.#happened({ type: 'receipt', peerId }, this.#abort)
    } else if (!others.some(({ outcome }) => outcome === 'asked' || outcome === 'backing-off')) {
      this.#happened({ type: 'unreachable', peerId }, this.#abort)
    }
  }

  #setTimer(): void {
    this.#timer?.cancel()
    if (this.ended) {
      return
    }
    const { clock } = this.#service
    // Whoever waits for a turn is only to be told when its time is over.
    const dueMs = this.waiting ? this.item.expiresMs : this.#state.dueMs
    const setMs = clock.wallMs()
    this.#timer = clock.schedule(Math.min(TIMER_MAX_MS, Math.max(1, dueMs - setMs)), () => {
      const nowMs = clock.wallMs()
      // Early only because of the limit above, unless the wall clock was put back.
      if (setMs <= nowMs && nowMs < dueMs) {
        this.#setTimer()
      } else {
        this.#consider(this.#wake ?? 'due')
      }
    })
  }

  #debug(event: string, error: unknown, peer?: PeerIdText): void {
    this.#service.logger.debug(event, { reason: String(error), position: this.item.position, peer })
  }
}
