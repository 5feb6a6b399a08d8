import type { Clock, Timer } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Path, PeerIdText } from '../../system/network.ts'
import { assert } from '../../util/assert.ts'
import type { Element } from '../../xml/element.ts'
import { XmlError } from '../../xml/xml-error.ts'
import { stanzaKind } from '../../xmpp/stanza.ts'
import type { AccountClaim, OpenFrame, StreamFrame } from './messages.ts'
import { MAX_FRAME_BYTES } from './protocol.ts'
import type { Receipt } from './received-stanzas.ts'
import type { RemoteAccount } from './remote-accounts.ts'
import { type SessionCarrier, StanzaSession, type StanzaSettled } from './session.ts'
import type { SessionEffect, SessionEvent } from './session-events.ts'
import { type SessionInit, type SessionPhase, SessionState } from './session-state.ts'
import { encodeElement, type StanzaChannel } from './stanza-channel.ts'
import type { StanzaHandlers } from './stanza-handlers.ts'

/** A stanza on its way out: serialized once, however often it is sent. */
interface OutgoingStanza {
  readonly size: number
  readonly frame: Uint8Array
  readonly settled: StanzaSettled
}

/** Who hears of a driver, beside the handlers. */
export interface SessionOwner {
  opened(driver: SessionDriver): void
  /** The stream that was dialled did not open. */
  dialRefused(driver: SessionDriver, reason: Error): void
  closed(driver: SessionDriver): void
  /** The stream was aborted because the other side does not read. */
  unread(driver: SessionDriver): void
}

/** What a driver takes from its node. */
export interface SessionDriverComponents {
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>
  readonly logger: Logger
  readonly handlers: StanzaHandlers
  readonly owner: SessionOwner
}

/** Runs a session's state machine on its current stream, with a timer and the handlers. */
export class SessionDriver implements SessionCarrier {
  readonly peerId: PeerIdText
  readonly session: StanzaSession
  readonly #components: SessionDriverComponents
  readonly #state: SessionState<OutgoingStanza>
  #channel: StanzaChannel | undefined
  /** The stream that the session is moving away from: it stays until the other side has taken the new one. */
  #left: StanzaChannel | undefined
  /** Effects wait here while one of them calls back into the driver. */
  readonly #effects: SessionEffect<OutgoingStanza>[] = []
  #applying = false
  #receipts: Receipt[] = []
  #room: PromiseWithResolvers<void> | undefined
  #timer: Timer | undefined
  #timerMs = 0
  #opened = false
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(peerId: PeerIdText, init: SessionInit, components: SessionDriverComponents) {
    this.peerId = peerId
    this.#components = components
    this.#state = new SessionState(init)
    this.session = new StanzaSession(this)
  }

  get phase(): SessionPhase {
    return this.#state.phase
  }

  get isUp(): boolean {
    return this.#state.isUp
  }

  /** Whether a stream that this node has dialled may become the session's. */
  get maySwitch(): boolean {
    return this.#state.maySwitch
  }

  /** How the current stream gets to the peer; undefined if there is none. */
  get path(): Path | undefined {
    return this.#channel?.path
  }

  /** Handlers know of the session. */
  get wasOpened(): boolean {
    return this.#opened
  }

  get accounts(): readonly RemoteAccount[] {
    return this.#state.accounts
  }

  admits(open: OpenFrame): boolean {
    return this.#state.admits(open)
  }

  /** Opens a stream that this node has dialled; only if `maySwitch`. A session that is up moves there. */
  dialled(channel: StanzaChannel): void {
    this.#left = this.#channel
    this.#channel = channel
    this.#step({ type: 'attached', direction: 'outbound', nowMs: this.#now() })
  }

  /** Takes over a stream that the other node has dialled. @throws StreamError; then the session goes on as before */
  accepted(channel: StanzaChannel, open: OpenFrame, accounts: readonly RemoteAccount[]): void {
    const nowMs = this.#now()
    const effects = this.#state.step({ type: 'attached', direction: 'inbound', open, accounts, nowMs })
    this.#channel?.abort(new Error('the other side has opened a newer stream'))
    this.#channel = channel
    this.#apply(effects)
  }

  /** A frame of `channel`; the promise holds back the next. @throws StreamError, to be handed to `refuse` */
  receive(channel: StanzaChannel, frame: StreamFrame, bytes: number): void | Promise<void> {
    if (channel !== this.#channel) {
      return
    }
    this.#step({ type: 'frame', frame, bytes, nowMs: this.#now() })
    if (channel === this.#channel && this.#state.isFull) {
      this.#room ??= Promise.withResolvers()
      return this.#room.promise
    }
  }

  /** What happened to `channel`; without effect if it is not the current one. */
  report(
    channel: StanzaChannel,
    event: Extract<SessionEvent<OutgoingStanza>, { type: 'ended' | 'detached' | 'refused' }>,
  ): void {
    if (channel !== this.#channel) {
      return
    }
    if (event.type === 'detached') {
      this.#channel = undefined
      channel.abort(event.reason)
    }
    this.#step(event)
  }

  send(stanza: Element, settled: StanzaSettled): boolean {
    const { from, to } = stanza.attributes
    assert(stanzaKind(stanza) !== undefined && !!from && !!to, 'a stanza between nodes has from and to')
    if (!this.#state.accepts(0)) {
      return false
    }
    const frame = encodeElement(stanza)
    const size = frame.length
    if (size > MAX_FRAME_BYTES) {
      throw new XmlError('policy-violation', `a stanza of more than ${MAX_FRAME_BYTES} bytes`)
    }
    if (!this.#state.accepts(size)) {
      return false
    }
    this.#step({ type: 'send', item: { size, frame, settled }, nowMs: this.#now() })
    return true
  }

  announce(account: AccountClaim): void {
    this.#step({ type: 'announce', account })
  }

  close(): Promise<void> {
    this.#step({ type: 'close', nowMs: this.#now() })
    return this.#closed.promise
  }

  #now(): number {
    return this.#components.clock.monotonicMs()
  }

  #step(event: SessionEvent<OutgoingStanza>): void {
    this.#apply(this.#state.step(event))
  }

  #apply(effects: readonly SessionEffect<OutgoingStanza>[]): void {
    this.#effects.push(...effects)
    if (this.#applying) {
      return
    }
    this.#applying = true
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) {
        this.#perform(effect)
      }
    } finally {
      this.#applying = false
      this.#arm()
      this.#makeRoom()
    }
  }

  #perform(effect: SessionEffect<OutgoingStanza>): void {
    switch (effect.type) {
      case 'transmit':
        this.#transmitted(this.#channel?.send(effect.frame))
        break
      case 'transmit-item':
        this.#transmitted(this.#channel?.sendBytes(effect.item.frame))
        break
      case 'deliver':
        this.#deliver(effect.stanza, effect.receipt)
        break
      case 'acknowledged':
      case 'lost':
        for (const item of effect.items) {
          item.settled(effect.type)
        }
        break
      case 'end':
        this.#channel?.end(effect.error)
        this.#channel = undefined
        break
      case 'break':
        this.#channel?.abort(effect.reason)
        this.#channel = undefined
        break
      default:
        this.#leave()
        this.#tell(effect)
    }
  }

  /** The session has moved, or has failed to: the stream before is of no more use. */
  #leave(): void {
    if (this.#left !== undefined && this.#state.phase !== 'opening') {
      this.#left.abort(new Error('the session has moved to another stream'))
      this.#left = undefined
    }
  }

  #tell(
    effect: Extract<
      SessionEffect<OutgoingStanza>,
      { type: 'opened' | 'record-changed' | 'refused' | 'detached' | 'closed' }
    >,
  ): void {
    const { handlers, owner, logger } = this.#components
    const { peerId, session } = this
    switch (effect.type) {
      case 'opened':
        this.#opened = true
        logger.info('session opened', { peerId, resumed: effect.resumed, accounts: this.accounts.length })
        handlers.opened(session, { resumed: effect.resumed })
        owner.opened(this)
        break
      case 'record-changed':
        handlers.recordChanged(session, effect.account)
        break
      case 'refused':
        logger.info('stream not opened', { peerId, reason: effect.reason.message })
        owner.dialRefused(this, effect.reason)
        break
      case 'detached':
        logger.info('stream broke, session waits', { peerId, reason: effect.reason.message })
        handlers.detached(session)
        break
      case 'closed':
        owner.closed(this)
        this.#closed.resolve()
        if (this.#opened) {
          logger.info('session closed', { peerId })
          handlers.closed(session)
        }
    }
  }

  /** @param sent false when the queue is full, undefined when the stream has gone since */
  #transmitted(sent: boolean | undefined): void {
    const channel = this.#channel
    if (sent === false && channel !== undefined) {
      this.#components.owner.unread(this)
      this.report(channel, { type: 'detached', reason: new Error('the other side does not read'), nowMs: this.#now() })
    }
  }

  #deliver(stanza: Element, receipt: Receipt): void {
    let handled: Promise<void>
    try {
      handled = this.#components.handlers.stanza(this.session, stanza)
    } catch (error) {
      handled = Promise.reject(error)
    }
    handled.then(
      () => this.#handled(receipt),
      (error: unknown) => this.#failed(receipt, error),
    )
  }

  /** What one commit of the store completes is acknowledged together. */
  #handled(receipt: Receipt): void {
    this.#receipts.push(receipt)
    if (this.#receipts.length === 1) {
      queueMicrotask(() => {
        const receipts = this.#receipts
        this.#receipts = []
        this.#step({ type: 'handled', receipts })
      })
    }
  }

  #failed(receipt: Receipt, error: unknown): void {
    this.#components.logger.error('stanza not handled', { peerId: this.peerId, reason: String(error) })
    this.#step({ type: 'failed', receipt, nowMs: this.#now() })
  }

  #makeRoom(): void {
    if (this.#room !== undefined && (this.#channel === undefined || !this.#state.isFull)) {
      this.#room.resolve()
      this.#room = undefined
    }
  }

  #arm(): void {
    const dueMs = this.#state.nextTickMs()
    if (this.#timer !== undefined && (dueMs === undefined || dueMs < this.#timerMs)) {
      this.#timer.cancel()
      this.#timer = undefined
    }
    // A timer that is early costs one look; moving it with every frame would cost more.
    if (this.#timer === undefined && dueMs !== undefined) {
      this.#timerMs = dueMs
      this.#timer = this.#components.clock.schedule(Math.max(1, Math.ceil(dueMs - this.#now())), () => {
        this.#timer = undefined
        this.#step({ type: 'tick', nowMs: this.#now() })
      })
    }
  }
}
