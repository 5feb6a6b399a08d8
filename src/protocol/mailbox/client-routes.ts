import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Network, PeerAddresses, PeerIdText } from '../../system/network.ts'
import { abortable } from '../../util/abortable.ts'
import { BoundedMap } from '../../util/bounded-map.ts'
import { ProtocolViolation } from '../../util/protocol-violation.ts'
import { ClientStream } from './client-stream.ts'
import { MailboxError } from './errors.ts'
import type { Answer, Verb } from './messages.ts'
import { CLIENT_STREAMS_MAX, DIAL_TIMEOUT_MS, MAILBOX_PROTOCOL } from './protocol.ts'

export interface ClientComponents {
  readonly clock: Pick<Clock, 'schedule'>
  readonly network: Pick<Network, 'dial' | 'peerId'>
  readonly logger: Logger
}

/** The way to one peer: being opened, or open. */
interface Route {
  readonly stream: Promise<ClientStream>
  readonly dialling: AbortController
  open?: ClientStream
}

/** The streams to custodians: one a peer, opened when it is first needed, kept while it is used. */
export class ClientRoutes {
  readonly #components: ClientComponents
  readonly #onViolation: (peerId: PeerIdText, reason: string) => void
  readonly #routes: BoundedMap<PeerIdText, Route>
  #stopped = false

  constructor(components: ClientComponents, onViolation: (peerId: PeerIdText, reason: string) => void) {
    this.#components = components
    this.#onViolation = onViolation
    this.#routes = new BoundedMap({
      maxEntries: CLIENT_STREAMS_MAX,
      onEvicted: (_peerId, route) => end(route, new MailboxError('broken', 'too many streams are open')),
    })
  }

  /** What a peer gave turned out to be refused: its stream is broken and the peer counted against. */
  refuse(peerId: PeerIdText, reason: string): void {
    this.#violated(peerId, reason)
    const route = this.#routes.get(peerId)
    if (route !== undefined) {
      this.#routes.delete(peerId)
      end(route, new MailboxError('broken', `the peer gave what is refused: ${reason}`))
    }
  }

  /** Breaks all streams and dials; later calls throw. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true
    const routes = [...this.#routes.values()]
    this.#routes.clear()
    for (const route of routes) {
      end(route, new MailboxError('stopped', 'the node is stopping'))
    }
    await Promise.allSettled(routes.map(({ stream }) => stream))
  }

  /** A stream that was open may have died unnoticed; requests may be repeated, so a second one is tried. */
  async ask(peer: PeerAddresses, verb: Verb, signal: AbortSignal): Promise<Answer> {
    const wasOpen = this.isOpen(peer.peerId)
    try {
      return await this.#askOnce(peer, verb, signal)
    } catch (error) {
      if (wasOpen && error instanceof MailboxError && error.failure === 'broken' && !signal.aborted) {
        return await this.#askOnce(peer, verb, signal)
      }
      throw error
    }
  }

  /** Whether a stream to the peer is open, or was when last looked. */
  isOpen(peerId: PeerIdText): boolean {
    return this.#routes.get(peerId)?.open !== undefined
  }

  /** The stream to a peer. Rejects with `DialError`, `MailboxError` or the signal's reason. */
  async stream(peer: PeerAddresses, signal: AbortSignal): Promise<ClientStream> {
    signal.throwIfAborted()
    return await abortable(this.#routeTo(peer).stream, signal)
  }

  async #askOnce(peer: PeerAddresses, verb: Verb, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted()
    const route = this.#routeTo(peer)
    const answer = route.open?.request(verb) ?? route.stream.then((stream) => stream.request(verb))
    return await abortable(answer, signal)
  }

  #routeTo(peer: PeerAddresses): Route {
    if (this.#stopped) {
      throw new MailboxError('stopped', 'the node is stopping')
    }
    const { peerId } = peer
    const known = this.#routes.get(peerId)
    if (known !== undefined) {
      this.#routes.set(peerId, known)
      return known
    }
    const dialling = new AbortController()
    // Not the signal of one caller: others may wait for the same stream.
    const route: Route = { stream: this.#open(peer, dialling, () => route), dialling }
    route.stream.catch(() => this.#forget(peerId, route))
    this.#routes.set(peerId, route)
    return route
  }

  async #open(peer: PeerAddresses, dialling: AbortController, routeOf: () => Route): Promise<ClientStream> {
    const { clock, network } = this.#components
    const timer = clock.schedule(DIAL_TIMEOUT_MS, () =>
      dialling.abort(new MailboxError('timeout', 'the peer could not be reached in time')),
    )
    try {
      const stream = await network.dial(peer, MAILBOX_PROTOCOL, dialling.signal)
      if (dialling.signal.aborted) {
        stream.abort(dialling.signal.reason)
        throw dialling.signal.reason
      }
      const route = routeOf()
      const onEnd = (error: MailboxError): void => this.#ended(peer.peerId, route, error)
      route.open = new ClientStream(clock, stream, { self: network.peerId, onEnd })
      return route.open
    } finally {
      timer.cancel()
    }
  }

  #ended(peerId: PeerIdText, route: Route, error: MailboxError): void {
    this.#forget(peerId, route)
    if (error.cause instanceof ProtocolViolation) {
      this.#violated(peerId, error.cause.reason)
    }
  }

  #forget(peerId: PeerIdText, route: Route): void {
    if (this.#routes.get(peerId) === route) {
      this.#routes.delete(peerId)
    }
  }

  #violated(peerId: PeerIdText, reason: string): void {
    this.#components.logger.warn('custodian violated the protocol', { peer: peerId, reason })
    this.#onViolation(peerId, reason)
  }
}

function end(route: Route, error: MailboxError): void {
  route.dialling.abort(error)
  route.open?.abort(error)
}
