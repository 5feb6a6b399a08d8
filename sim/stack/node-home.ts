import type { AccountKey } from '../../src/identity/account-key.ts'
import { NodeKey } from '../../src/identity/node-key.ts'
import type { KabberNode } from '../../src/node/api.ts'
import { createNode } from '../../src/node/node.ts'
import { Libp2pNetwork } from '../../src/os/libp2p-network.ts'
import { nodeSchema } from '../../src/schema.ts'
import { nobleMlKem } from '../../src/sealing/noble-ml-kem.ts'
import { xwing } from '../../src/sealing/xwing.ts'
import type { Store } from '../../src/system/store.ts'
import type { SimHost } from '../network/host.ts'
import { simulatedTcp } from '../network/simulated-tcp.ts'
import type { NodeClass } from '../scenario/scenario.ts'
import { COMMIT_DELAY_MS } from '../system/disk.ts'
import { SimulatedDatastore } from '../system/memory-datastore.ts'
import { MemoryStore } from '../system/memory-store.ts'
import type { SeededRandom } from '../system/seeded-random.ts'
import { silentLogger } from '../system/silent-logger.ts'
import { SimulatedClock } from '../time/simulated-clock.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { letterLogger } from './letter-logger.ts'
import { reachOptions } from './reach-options.ts'

/** Of every node; what is behind a NAT is seen elsewhere. */
const PORT = 4001
/** A port that a router maps on request stays mapped, as it would by renewals. */
const PORT_MAPPING_MS: number = 400 * 24 * 3_600_000

/** Native ML-KEM draws from OpenSSL, which cannot be seeded. */
const kem: ReturnType<typeof xwing> = xwing(nobleMlKem)

/** A node that is switched on. */
export interface RunningNode {
  readonly node: KabberNode
  readonly network: Libp2pNetwork
  readonly store: MemoryStore
  /** Settles when the node is up, or has failed to come up. */
  readonly started: Promise<void>
}

/** What happens to a node, for those who keep books. */
export interface HomeEvents {
  /** Its accounts can be subscribed to; it is starting. */
  starting(home: NodeHome, running: RunningNode): void
  started(home: NodeHome): void
  /** The power is about to fail; what is returned is called with the disk that is left. */
  crashing(home: NodeHome, store: MemoryStore): (disk: MemoryStore) => void
  diskLost(home: NodeHome): void
  failed(home: NodeHome, what: string): void
  /** What was in a letter is about to be stored. */
  letterHandedIn(home: NodeHome, id: string): void
}

/** A bug for a checker to catch. */
export interface PlantedBug {
  /** What the node sees of its store. */
  readonly wrapStore: (store: MemoryStore, home: NodeHome) => Store
  /** In place of a good disk's. */
  readonly commitDelayMs: number
}

export interface NodeHomeInit {
  readonly index: number
  readonly nodeClass: NodeClass
  readonly host: SimHost
  readonly random: SeededRandom
  /** The account of the person who lives here. */
  readonly account: AccountKey | undefined
  /** Multiaddrs with `/p2p/…` of nodes that are up, for one that comes. */
  bootstrap(home: NodeHome): readonly string[]
  /** Whether the scenario has nodes behind boxes, who need others as relays. */
  readonly isAnyoneBehindNat: boolean
  readonly plantedBug: PlantedBug | undefined
  readonly events: HomeEvents
}

/** A place in the network where one production node lives, comes and goes, with its keys and its disk. */
export class NodeHome {
  readonly index: number
  readonly nodeClass: NodeClass
  readonly peerId: string
  readonly account: AccountKey | undefined
  readonly host: SimHost
  readonly #time: VirtualTime
  readonly #init: NodeHomeInit
  readonly #key: NodeKey
  readonly #clock: SimulatedClock
  #store: MemoryStore | undefined
  #datastore = new SimulatedDatastore()
  #running: RunningNode | undefined
  /** What ran here before, while it ends. */
  #ending: Promise<void> | undefined
  #isUp = false
  #sessions = 0
  #upSinceMs = 0
  #uptimeMs = 0

  constructor(time: VirtualTime, init: NodeHomeInit) {
    this.index = init.index
    this.nodeClass = init.nodeClass
    this.account = init.account
    this.#time = time
    this.host = init.host
    this.#init = init
    this.#clock = new SimulatedClock(time)
    this.#key = NodeKey.fromSeed(init.random.fork('key').bytes(32))
    this.peerId = this.#key.peerId
  }

  /** The node while it is switched on and does not leave. */
  get running(): RunningNode | undefined {
    return this.#running
  }

  /** Whether its start is over and it neither leaves nor is gone. */
  get isUp(): boolean {
    return this.#isUp
  }

  get sessions(): number {
    return this.#sessions
  }

  get uptimeMs(): number {
    return this.#uptimeMs + (this.#running === undefined ? 0 : this.#time.now() - this.#upSinceMs)
  }

  /** Where strangers may dial it; empty behind a NAT. */
  get publicAddresses(): readonly string[] {
    return this.nodeClass.nat.length === 0 ? this.#addresses() : []
  }

  /** Switches the node on if it is `wanted` still when what ran before has ended; with an empty disk unless `disk`. */
  async join(disk: boolean, wanted: () => boolean = () => true): Promise<void> {
    await this.#ending
    if (this.#running !== undefined || !wanted()) {
      return
    }
    this.host.restart()
    if (!disk && this.#store !== undefined) {
      this.#store = undefined
      this.#datastore = new SimulatedDatastore()
      this.#init.events.diskLost(this)
    }
    const running = this.#switchOn()
    this.#running = running
    this.#sessions += 1
    this.#upSinceMs = this.#time.now()
    this.#init.events.starting(this, running)
    try {
      await running.started
    } catch (error) {
      if (this.#running === running) {
        this.#init.events.failed(this, `node ${this.index} did not start: ${String(error)}`)
      }
    }
    if (this.#running === running) {
      this.#isUp = true
      this.#init.events.started(this)
    }
  }

  /** Leaves in good order; resolves when it is off. */
  async leave(): Promise<void> {
    const running = this.#switchOff()
    if (running !== undefined) {
      this.#ending = this.#stop(running)
    }
    await this.#ending
  }

  /** The power fails. What was not on disk is lost. */
  crash(): void {
    const running = this.#switchOff()
    if (running === undefined) {
      return
    }
    this.host.crash('power')
    const check = this.#init.events.crashing(this, running.store)
    this.#store = running.store.crash()
    check(this.#store)
    // What is left of the program ends in a world without network and disk.
    const over = (): void => {
      this.#ending = undefined
    }
    this.#ending = running.node.stop().then(over, over)
  }

  #switchOff(): RunningNode | undefined {
    const running = this.#running
    this.#running = undefined
    this.#isUp = false
    if (running !== undefined) {
      this.#uptimeMs += this.#time.now() - this.#upSinceMs
    }
    return running
  }

  async #stop(running: RunningNode): Promise<void> {
    try {
      await running.node.stop()
    } catch (error) {
      this.#init.events.failed(this, `node ${this.index} did not stop: ${String(error)}`)
    }
    this.host.crash('power')
    this.#store = running.store.reopen()
    this.#ending = undefined
  }

  #addresses(): string[] {
    return this.host.addresses.map((address) => `/${address.includes(':') ? 'ip6' : 'ip4'}/${address}/tcp/${PORT}`)
  }

  #newDisk(): MemoryStore {
    const commitDelayMs = this.#init.plantedBug?.commitDelayMs ?? COMMIT_DELAY_MS
    return new MemoryStore(nodeSchema, { clock: this.#clock, commitDelayMs })
  }

  #switchOn(): RunningNode {
    const { nodeClass, random: own, bootstrap, plantedBug } = this.#init
    const random = own.fork(`life/${this.#sessions}`)
    const store = this.#store ?? this.#newDisk()
    this.#store = store
    // What UPnP would have asked for; a box that maps no ports does nothing.
    this.host.mapPort('tcp', PORT, PORT_MAPPING_MS)
    const network = new Libp2pNetwork(
      { clock: this.#clock, random: random.fork('network'), logger: silentLogger, datastore: this.#datastore },
      {
        privateKeySeed: this.#key.seed,
        listen: this.#addresses(),
        announce: this.publicAddresses,
        bootstrap: bootstrap(this),
        mdns: false,
        tcp: simulatedTcp(this.host),
        ...reachOptions(nodeClass, this.#init.isAnyoneBehindNat),
      },
    )
    const logger = letterLogger((id) => this.#init.events.letterHandedIn(this, id))
    const node = createNode(
      { clock: this.#clock, random, network, store: plantedBug?.wrapStore(store, this) ?? store, logger },
      {
        node: this.#key,
        accounts: this.account === undefined ? [] : [{ key: this.account, nickname: undefined }],
        storageBytes: nodeClass.storageBytes,
        kem,
      },
    )
    return { node, network, store, started: startSoon(node) }
  }
}

/** Starts after those who keep books have subscribed. */
async function startSoon(node: KabberNode): Promise<void> {
  await Promise.resolve()
  await node.start()
}
