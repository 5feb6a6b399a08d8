import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import {
  DialError,
  type Network,
  type NetworkStream,
  type PeerAddresses,
  type PeerIdText,
} from '../../system/network.ts'
import type { Random } from '../../system/random.ts'
import { AssertionError } from '../../util/assert.ts'
import { toHex } from '../../util/bytes.ts'
import { RateLimiter } from '../../util/rate-limiter.ts'
import { StreamError } from '../../xmpp/stream-error.ts'
import { refusalOf } from './errors.ts'
import type { AccountClaim, StreamFrame } from './messages.ts'
import { Moves } from './moves.ts'
import {
  MAX_DIALS,
  MAX_OPEN_BUCKETS,
  MAX_PENDING_OPENS,
  MAX_SESSIONS,
  MAX_STREAMS_PER_PEER,
  OPEN_BURST,
  OPEN_TIMEOUT_MS,
  OPENS_PER_SECOND,
  SESSION_ID_BYTES,
  STANZA_PROTOCOL,
} from './protocol.ts'
import { accountVerifier } from './remote-accounts.ts'
import type { StanzaSession } from './session.ts'
import { SessionDriver, type SessionOwner } from './session-driver.ts'
import { SharedDial } from './shared-dial.ts'
import { StanzaChannel } from './stanza-channel.ts'
import type { StanzaHandlers } from './stanza-handlers.ts'

/** What the protocol takes from its node. */
export interface StanzaProtocolComponents {
  readonly network: Pick<Network, 'peerId' | 'dial' | 'handle' | 'path'>
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs' | 'schedule' | 'timeoutSignal'>
  readonly random: Pick<Random, 'bytes'>
  readonly logger: Logger
}

/** What the node decides. */
export interface StanzaProtocolInit {
  /** The accounts served here, each with its current record, which lists this node; at most `MAX_ACCOUNTS`. */
  readonly accounts: () => readonly AccountClaim[]
  readonly handlers: StanzaHandlers
  /** Called for everything a peer did that was refused. @default nobody counts */
  readonly onRefused?: (reason: string) => void
}

/** Stanza streams to and from other nodes: at most one session a node, over one stream at a time. */
export class StanzaProtocol {
  readonly #components: StanzaProtocolComponents
  readonly #init: StanzaProtocolInit
  readonly #drivers = new Map<PeerIdText, SessionDriver>()
  readonly #dials = new Map<PeerIdText, SharedDial<StanzaSession>>()
  /** Inbound streams whose open has not come. */
  readonly #pending = new Set<StanzaChannel>()
  readonly #running = new Set<Promise<void>>()
  readonly #opens: RateLimiter
  readonly #owner: SessionOwner
  readonly #moves: Moves
  #started = false
  #stopped: Promise<void> | undefined

  constructor(components: StanzaProtocolComponents, init: StanzaProtocolInit) {
    this.#components = components
    this.#init = init
    this.#opens = new RateLimiter(components.clock, {
      capacity: OPEN_BURST,
      refillPerSecond: OPENS_PER_SECOND,
      maxKeys: MAX_OPEN_BUCKETS,
    })
    this.#moves = new Moves(components.clock, {
      isLower: (peerId) => components.network.peerId < peerId,
      isWanted: (peerId) => this.#isOnDetour(peerId),
      move: (peerId, signal) => this.#move(peerId, signal),
    })
    this.#owner = {
      opened: ({ peerId, session }) => {
        this.#dials.get(peerId)?.resolve(session)
        this.#moves.consider(peerId)
      },
      dialRefused: ({ peerId }, reason) => this.#dialRefused(peerId, reason),
      closed: (driver) => this.#forget(driver),
      unread: () => this.#init.onRefused?.('unread'),
    }
  }

  /** Accepts streams. Idempotent. */
  start(): void {
    if (!this.#started) {
      this.#started = true
      this.#components.network.handle(STANZA_PROTOCOL, (stream) => this.#track(this.#handle(stream)), {
        maxInboundStreamsPerPeer: MAX_STREAMS_PER_PEER,
        maxOutboundStreamsPerPeer: MAX_STREAMS_PER_PEER,
      })
    }
  }

  /** Closes all sessions, in good order where the other side plays along. Idempotent; final. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /**
   * The session with a peer, dialled if there is none up. Callers who ask at the same time share one dial.
   *
   * @throws DialError; StreamError when the other side refuses; the signal's reason
   */
  connect(peer: PeerAddresses, signal: AbortSignal): Promise<StanzaSession> {
    const { peerId } = peer
    const driver = this.#drivers.get(peerId)
    if (signal.aborted) {
      return Promise.reject(signal.reason)
    }
    if (driver?.isUp) {
      return Promise.resolve(driver.session)
    }
    let dial = this.#dials.get(peerId)
    if (dial === undefined) {
      const obstacle = this.#obstacle(peerId)
      if (obstacle !== undefined) {
        return Promise.reject(obstacle)
      }
      dial = new SharedDial()
      this.#dials.set(peerId, dial)
      void this.#track(this.#dial(peer, dial))
    }
    return dial.wait(signal)
  }

  /** The sessions that were opened and are not closed. */
  *sessions(): Generator<StanzaSession> {
    for (const driver of this.#drivers.values()) {
      if (driver.wasOpened) {
        yield driver.session
      }
    }
  }

  /** Shows a new record of an account to all peers. `accounts` gives it already. */
  announce(account: AccountClaim): void {
    for (const driver of [...this.#drivers.values()]) {
      driver.announce(account)
    }
  }

  /** There is a direct connection to a peer now: a session that goes through a relay moves there and loses nothing. */
  directPath(peerId: PeerIdText): void {
    this.#moves.consider(peerId)
  }

  #isOnDetour(peerId: PeerIdText): boolean {
    const driver = this.#drivers.get(peerId)
    const isRelayed = driver?.phase === 'up' && driver.isUp && driver.path === 'relayed'
    return isRelayed && this.#components.network.path(peerId) === 'direct'
  }

  async #move(peerId: PeerIdText, signal: AbortSignal): Promise<void> {
    const { network, clock } = this.#components
    const stream = await network.dial({ peerId, addresses: [] }, STANZA_PROTOCOL, signal)
    const channel = new StanzaChannel(stream, clock)
    const driver = this.#drivers.get(peerId)
    // Meanwhile the other side may have moved, or the direct connection is gone again.
    if (driver === undefined || channel.path !== 'direct' || driver.path !== 'relayed' || !driver.maySwitch) {
      channel.end()
      return
    }
    driver.dialled(channel)
    void this.#track(this.#serve(channel, driver))
  }

  #obstacle(peerId: PeerIdText): DialError | undefined {
    if (this.#stopped !== undefined) {
      return new DialError('stopped', 'stanza streams are stopped')
    }
    if (peerId === this.#components.network.peerId) {
      return new DialError('no-addresses', 'that is this node')
    }
    return this.#dials.size < MAX_DIALS ? undefined : new DialError('limit', `${MAX_DIALS} dials are under way`)
  }

  async #dial(peer: PeerAddresses, dial: SharedDial<StanzaSession>): Promise<void> {
    const { network, clock } = this.#components
    try {
      const stream = await network.dial(peer, STANZA_PROTOCOL, dial.signal)
      const channel = new StanzaChannel(stream, clock)
      if (dial.isSettled) {
        // The other side was faster, or nobody waits any more. It has seen no open, so nothing depends on this stream.
        channel.end()
        return
      }
      await this.#openDialled(channel, dial)
    } catch (error) {
      dial.reject(error)
    } finally {
      this.#dials.delete(peer.peerId)
    }
  }

  async #openDialled(channel: StanzaChannel, dial: SharedDial<StanzaSession>): Promise<void> {
    const { clock } = this.#components
    const driver = this.#driverFor(channel.peerId)
    const { phase } = driver
    if (phase !== 'detached') {
      channel.end()
      throw new DialError('unreachable', 'the session is being closed')
    }
    const settled = new Promise<void>((resolve) => dial.signal.addEventListener('abort', () => resolve()))
    driver.dialled(channel)
    void this.#track(this.#serve(channel, driver))
    await settled
    if (driver.phase === 'opening') {
      driver.report(channel, { type: 'detached', reason: new Error('nobody waits'), nowMs: clock.monotonicMs() })
    }
  }

  /** The other side's stream is on its way when ours has lost a simultaneous dial. */
  #dialRefused(peerId: PeerIdText, reason: Error): void {
    const dial = this.#dials.get(peerId)
    if (dial === undefined) {
      return
    }
    if (!(reason instanceof StreamError && reason.condition === 'conflict')) {
      dial.reject(reason)
      return
    }
    const timer = this.#components.clock.schedule(OPEN_TIMEOUT_MS, () => dial.reject(reason))
    dial.signal.addEventListener('abort', () => timer.cancel())
  }

  async #handle(stream: NetworkStream): Promise<void> {
    const { clock } = this.#components
    if (this.#stopped !== undefined || this.#pending.size >= MAX_PENDING_OPENS) {
      this.#init.onRefused?.('pending-opens')
      stream.abort(new Error('too many streams that are not open'))
      return
    }
    const channel = new StanzaChannel(stream, clock)
    const timer = clock.schedule(OPEN_TIMEOUT_MS, () => {
      if (this.#pending.delete(channel)) {
        this.#init.onRefused?.('open-timeout')
        channel.abort(new Error('no open'))
      }
    })
    this.#pending.add(channel)
    await this.#serve(channel, undefined)
    this.#pending.delete(channel)
    timer.cancel()
  }

  async #serve(channel: StanzaChannel, dialled: SessionDriver | undefined): Promise<void> {
    let driver = dialled
    try {
      await channel.run((frame, bytes) => {
        if (driver !== undefined) {
          return driver.receive(channel, frame, bytes)
        }
        driver = this.#accept(channel, frame)
      })
      driver?.report(channel, { type: 'ended', nowMs: this.#components.clock.monotonicMs() })
      channel.end()
    } catch (error) {
      this.#broken(channel, driver, error as Error)
    }
  }

  #accept(channel: StanzaChannel, frame: StreamFrame): SessionDriver {
    const { peerId } = channel
    if (frame.type !== 'open') {
      // RFC 6120 §4.9.3.12
      throw new StreamError('not-authorized', 'no open')
    }
    // Before the signatures are checked, which is what an open costs.
    if (!this.#opens.take(peerId)) {
      throw new StreamError('policy-violation', 'too many opens')
    }
    const accounts = frame.accounts.map(accountVerifier(peerId, this.#components.clock))
    const driver = this.#driverFor(peerId)
    if (!driver.admits(frame)) {
      throw new StreamError('conflict')
    }
    driver.accepted(channel, frame, accounts)
    this.#pending.delete(channel)
    return driver
  }

  #broken(channel: StanzaChannel, driver: SessionDriver | undefined, error: Error): void {
    if (channel.isEnded) {
      return
    }
    const { clock, logger } = this.#components
    const nowMs = clock.monotonicMs()
    const refusal = refusalOf(error)
    if (refusal === undefined) {
      if (error instanceof AssertionError) {
        logger.error('stream failed', { peerId: channel.peerId, reason: error.message })
      }
      driver?.report(channel, { type: 'detached', reason: error, nowMs })
      channel.abort(error)
      return
    }
    logger.info('stream refused', { peerId: channel.peerId, reason: refusal.reason })
    if (refusal.reason !== 'conflict') {
      this.#init.onRefused?.(refusal.reason)
    }
    driver?.report(channel, { type: 'refused', error: refusal.error, nowMs })
    channel.end(refusal.error)
  }

  #driverFor(peerId: PeerIdText): SessionDriver {
    const known = this.#drivers.get(peerId)
    if (known !== undefined) {
      return known
    }
    this.#makeRoom()
    const { network, clock, random, logger } = this.#components
    const init = {
      isLower: network.peerId < peerId,
      newId: () => toHex(random.bytes(SESSION_ID_BYTES)),
      localAccounts: this.#init.accounts,
      verify: accountVerifier(peerId, clock),
    }
    const components = { clock, logger, handlers: this.#init.handlers, owner: this.#owner }
    const driver = new SessionDriver(peerId, init, components)
    this.#drivers.set(peerId, driver)
    return driver
  }

  /** At the bound the oldest session without a stream gives way. */
  #makeRoom(): void {
    if (this.#drivers.size < MAX_SESSIONS) {
      return
    }
    const oldest = [...this.#drivers.values()].find((driver) => driver.phase === 'detached')
    if (oldest === undefined || this.#stopped !== undefined) {
      throw new StreamError('resource-constraint', 'too many sessions')
    }
    void oldest.close()
  }

  #forget(driver: SessionDriver): void {
    if (this.#drivers.get(driver.peerId) === driver) {
      this.#drivers.delete(driver.peerId)
    }
  }

  #track(task: Promise<void>): Promise<void> {
    this.#running.add(task)
    return task.finally(() => this.#running.delete(task))
  }

  async #stop(): Promise<void> {
    this.#moves.stop()
    for (const dial of this.#dials.values()) {
      dial.reject(new DialError('stopped', 'stanza streams are stopped'))
    }
    for (const channel of this.#pending) {
      channel.abort(new Error('stanza streams are stopped'))
    }
    await Promise.all([...this.#drivers.values()].map((driver) => driver.close()))
    await Promise.all(this.#running)
  }
}
