import { isNewer } from '../../identity/account-record.ts'
import { assert } from '../../util/assert.ts'
import type { Element } from '../../xml/element.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import { isResumable } from './errors.ts'
import { type AccountClaim, CLOSE, encodeAccount, type OpenFrame, REQUEST, type StreamFrame } from './messages.ts'
import { CLOSE_TIMEOUT_MS, MAX_ACCOUNTS, OPEN_TIMEOUT_MS, SESSION_RESUME_WINDOW_MS } from './protocol.ts'
import type { Receipt } from './received-stanzas.ts'
import type { AccountVerifier, RemoteAccount } from './remote-accounts.ts'
import type { InboundAttachment, SessionEffect, SessionEvent } from './session-events.ts'
import { SessionHandshake } from './session-handshake.ts'
import { SessionTraffic } from './session-traffic.ts'
import type { Sized } from './unacknowledged-stanzas.ts'

/** What a session needs from outside. */
export interface SessionInit {
  /** This node has the lower PeerId (by code units): of two streams dialled at the same time the lower one's stays. */
  readonly isLower: boolean
  readonly newId: () => string
  readonly localAccounts: () => readonly AccountClaim[]
  readonly verify: AccountVerifier
  /** Where both counters start, for tests of the wrap at 2^32. @default 0 */
  readonly firstCount?: number
}

/** `opening`: this node dialled, has sent `<open/>` and waits for the other's. `up`: both opens were accepted. */
export type SessionPhase = 'detached' | 'opening' | 'up' | 'closed'

type Effects<Item> = SessionEffect<Item>[]

/**
 * A session between two nodes, without I/O. The dialler opens at once; the other side answers with its own `<open/>`
 * when it has accepted the first. So an answer is a commitment, and of several streams both sides keep the same.
 */
export class SessionState<Item extends Sized> {
  readonly #init: SessionInit
  readonly #handshake: SessionHandshake
  #traffic: SessionTraffic<Item>
  #phase: SessionPhase = 'detached'
  #accounts = new Map<string, RemoteAccount>()
  /** Records to be sent as soon as the stream is up. */
  readonly #announcements = new Map<string, AccountClaim>()
  #closing = false
  #remoteClosing = false
  /** While opening: the stream before it was up, and the session goes on as if it still were. */
  #moving = false
  /** While opening or closing: until when. */
  #deadlineMs = 0
  /** While there is no stream: until when the session waits for one. */
  #giveUpMs = 0

  constructor(init: SessionInit) {
    this.#init = init
    this.#handshake = new SessionHandshake(init.newId)
    this.#traffic = new SessionTraffic(init.firstCount ?? 0)
  }

  get phase(): SessionPhase {
    return this.#phase
  }

  /** Stanzas flow in both directions: up or moving to another stream, and neither side is closing. */
  get isUp(): boolean {
    return (this.#phase === 'up' || this.#moving) && !this.#closing && !this.#remoteClosing
  }

  /** Whether this node may dial another stream now, to which the session moves if there is one. */
  get maySwitch(): boolean {
    return this.#phase === 'detached' || (this.#phase === 'up' && this.isUp)
  }

  get accounts(): readonly RemoteAccount[] {
    return [...this.#accounts.values()]
  }

  /** Reading has to pause until handlers are done. */
  get isFull(): boolean {
    return this.#traffic.isFull
  }

  /** Whether a stanza of that size may be sent; while detached it waits for the resumption. */
  accepts(size: number): boolean {
    const open = this.#phase !== 'closed' && !this.#closing && !this.#remoteClosing
    return open && this.#handshake.established && this.#traffic.accepts(size)
  }

  /**
   * Whether a stream dialled by the other side, with this open, takes the place of the current one. Not an open that
   * was overtaken by a later one, and not the one that loses a simultaneous dial.
   */
  admits(open: OpenFrame): boolean {
    const loses = this.#phase === 'opening' && this.#init.isLower
    return !loses && !this.#handshake.isOvertaken(open) && !this.#closing && this.#phase !== 'closed'
  }

  /** When the next `tick` is due; undefined if none is. */
  nextTickMs(): number | undefined {
    switch (this.#phase) {
      case 'opening':
        return this.#deadlineMs
      case 'up':
        return this.#closing ? Math.min(this.#deadlineMs, this.#traffic.deadlineMs()) : this.#traffic.deadlineMs()
      case 'detached':
        return this.#handshake.established ? this.#giveUpMs : undefined
      case 'closed':
        return undefined
    }
  }

  /** @throws StreamError for a `frame` or an inbound stream that must be answered by `refused`; nothing has changed */
  step(event: SessionEvent<Item>): Effects<Item> {
    switch (event.type) {
      case 'attached':
        return event.direction === 'outbound' ? this.#dialled(event.nowMs) : this.#accepted(event)
      case 'frame':
        return this.#frame(event.frame, event.bytes, event.nowMs)
      case 'refused':
        return this.#end(event.error, event.error, event.nowMs)
      case 'send':
        return this.#send(event.item, event.nowMs)
      case 'handled':
        return this.#handled(event.receipts)
      case 'failed':
        return this.#failed(event.receipt, event.nowMs)
      case 'announce':
        this.#announcements.set(event.account.address, event.account)
        return this.#phase === 'up' ? this.#announce() : []
      case 'close':
        return this.#close(event.nowMs)
      case 'ended':
        return this.#ended(event.nowMs)
      case 'detached':
        return this.#leave(event.reason, true, event.nowMs)
      case 'tick':
        return this.#tick(event.nowMs)
    }
  }

  #dialled(nowMs: number): Effects<Item> {
    assert(this.maySwitch, 'a session has one stream')
    this.#moving = this.#phase === 'up'
    this.#phase = 'opening'
    this.#deadlineMs = nowMs + OPEN_TIMEOUT_MS
    return [this.#open()]
  }

  #accepted({ open, accounts, nowMs }: InboundAttachment): Effects<Item> {
    const resumed = this.#handshake.resumes(open)
    const settled = resumed ? this.#acknowledge(open, nowMs) : this.#restart()
    return [this.#open(), ...this.#up(open, accounts, nowMs), ...settled, { type: 'opened', resumed }]
  }

  #answered(open: OpenFrame, nowMs: number): Effects<Item> {
    const accounts = open.accounts.map(this.#init.verify)
    const resumed = this.#handshake.resumes(open)
    const settled = resumed ? this.#acknowledge(open, nowMs) : this.#traffic.lose()
    if (!resumed) {
      this.#traffic = new SessionTraffic(this.#init.firstCount ?? 0)
    }
    return [...this.#up(open, accounts, nowMs), ...settled, { type: 'opened', resumed }]
  }

  #acknowledge(open: OpenFrame, nowMs: number): Effects<Item> {
    const acknowledged = this.#traffic.acknowledge(open.resumption?.h ?? 0, nowMs)
    return acknowledged === undefined ? [] : [acknowledged]
  }

  #restart(): Effects<Item> {
    const lost = this.#traffic.lose()
    this.#traffic = new SessionTraffic(this.#init.firstCount ?? 0)
    this.#handshake.restart()
    return lost
  }

  #open(): SessionEffect<Item> {
    const { frame, rest } = this.#handshake.makeOpen(this.#init.localAccounts(), this.#traffic.beginStream())
    this.#announcements.clear()
    for (const account of rest) {
      this.#announcements.set(account.address, account)
    }
    return { type: 'transmit', frame }
  }

  #up(open: OpenFrame, accounts: readonly RemoteAccount[], nowMs: number): Effects<Item> {
    this.#phase = 'up'
    this.#moving = false
    this.#remoteClosing = false
    this.#handshake.accept(open)
    this.#accounts = new Map(accounts.map((account) => [account.address, account]))
    return [...this.#announce(), ...this.#traffic.resume(nowMs)]
  }

  #announce(): Effects<Item> {
    const frames = [...this.#announcements.values()].map(encodeAccount)
    this.#announcements.clear()
    return frames.map((frame: Element) => ({ type: 'transmit', frame }))
  }

  #frame(frame: StreamFrame, bytes: number, nowMs: number): Effects<Item> {
    if (this.#phase === 'opening') {
      return this.#opening(frame, nowMs)
    }
    assert(this.#phase === 'up', 'frames come from the current stream')
    this.#traffic.heard(nowMs)
    switch (frame.type) {
      case 'stanza':
        return this.#stanza(frame.stanza, bytes)
      case 'answer':
        return this.#answer(frame.h, nowMs)
      case 'request':
        return [this.#traffic.answer()]
      case 'account':
        return this.#account(frame.account)
      case 'close':
        return this.#remoteClose(nowMs)
      case 'open':
        throw new StreamError('bad-format', 'second open')
      case 'error':
        return this.#end(undefined, frame.error, nowMs)
    }
  }

  #opening(frame: StreamFrame, nowMs: number): Effects<Item> {
    if (frame.type === 'open') {
      return this.#answered(frame, nowMs)
    }
    if (frame.type === 'error') {
      return this.#end(undefined, frame.error, nowMs)
    }
    // RFC 6120 §4.9.3.12: data from somebody who has not been authenticated.
    throw new StreamError('not-authorized', 'no open')
  }

  #stanza(stanza: Element, bytes: number): Effects<Item> {
    if (this.#remoteClosing) {
      throw new StreamError('policy-violation', 'stanza after close')
    }
    return this.#traffic.receive(stanza, bytes, this.#accounts)
  }

  #answer(h: number, nowMs: number): Effects<Item> {
    const acknowledged = this.#traffic.acknowledge(h, nowMs)
    if (acknowledged === undefined) {
      return []
    }
    const more = this.#closing ? [] : this.#traffic.pump(nowMs)
    return [...more, acknowledged, ...this.#finish()]
  }

  #account(claim: AccountClaim): Effects<Item> {
    const account = this.#init.verify(claim)
    const known = this.#accounts.get(account.address)
    if (known !== undefined && !isNewer(account.record, known.record)) {
      return []
    }
    if (known === undefined && this.#accounts.size >= MAX_ACCOUNTS) {
      throw new StreamError('policy-violation', `more than ${MAX_ACCOUNTS} accounts`)
    }
    this.#accounts.set(account.address, account)
    return [{ type: 'record-changed', account }]
  }

  #send(item: Item, nowMs: number): Effects<Item> {
    assert(this.accepts(item.size), 'a stanza is sent only if accepts() allows it')
    this.#traffic.add(item)
    return this.#phase === 'up' ? this.#traffic.pump(nowMs) : []
  }

  #handled(receipts: readonly Receipt[]): Effects<Item> {
    const advanced = this.#traffic.handled(receipts)
    return advanced && this.#phase === 'up' ? [this.#traffic.answer(), ...this.#finish()] : []
  }

  #failed(receipt: Receipt, nowMs: number): Effects<Item> {
    if (!this.#traffic.failed(receipt) || this.#phase !== 'up') {
      return []
    }
    const error = new StreamError('resource-constraint', 'stanza not handled')
    return this.#end(error, error, nowMs)
  }

  #close(nowMs: number): Effects<Item> {
    if (this.#phase === 'up') {
      if (this.#closing) {
        return []
      }
      this.#closing = true
      this.#deadlineMs = nowMs + CLOSE_TIMEOUT_MS
      return [{ type: 'transmit', frame: CLOSE }, ...this.#finish()]
    }
    const reason = new Error('the session was closed')
    const broken: Effects<Item> =
      this.#phase === 'opening'
        ? [
            { type: 'break', reason },
            { type: 'refused', reason },
          ]
        : []
    return [...broken, ...this.#giveUp()]
  }

  #remoteClose(nowMs: number): Effects<Item> {
    this.#remoteClosing = true
    return this.#closing ? this.#finish() : this.#close(nowMs)
  }

  /** Both sides send no more stanzas and all were acknowledged. */
  #finish(): Effects<Item> {
    const done = this.#closing && this.#remoteClosing && this.#traffic.isIdle
    return done ? [{ type: 'end', error: undefined }, ...this.#giveUp()] : []
  }

  #ended(nowMs: number): Effects<Item> {
    if (this.#closing || this.#remoteClosing) {
      return [{ type: 'end', error: undefined }, ...this.#giveUp()]
    }
    return this.#break(new Error('the other side ended the stream without a word'), nowMs)
  }

  #tick(nowMs: number): Effects<Item> {
    switch (this.#phase) {
      case 'opening':
        return nowMs < this.#deadlineMs ? [] : this.#break(new StreamError('connection-timeout', 'no open'), nowMs)
      case 'up':
        return this.#tickUp(nowMs)
      case 'detached':
        return this.#handshake.established && nowMs >= this.#giveUpMs ? this.#giveUp() : []
      case 'closed':
        return []
    }
  }

  #tickUp(nowMs: number): Effects<Item> {
    if (this.#closing && nowMs >= this.#deadlineMs) {
      return this.#break(new Error('the other side did not close'), nowMs)
    }
    switch (this.#traffic.check(nowMs)) {
      case 'request':
        return [{ type: 'transmit', frame: REQUEST }]
      case 'silent':
        return this.#break(new StreamError('connection-timeout', 'silence'), nowMs)
      case 'stalled':
        return this.#break(new StreamError('connection-timeout', 'nothing was acknowledged'), nowMs)
      case 'alive':
        return []
    }
  }

  #end(error: StreamError | undefined, reason: StreamError, nowMs: number): Effects<Item> {
    return [{ type: 'end', error }, ...this.#leave(reason, isResumable(reason.condition), nowMs)]
  }

  #break(reason: Error, nowMs: number): Effects<Item> {
    return [{ type: 'break', reason }, ...this.#leave(reason, true, nowMs)]
  }

  /** There is no stream any more. */
  #leave(reason: Error, resumable: boolean, nowMs: number): Effects<Item> {
    if (this.#phase === 'opening') {
      this.#phase = 'detached'
      return [{ type: 'refused', reason }, ...this.#goOn(reason, nowMs)]
    }
    if (this.#phase === 'up' && resumable && !this.#closing && !this.#remoteClosing) {
      this.#phase = 'detached'
      this.#giveUpMs = nowMs + SESSION_RESUME_WINDOW_MS
      return [{ type: 'detached', reason }]
    }
    return this.#giveUp()
  }

  /** What becomes of the session whose new stream did not open: whoever failed there has no say in an older one. */
  #goOn(reason: Error, nowMs: number): Effects<Item> {
    if (this.#moving) {
      this.#moving = false
      this.#giveUpMs = nowMs + SESSION_RESUME_WINDOW_MS
      return [{ type: 'detached', reason }]
    }
    return this.#handshake.established ? [] : this.#giveUp()
  }

  #giveUp(): Effects<Item> {
    if (this.#phase === 'closed') {
      return []
    }
    this.#phase = 'closed'
    this.#moving = false
    return [...this.#traffic.lose(), { type: 'closed' }]
  }
}
