import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../../system/clock.ts'
import type { Random } from '../../../system/random.ts'
import { BoundedMap } from '../../../util/bounded-map.ts'
import type { DialBackAnswer } from './dial-back-client.ts'
import { observerNetwork } from './observed-addresses.ts'
import { forgetting, judged, NOTHING_KNOWN, type ReachabilityState, withAnswer } from './reachability-state.ts'

/** Peers asked in one round, each in another network. */
const PEERS_ASKED = 3
/** Between what wakes the probe and its round: several peers are often met at once. */
const SETTLE_MS = 500
/** Between two rounds while the answer is not known or in doubt; peers dial one address once a minute. */
const DOUBT_INTERVAL_MS = 20_000
/** Between two rounds when all is known. */
const SURE_INTERVAL_MS = 600_000
/** How long one network is not asked again about one address: just above the minute in which it would refuse. */
const REPEAT_MS = 65_000
/** Questions remembered for that; at the bound the oldest is forgotten. */
const MAX_REMEMBERED_QUESTIONS = 256

/** What the probe needs. */
export interface ReachabilityProbeComponents {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  readonly random: Pick<Random, 'uniform'>
  /** Open connections with peers that serve AutoNAT v2. */
  readonly servers: () => readonly Connection[]
  /** The addresses of this node that strangers might dial. */
  readonly candidates: () => readonly Multiaddr[]
  /** Whether it makes sense to ask now. */
  readonly isReady: () => boolean
  readonly ask: (connection: Connection, address: Multiaddr, signal: AbortSignal) => Promise<DialBackAnswer>
  /** The state may be another than before. */
  readonly onChange: () => void
}

/** Asks peers in different networks, again and again, whether they can dial this node, and keeps what they say. */
export class ReachabilityProbe {
  readonly #components: ReachabilityProbeComponents
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  /** `network address` → when it was last asked (monotonic milliseconds). */
  readonly #askedMs = new BoundedMap<string, number>({ maxEntries: MAX_REMEMBERED_QUESTIONS })
  /** There are answers that are not judged yet. */
  #news = false
  #wake = new AbortController()
  #state: ReachabilityState = NOTHING_KNOWN

  constructor(components: ReachabilityProbeComponents) {
    this.#components = components
    this.#running = this.#run()
  }

  get state(): ReachabilityState {
    return this.#state
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the network stops'))
    await this.#running
  }

  /** There are other peers or other addresses than before. */
  wake(): void {
    this.#wake.abort()
  }

  /** A stranger in this network has dialled `address` by itself. */
  noteInbound(address: Multiaddr, network: string): void {
    const atMs = this.#components.clock.monotonicMs()
    this.#note(address, { network, reached: true, atMs })
    this.wake()
  }

  /** Replaces what is known, as after a change of networks; what was asked may be asked again. */
  revise(change: (state: ReachabilityState) => ReachabilityState): void {
    this.#state = change(this.#state)
    this.#askedMs.clear()
    this.#components.onChange()
    this.wake()
  }

  async #run(): Promise<void> {
    const { clock } = this.#components
    while (!this.#stopping.signal.aborted) {
      const isSure = this.#state.reachability !== 'unknown' && this.#state.contrary === 0
      try {
        const woken = AbortSignal.any([this.#stopping.signal, this.#wake.signal])
        await clock.sleep(isSure ? SURE_INTERVAL_MS : DOUBT_INTERVAL_MS, woken)
      } catch {
        // Woken or stopped.
      }
      try {
        await clock.sleep(SETTLE_MS, this.#stopping.signal)
        this.#wake = new AbortController()
        await this.#round()
      } catch {
        // Stopped: nothing else throws.
      }
    }
  }

  async #round(): Promise<void> {
    const { candidates, onChange, isReady } = this.#components
    if (!isReady()) {
      return
    }
    const addresses = candidates()
    const known = new Set(addresses.map((address) => address.toString()))
    this.#state = forgetting(this.#state, known)
    const servers = this.#serversByNetwork()
    for (const address of addresses) {
      const chosen = [...servers].filter(([network]) => this.#mayAsk(network, address)).slice(0, PEERS_ASKED)
      await Promise.all(chosen.map(([network, connection]) => this.#ask(address, network, connection)))
    }
    // A round without a new answer is no second round.
    if (this.#news) {
      this.#news = false
      this.#state = judged(this.#state, servers.size)
    }
    onChange()
  }

  async #ask(address: Multiaddr, network: string, connection: Connection): Promise<void> {
    const { clock, ask } = this.#components
    this.#askedMs.set(keyOf(network, address), clock.monotonicMs())
    const answer = await ask(connection, address, this.#stopping.signal)
    if (answer !== 'refused' && !this.#stopping.signal.aborted) {
      this.#note(address, { network, reached: answer === 'reached', atMs: clock.monotonicMs() })
    }
  }

  #note(address: Multiaddr, answer: { network: string; reached: boolean; atMs: number }): void {
    this.#state = withAnswer(this.#state, { address: address.toString(), ...answer })
    this.#news = true
  }

  /** One peer of each network, in random order. */
  #serversByNetwork(): ReadonlyMap<string, Connection> {
    const { servers, random } = this.#components
    const all = [...servers()]
    const byNetwork = new Map<string, Connection>()
    while (all.length > 0) {
      const [connection] = all.splice(random.uniform(all.length), 1)
      const network = connection === undefined ? undefined : observerNetwork(connection.remoteAddr)
      if (connection !== undefined && network !== undefined) {
        byNetwork.set(network, connection)
      }
    }
    return byNetwork
  }

  #mayAsk(network: string, address: Multiaddr): boolean {
    const askedMs = this.#askedMs.get(keyOf(network, address))
    return askedMs === undefined || this.#components.clock.monotonicMs() - askedMs >= REPEAT_MS
  }
}

function keyOf(network: string, address: Multiaddr): string {
  return `${network} ${address.toString()}`
}
