import type { Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock, Timer } from '../../../system/clock.ts'
import type { PeerIdText } from '../../../system/network.ts'
import { networksOf } from '../../../util/ip-network.ts'
import { BufferBudget } from '../../libp2p-buffer-budget.ts'
import { ByteRates } from './byte-rates.ts'
import { Circuit, type CircuitEnd } from './circuit.ts'
import * as limits from './relay-limits.ts'

/** One end of a circuit to be. */
export interface CircuitStream {
  readonly stream: Stream
  readonly remoteAddr: Multiaddr
}

/** A place for a circuit, kept while both ends are asked. */
export interface CircuitPlace {
  /** Joins the streams of who asked and of whom it asked for. */
  join(streams: readonly [CircuitStream, CircuitStream]): void
  cancel(): void
}

/** The circuits of a relay, and what they may carry: so many a peer and in all, so many bytes a second a peer and network. */
export class Circuits {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'schedule'>
  readonly #max: number
  readonly #open = new Set<Circuit>()
  readonly #ofPeer = new Map<PeerIdText, number>()
  readonly #budget = new BufferBudget(limits.CIRCUIT_BUFFER_BUDGET_BYTES)
  readonly #peerRates: ByteRates
  readonly #dayRates: ByteRates
  readonly #networkRates: ByteRates
  #places = 0
  #relayedBytes = 0
  #idleTimer: Timer | undefined

  constructor(clock: Pick<Clock, 'monotonicMs' | 'schedule'>, max: number) {
    this.#clock = clock
    this.#max = max
    const rates = (burstBytes: number, bytesPerSecond: number): ByteRates =>
      new ByteRates(clock, { burstBytes, bytesPerSecond, maxKeys: limits.BYTE_RATES_MAX_KEYS })
    this.#peerRates = rates(limits.PEER_BURST_BYTES, limits.PEER_BYTES_PER_SECOND)
    this.#dayRates = rates(limits.PEER_DAY_BYTES, limits.PEER_DAY_BYTES / limits.DAY_SECONDS)
    this.#networkRates = rates(limits.NETWORK_BURST_BYTES, limits.NETWORK_BYTES_PER_SECOND)
  }

  /** Circuits that carry something now. */
  get size(): number {
    return this.#open.size
  }

  /** Bytes passed on since the start, both directions. */
  get relayedBytes(): number {
    return this.#relayedBytes
  }

  /** A place for a circuit between these two; undefined if one of them or this relay has too many. */
  open(source: PeerIdText, target: PeerIdText): CircuitPlace | undefined {
    const count = (peerId: PeerIdText): number => this.#ofPeer.get(peerId) ?? 0
    const full = [source, target].some((peerId) => count(peerId) >= limits.CIRCUITS_MAX_PER_PEER)
    if (full || this.#places >= this.#max) {
      return undefined
    }
    let held = true
    this.#occupy([source, target], 1)
    const cancel = (): void => {
      if (held) {
        held = false
        this.#occupy([source, target], -1)
      }
    }
    return {
      cancel,
      join: ([one, other]) => this.#join([this.#end(source, one), this.#end(target, other)], cancel),
    }
  }

  /** Breaks all circuits. */
  stop(): void {
    this.#idleTimer?.cancel()
    this.#idleTimer = undefined
    for (const circuit of this.#open) {
      circuit.abort(new Error('the relay ends'))
    }
  }

  #occupy(peers: readonly PeerIdText[], places: 1 | -1): void {
    this.#places += places
    for (const peerId of peers) {
      const count = (this.#ofPeer.get(peerId) ?? 0) + places
      if (count === 0) {
        this.#ofPeer.delete(peerId)
      } else {
        this.#ofPeer.set(peerId, count)
      }
    }
  }

  #end(peerId: PeerIdText, { stream, remoteAddr }: CircuitStream): CircuitEnd {
    const [network] = networksOf([remoteAddr.toString()])
    const count = (bytes: number): number => {
      this.#relayedBytes += bytes
      const networkMs = network === undefined ? 0 : this.#networkRates.take(network, bytes)
      return Math.max(networkMs, this.#peerRates.take(peerId, bytes), this.#dayRates.take(peerId, bytes))
    }
    return { stream, count }
  }

  #join(ends: readonly [CircuitEnd, CircuitEnd], onEnd: () => void): void {
    const circuit: Circuit = new Circuit(ends, {
      clock: this.#clock,
      budget: this.#budget,
      onEnd: () => {
        this.#open.delete(circuit)
        onEnd()
      },
    })
    this.#open.add(circuit)
    this.#watchIdle()
  }

  #watchIdle(): void {
    this.#idleTimer ??= this.#clock.schedule(limits.CIRCUIT_IDLE_MS / 4, () => {
      this.#idleTimer = undefined
      const nowMs = this.#clock.monotonicMs()
      for (const circuit of this.#open) {
        if (nowMs - circuit.lastByteMs >= limits.CIRCUIT_IDLE_MS) {
          circuit.abort(new Error('nothing went through the circuit for long'))
        }
      }
      if (this.#open.size > 0) {
        this.#watchIdle()
      }
    })
  }
}
