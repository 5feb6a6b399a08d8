import type { Connection, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../system/clock.ts'
import { ProtocolViolation } from '../../../util/protocol-violation.ts'
import { dcutrChannel } from './dcutr-channel.ts'
import type { PunchBudget } from './punch-budget.ts'
import { CONVERSATION_TIMEOUT_MS, MAX_REDIALS, PUNCH_DIAL_TIMEOUT_MS, REDIAL_PAUSE_MS } from './punch-limits.ts'
import type { PunchMapping } from './punch-mappings.ts'
import { choosePunch, type PunchTarget } from './punch-target.ts'
import { isPortFailure, type PunchDialOptions } from './punching-transport.ts'

/** DCUtR's protocol id. */
export const DCUTR_PROTOCOL = '/libp2p/dcutr'

/** What a puncher needs. */
export interface PuncherComponents {
  readonly clock: Clock
  readonly budget: PunchBudget
  /** Own mappings to announce on a relayed connection; fresh ones are of a port that was not used to punch yet. */
  readonly mappings: (relayed: Connection, isFresh: boolean) => Promise<readonly PunchMapping[]>
  /** The port of this mapping cannot be used now. */
  readonly spoil: (mapping: PunchMapping) => void
  /** Whether an address that a stranger named may be dialled at all. */
  readonly mayDial: (address: Multiaddr) => Promise<boolean>
  readonly dial: (
    address: Multiaddr,
    options: PunchDialOptions & { readonly signal: AbortSignal },
  ) => Promise<Connection>
  readonly counters: PunchCounters
}

/** What came of hole punching since the start. */
export interface PunchCounters {
  /** Joint dials. */
  tried: number
  succeeded: number
  /** Streams that were reset because of what the other side did or named. */
  refused: number
}

/** The joint dial failed: the way to the peer is closed, and trying again at once is of no use. */
export class PunchFailure extends Error {
  override readonly name = 'PunchFailure'
}

/**
 * One punch, from CONNECT to the connection (DCUtR, "The Protocol"). B, which was called through the relay, begins:
 *
 *     B                                    A
 *     CONNECT(mappings of B)  ---------->
 *            <----------  CONNECT(mappings of A)       B measures the round trip
 *     SYNC    -------------------------->  A dials at once, as the calling side of all that follows
 *     B dials half a round trip later, as the called side
 */
export class Puncher {
  readonly #components: PuncherComponents

  constructor(components: PuncherComponents) {
    this.#components = components
  }

  /** Plays B; `isRetry` after a dial that failed. @throws PunchFailure, ProtocolViolation, or what the stream threw */
  async initiate(relayed: Connection, signal: AbortSignal, isRetry: boolean): Promise<Connection> {
    const { clock } = this.#components
    const bounded = AbortSignal.any([signal, clock.timeoutSignal(CONVERSATION_TIMEOUT_MS)])
    // A dial that failed has left state in firewalls for two minutes, which only the same two ports meet.
    const own = await this.#own(relayed, isRetry)
    const stream = await relayed.newStream(DCUTR_PROTOCOL, { signal: bounded, runOnLimitedConnection: true })
    return await resettingOnError(stream, async () => {
      const channel = dcutrChannel(stream, bounded)
      const startMs = clock.monotonicMs()
      await channel.send('CONNECT', addressesOf(own))
      const named = await channel.receive('CONNECT')
      const roundTripMs = clock.monotonicMs() - startMs
      const target = await this.#choose(own, named)
      await channel.send('SYNC')
      await clock.sleep(roundTripMs / 2, bounded)
      return await this.#dial(relayed, target, false, signal)
    })
  }

  /** Plays A, on a stream that B opened. @throws PunchFailure, ProtocolViolation, or what the stream threw */
  async respond(stream: Stream, relayed: Connection, signal: AbortSignal): Promise<Connection> {
    const bounded = AbortSignal.any([signal, this.#components.clock.timeoutSignal(CONVERSATION_TIMEOUT_MS)])
    return await resettingOnError(stream, async () => {
      const channel = dcutrChannel(stream, bounded)
      const named = await channel.receive('CONNECT')
      const own = await this.#own(relayed, false)
      const target = await this.#choose(own, named)
      await channel.send('CONNECT', addressesOf(own))
      await channel.receive('SYNC')
      return await this.#dial(relayed, target, true, signal)
    })
  }

  async #own(relayed: Connection, isFresh: boolean): Promise<readonly PunchMapping[]> {
    const own = await this.#components.mappings(relayed, isFresh)
    if (own.length === 0) {
      throw new Error('no relay has told how it sees this node')
    }
    return own
  }

  /** Takes the leave for the dial with it. */
  async #choose(own: readonly PunchMapping[], named: readonly Multiaddr[]): Promise<PunchTarget> {
    const { budget, mayDial } = this.#components
    const target = await choosePunch(own, named, async (address) => budget.allows(address) && (await mayDial(address)))
    if (target === undefined || !budget.takeDial(target.address)) {
      throw new ProtocolViolation('no-address', 'the other side named no address that may be dialled')
    }
    return target
  }

  async #dial(relayed: Connection, target: PunchTarget, initiator: boolean, signal: AbortSignal): Promise<Connection> {
    const { clock, budget, dial, counters, spoil } = this.#components
    const bounded = AbortSignal.any([signal, clock.timeoutSignal(PUNCH_DIAL_TIMEOUT_MS)])
    // @libp2p/tcp hands its signal to the socket, which would end with it at any later time: this one cannot abort then.
    const dialling = new AbortController()
    const onAbort = (): void => dialling.abort(bounded.reason)
    bounded.addEventListener('abort', onAbort, { once: true })
    const address = target.address.encapsulate(`/p2p/${relayed.remotePeer.toString()}`)
    const options = { localPort: target.mapping.localPort, initiator, signal: dialling.signal }
    try {
      bounded.throwIfAborted()
      const connection = await this.#persist(() => dial(address, options), bounded)
      counters.tried += 1
      counters.succeeded += 1
      // No hearsay any more.
      budget.returnDial(target.address)
      return connection
    } catch (error) {
      if (isPortFailure(error)) {
        budget.returnDial(target.address)
        spoil(target.mapping)
        throw error
      }
      counters.tried += 1
      throw new PunchFailure(error instanceof Error ? error.message : String(error), { cause: error })
    } finally {
      bounded.removeEventListener('abort', onAbort)
    }
  }

  /**
   * A host without a filter in front refuses the SYN that comes before it dials itself, so what is refused is sent
   * again; a silent host gets as many from the kernel.
   */
  async #persist(dial: () => Promise<Connection>, signal: AbortSignal): Promise<Connection> {
    for (let again = 1; ; again++) {
      try {
        return await dial()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || again > MAX_REDIALS) {
          throw error
        }
        await this.#components.clock.sleep(REDIAL_PAUSE_MS, signal)
      }
    }
  }
}

function addressesOf(mappings: readonly PunchMapping[]): readonly Multiaddr[] {
  return mappings.map(({ address }) => address)
}

/** The stream is of no more use once its conversation has ended, however it ended. */
async function resettingOnError<Result>(stream: Stream, converse: () => Promise<Result>): Promise<Result> {
  try {
    const result = await converse()
    stream.close().catch((error: Error) => stream.abort(error))
    return result
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}
