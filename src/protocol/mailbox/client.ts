import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Network, PeerAddresses, PeerIdText } from '../../system/network.ts'
import { abortable } from '../../util/abortable.ts'
import { BoundedMap } from '../../util/bounded-map.ts'
import { ProtocolViolation } from '../../util/protocol-violation.ts'
import { ClientStream } from './client-stream.ts'
import { MailboxError } from './errors.ts'
import type { Answer, RecordRefusal, Request } from './messages.ts'
import { CLIENT_STREAMS_MAX, DIAL_TIMEOUT_MS, MAILBOX_PROTOCOL } from './protocol.ts'

export interface MailboxClientInit {
  /** A peer broke the protocol, or what it gave was refused with `reason`. @default nobody is told */
  readonly onViolation?: (peerId: PeerIdText, reason: string) => void
}

/** The way to one peer: being opened, or open. */
interface Route {
  readonly stream: Promise<ClientStream>
  readonly dialling: AbortController
  open?: ClientStream
}

/**
 * Asks custodians. One stream a peer, opened by the first request, kept while it is used.
 *
 * Every call throws `DialError`, `MailboxError` or the signal's reason.
 */
export class MailboxClient {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #network: Pick<Network, 'dial'>
  readonly #logger: Logger
  readonly #onViolation: (peerId: PeerIdText, reason: string) => void
  readonly #routes: BoundedMap<PeerIdText, Route>
  #stopped = false

  constructor(
    components: { clock: Pick<Clock, 'schedule'>; network: Pick<Network, 'dial'>; logger: Logger },
    init: MailboxClientInit = {},
  ) {
    this.#clock = components.clock
    this.#network = components.network
    this.#logger = components.logger
    this.#onViolation = init.onViolation ?? (() => {})
    this.#routes = new BoundedMap({
      maxEntries: CLIENT_STREAMS_MAX,
      onEvicted: (_peerId, route) => end(route, new MailboxError('broken', 'too many streams are open')),
    })
  }

  /** PUT_RECORD: `stored` once it is on the peer's disk. */
  async putRecord(peer: PeerAddresses, record: Uint8Array, signal: AbortSignal): Promise<'stored' | RecordRefusal> {
    const { refused } = await this.#ask(peer, { putRecord: { record } }, signal)
    return refused?.reason ?? 'stored'
  }

  /** GET_RECORD: what the peer has of this account, unverified; `undefined` when it has nothing. */
  async getRecord(peer: PeerAddresses, publicKey: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { refused, found } = await this.#ask(peer, { getRecord: { publicKey } }, signal)
    if (refused !== undefined) {
      throw new MailboxError('refused', `the peer refuses to answer: ${refused.reason}`)
    }
    return found?.record
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
  async #ask(peer: PeerAddresses, verb: Omit<Request, 'id'>, signal: AbortSignal): Promise<Answer> {
    const wasOpen = this.#routes.get(peer.peerId)?.open !== undefined
    try {
      return await this.#askOnce(peer, verb, signal)
    } catch (error) {
      if (wasOpen && error instanceof MailboxError && error.failure === 'broken' && !signal.aborted) {
        return await this.#askOnce(peer, verb, signal)
      }
      throw error
    }
  }

  async #askOnce(peer: PeerAddresses, verb: Omit<Request, 'id'>, signal: AbortSignal): Promise<Answer> {
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
    const timer = this.#clock.schedule(DIAL_TIMEOUT_MS, () =>
      dialling.abort(new MailboxError('timeout', 'the peer could not be reached in time')),
    )
    try {
      const stream = await this.#network.dial(peer, MAILBOX_PROTOCOL, dialling.signal)
      if (dialling.signal.aborted) {
        stream.abort(dialling.signal.reason)
        throw dialling.signal.reason
      }
      const route = routeOf()
      route.open = new ClientStream(this.#clock, stream, (error) => this.#ended(peer.peerId, route, error))
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
    this.#logger.warn('custodian violated the protocol', { peer: peerId, reason })
    this.#onViolation(peerId, reason)
  }
}

function end(route: Route, error: MailboxError): void {
  route.dialling.abort(error)
  route.open?.abort(error)
}
