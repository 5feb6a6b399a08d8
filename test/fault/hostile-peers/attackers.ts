import { performance } from 'node:perf_hooks'
import type { Network } from '../../../src/system/network.ts'
import { type HostileConnection, HostilePeer } from '../../support/hostile-peer.ts'
import type { AfterHooks } from '../../support/kabber-process.ts'
import type { VictimNode } from '../hostile/world.ts'

const PING = '/ipfs/ping/1.0.0'
const PING_BYTES = 32
const ANSWER_MAX_MS = 10_000

/** The peers that attack one victim, and an honest one that sees how it fares meanwhile. */
export class Attackers {
  readonly #hooks: AfterHooks
  readonly #victim: VictimNode

  constructor(hooks: AfterHooks, victim: VictimNode) {
    this.#hooks = hooks
    this.#victim = victim
  }

  /** A peer of its own. */
  async peer(): Promise<HostilePeer> {
    const peer = await HostilePeer.create()
    this.#hooks.after(() => peer.stop())
    return peer
  }

  /** One more connection of `peer` with the victim; undefined when it was refused. */
  async connect(peer: HostilePeer): Promise<HostileConnection | undefined> {
    try {
      return await peer.connect(this.#asNetwork())
    } catch {
      return undefined
    }
  }

  /** An honest peer's round trips while `attack` runs, sorted, in milliseconds; throws when it is not served afterwards. */
  async honestRoundTrips(attack: () => Promise<void>): Promise<readonly number[]> {
    const honest = await this.peer()
    const times = [await this.#roundTrip(honest)]
    const over = new AbortController()
    const attacking = attack().finally(() => over.abort())
    while (!over.signal.aborted) {
      times.push(await this.#roundTrip(honest))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await attacking
    times.push(await this.#roundTrip(honest))
    return times.toSorted((left, right) => left - right)
  }

  /** Throws if the victim does not answer. */
  async #roundTrip(honest: HostilePeer): Promise<number> {
    const startMs = performance.now()
    const signal = AbortSignal.timeout(ANSWER_MAX_MS)
    const [open] = honest.libp2p.getConnections()
    const connection = open ?? (await honest.connect(this.#asNetwork())).connection
    const stream = await connection.newStream(PING, { signal })
    const answered = new Promise<void>((resolve, reject) => {
      stream.addEventListener('message', () => resolve(), { once: true })
      signal.addEventListener('abort', () => reject(new Error('the victim does not answer an honest peer')))
    })
    stream.send(new Uint8Array(PING_BYTES))
    await answered
    stream.abort(new Error('it was answered'))
    return performance.now() - startMs
  }

  #asNetwork(): Network {
    const addresses = this.#victim.addresses.map((address) => address.replace(/\/p2p\/.*/u, ''))
    return { peerId: this.#victim.peerId, addresses: () => addresses } as unknown as Network
  }
}

/** `p50/p99 4/20 ms`. */
export function percentiles(sorted: readonly number[]): string {
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0)
  return `p50/p99 ${at(0.5)}/${at(0.99)} ms of ${sorted.length}`
}
