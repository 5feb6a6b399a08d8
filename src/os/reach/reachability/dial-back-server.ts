import type { Connection, Stream } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../system/clock.ts'
import { hostOf, isPublicAddress, withoutPeerId } from '../../libp2p-addresses.ts'
import {
  AutonatStream,
  autonatMessage,
  DIAL_BACK_PROTOCOL,
  DIAL_STATUS,
  dialBack,
  dialBackResponse,
  RESPONSE_STATUS,
} from './autonat-messages.ts'

/** Dials for others at once; at the bound a request is rejected. */
const MAX_DIAL_BACKS_AT_ONCE = 4
/** Dials for others a minute; at the bound a request is rejected. */
const MAX_DIAL_BACKS_PER_MINUTE = 60
const MINUTE_MS = 60_000
/** A request as a whole; the dial is a part of it and has its own bound. */
const REQUEST_TIMEOUT_MS = 12_000
const DIAL_BACK_DIAL_TIMEOUT_MS = 6_000

/** What the server needs. */
export interface DialBackServerComponents {
  readonly clock: Pick<Clock, 'monotonicMs' | 'timeoutSignal'>
  /** Whether this node may dial an address that somebody else named: public, and not dialled a moment ago. */
  readonly mayDial: (address: Multiaddr) => boolean
  /** Opens a connection of its own, whatever others there are. */
  readonly dial: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
}

/**
 * Dials those who ask (AutoNAT v2, server), and nobody else: only the IP address from which the asker is connected, only a
 * public one, each address once a minute. So it needs no proof of bandwidth and nobody can be hurt through it.
 */
export class DialBackServer {
  readonly #components: DialBackServerComponents
  #open = 0
  #sinceMs = Number.NEGATIVE_INFINITY
  #inMinute = 0

  constructor(components: DialBackServerComponents) {
    this.#components = components
  }

  /** Serves a dial-request stream. */
  async serve(stream: Stream, connection: Connection): Promise<void> {
    const signal = this.#components.clock.timeoutSignal(REQUEST_TIMEOUT_MS)
    try {
      const messages = new AutonatStream(stream)
      const { dialRequest } = await messages.read(autonatMessage, signal)
      if (dialRequest === undefined) {
        throw new Error('no dial request')
      }
      const dialResponse = await this.#answer(dialRequest, connection, signal)
      await messages.write(autonatMessage, { dialResponse }, signal)
      await stream.close({ signal })
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error('malformed dial request'))
    }
  }

  async #answer(
    { addrs, nonce }: { readonly addrs: readonly Uint8Array[]; readonly nonce: bigint },
    asker: Connection,
    signal: AbortSignal,
  ): Promise<{ status: number; addrIdx: number; dialStatus: number }> {
    const refused = {
      status: RESPONSE_STATUS.dialRefused as number,
      addrIdx: 0,
      dialStatus: DIAL_STATUS.unused as number,
    }
    const addrIdx = addrs.findIndex((bytes) => this.#addressToDial(bytes, asker) !== undefined)
    const address = addrIdx < 0 ? undefined : this.#addressToDial(addrs[addrIdx], asker)
    if (address === undefined) {
      return refused
    }
    if (!this.#takesOne()) {
      return { ...refused, status: RESPONSE_STATUS.requestRejected }
    }
    this.#open += 1
    try {
      return { status: RESPONSE_STATUS.ok, addrIdx, dialStatus: await this.#dialBack(address, nonce, signal) }
    } finally {
      this.#open -= 1
    }
  }

  /** What may be dialled for this asker, with its PeerId. */
  #addressToDial(bytes: Uint8Array | undefined, asker: Connection): Multiaddr | undefined {
    const named = bytes === undefined ? undefined : decode(bytes)
    if (named === undefined || !isPublicAddress(asker.remoteAddr)) {
      return undefined
    }
    const address = withoutPeerId(named)
    const isTcp = address.getComponents().length === 2 && address.getComponents()[1]?.name === 'tcp'
    if (!isTcp || !isPublicAddress(address) || hostOf(address)?.ip !== hostOf(asker.remoteAddr)?.ip) {
      return undefined
    }
    const whole = address.encapsulate(`/p2p/${asker.remotePeer.toString()}`)
    return this.#components.mayDial(whole) ? whole : undefined
  }

  #takesOne(): boolean {
    const nowMs = this.#components.clock.monotonicMs()
    if (nowMs - this.#sinceMs >= MINUTE_MS) {
      this.#sinceMs = nowMs
      this.#inMinute = 0
    }
    if (this.#open >= MAX_DIAL_BACKS_AT_ONCE || this.#inMinute >= MAX_DIAL_BACKS_PER_MINUTE) {
      return false
    }
    this.#inMinute += 1
    return true
  }

  async #dialBack(address: Multiaddr, nonce: bigint, signal: AbortSignal): Promise<number> {
    const { clock, dial } = this.#components
    let connection: Connection
    try {
      connection = await dial(address, AbortSignal.any([signal, clock.timeoutSignal(DIAL_BACK_DIAL_TIMEOUT_MS)]))
    } catch {
      return DIAL_STATUS.dialError
    }
    if (!withoutPeerId(connection.remoteAddr).equals(withoutPeerId(address))) {
      // A dial of the same peer at another address was under way, and libp2p has joined them.
      return DIAL_STATUS.dialBackError
    }
    try {
      const stream = await connection.newStream(DIAL_BACK_PROTOCOL, { signal })
      const messages = new AutonatStream(stream)
      await messages.write(dialBack, { nonce }, signal)
      await messages.read(dialBackResponse, signal)
      await stream.close({ signal })
      await connection.close({ signal })
      return DIAL_STATUS.ok
    } catch {
      connection.abort(new Error('the dial-back failed'))
      return DIAL_STATUS.dialBackError
    }
  }
}

function decode(bytes: Uint8Array): Multiaddr | undefined {
  try {
    return multiaddr(bytes)
  } catch {
    return undefined
  }
}
