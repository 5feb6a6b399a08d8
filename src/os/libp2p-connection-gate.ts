import type { MultiaddrConnection } from '@libp2p/interface'
import { isPrivate } from '@libp2p/utils'
import type { Clock } from '../system/clock.ts'
import { hostKey, isLoopbackAddress } from './libp2p-addresses.ts'
import {
  CONNECTION_WRITE_BUFFER_BYTES,
  HANDSHAKE_ALLOWANCE_BYTES,
  INBOUND_RATE_PRIVATE_PER_S,
  INBOUND_RATE_PUBLIC_PER_S,
  MAX_PENDING_INBOUND,
  MAX_RATED_HOSTS,
} from './libp2p-limits.ts'

/** `onData` is what every libp2p transport calls with received bytes; protected, so not in the public type. */
type ReceivingConnection = MultiaddrConnection & { onData(data: { byteLength: number }): void }

/**
 * Admits connections: so many inbound a second from one host, so many of them unauthenticated at a time, and so many
 * bytes from any until it is authenticated. Of too many half-open ones the oldest goes, so silent strangers keep nobody out.
 */
export class ConnectionGate {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  /** Inbound connections before the end of their handshake, oldest first. */
  readonly #pending = new Set<MultiaddrConnection>()
  /** The same and outbound ones. */
  readonly #unauthenticated = new Set<MultiaddrConnection>()
  readonly #hosts = new Map<string, { count: number; sinceMs: number }>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** How many inbound connections are unauthenticated. */
  get pending(): number {
    return this.#pending.size
  }

  /** False if the connection is to be refused. */
  admit(connection: MultiaddrConnection): boolean {
    if (!this.#admitsHost(connection)) {
      return false
    }
    const oldest = this.#pending.size >= MAX_PENDING_INBOUND ? this.#pending.values().next().value : undefined
    if (oldest !== undefined) {
      this.settle(oldest)
      oldest.abort(new Error('too many connections wait for their handshake'))
    }
    this.#pending.add(connection)
    this.watch(connection)
    return true
  }

  /** Bounds the buffers and the handshake of a connection, inbound or outbound. */
  watch(connection: MultiaddrConnection): void {
    // The transports offer no option for these.
    connection.maxReadBufferLength = HANDSHAKE_ALLOWANCE_BYTES
    connection.maxWriteBufferLength = CONNECTION_WRITE_BUFFER_BYTES
    this.#unauthenticated.add(connection)
    connection.addEventListener('close', () => this.settle(connection))
    this.#limitHandshake(connection as ReceivingConnection)
  }

  /** The connection is authenticated, or gone. */
  settle(connection: MultiaddrConnection): void {
    this.#pending.delete(connection)
    this.#unauthenticated.delete(connection)
  }

  #limitHandshake(connection: ReceivingConnection): void {
    let receivedBytes = 0
    const onData = connection.onData.bind(connection)
    connection.onData = (data) => {
      receivedBytes += data.byteLength
      if (this.#unauthenticated.has(connection) && receivedBytes > HANDSHAKE_ALLOWANCE_BYTES) {
        connection.abort(new Error('too many bytes before the end of the handshake'))
        return
      }
      onData(data)
    }
  }

  #admitsHost(connection: MultiaddrConnection): boolean {
    const host = hostKey(connection.remoteAddr)
    if (host === undefined || isLoopbackAddress(connection.remoteAddr)) {
      return true
    }
    const nowMs = this.#clock.monotonicMs()
    let entry = this.#hosts.get(host)
    this.#hosts.delete(host)
    if (entry === undefined || nowMs - entry.sinceMs >= 1_000) {
      entry = { count: 0, sinceMs: nowMs }
    }
    entry.count += 1
    this.#hosts.set(host, entry)
    const quietest = this.#hosts.size > MAX_RATED_HOSTS ? this.#hosts.keys().next().value : undefined
    if (quietest !== undefined) {
      this.#hosts.delete(quietest)
    }
    return entry.count <= (isPrivate(connection.remoteAddr) ? INBOUND_RATE_PRIVATE_PER_S : INBOUND_RATE_PUBLIC_PER_S)
  }
}
