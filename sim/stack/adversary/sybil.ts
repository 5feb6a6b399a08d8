import { MemoryDatastore } from 'datastore-core'
import type { NodeKey } from '../../../src/identity/node-key.ts'
import { Libp2pNetwork } from '../../../src/os/libp2p-network.ts'
import { MailboxServer } from '../../../src/protocol/mailbox/server.ts'
import type { SimHost } from '../../network/host.ts'
import { simulatedTcp } from '../../network/simulated-tcp.ts'
import type { NodeRow } from '../../results/results.ts'
import type { Fault } from '../../scenario/scenario.ts'
import type { SeededRandom } from '../../system/seeded-random.ts'
import { silentLogger } from '../../system/silent-logger.ts'
import { SimulatedClock } from '../../time/simulated-clock.ts'
import type { VirtualTime } from '../../time/virtual-time.ts'
import { FAITHLESS_RECORDS, FaithlessCustodian } from './faithless-custodian.ts'
import { type Accomplice, lieAboutPeers } from './lying-router.ts'

const PORT = 4001

/** What a Sybil is made of. */
export interface SybilInit {
  readonly key: NodeKey
  readonly host: SimHost
  readonly random: SeededRandom
  readonly behaviour: (Fault & { readonly kind: 'sybils' })['behaviour']
  /** Multiaddrs with `/p2p/…` of honest nodes. */
  readonly bootstrap: readonly string[]
  /** All of this adversary's nodes. */
  accomplices(): readonly Accomplice[]
}

/**
 * A node of an adversary, with production's network below: it signs for letters and records and drops them. One that
 * lies names but its own kind in lookups; the others answer these as everybody does, which brings them into all tables.
 */
export class Sybil implements Accomplice {
  readonly peerId: string
  readonly address: string
  readonly #time: VirtualTime
  readonly #init: SybilInit
  readonly #network: Libp2pNetwork
  readonly #server: MailboxServer
  readonly #letters: FaithlessCustodian
  readonly #sinceMs: number

  constructor(time: VirtualTime, init: SybilInit) {
    const { host, key, random, behaviour } = init
    const clock = new SimulatedClock(time)
    this.#time = time
    this.#init = init
    this.#sinceMs = time.now()
    this.peerId = key.peerId
    this.address = `/ip4/${host.addresses[0]}/tcp/${PORT}`
    this.#network = new Libp2pNetwork(
      { clock, random: random.fork('network'), logger: silentLogger, datastore: new MemoryDatastore() },
      {
        privateKeySeed: key.seed,
        listen: [this.address],
        announce: [this.address],
        bootstrap: init.bootstrap,
        mdns: false,
        dhtMode: behaviour === 'lie' ? 'client' : 'server',
        tcp: simulatedTcp(host),
        reach: { mapPorts: false, watchInterfaces: false, autonat: false, relays: 0, punch: false, serveOthers: 'off' },
      },
    )
    this.#letters = new FaithlessCustodian(clock)
    this.#server = new MailboxServer(
      { clock, network: this.#network, logger: silentLogger },
      { records: FAITHLESS_RECORDS, letters: { keeper: this.#letters, sign: (bytes) => key.sign(bytes), random } },
    )
  }

  get connectedPeers(): number {
    return this.#network.connectedPeers().length
  }

  /** Letters it signed for or took over from others. */
  get lettersDropped(): number {
    return this.#letters.accepted
  }

  async start(): Promise<void> {
    this.#server.start()
    await this.#network.start()
    if (this.#init.behaviour === 'lie') {
      // Not sooner: a client of the DHT gives the protocol up when it starts.
      lieAboutPeers(this.#network, () => this.#init.accomplices())
    }
  }

  /** `node`: its number after all honest ones. */
  row(node: number): NodeRow {
    const { host } = this.#init
    return {
      node,
      class: 'sybil',
      nat: host.label,
      uptime_ms: Math.round(this.#time.now() - this.#sinceMs),
      sessions: 1,
      bytes_sent: host.counters.bytesSent,
      bytes_received: host.counters.bytesReceived,
      letters_kept: 0,
    }
  }
}
