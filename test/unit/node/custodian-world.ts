import { createHash } from 'node:crypto'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { kadId, kadIdOfPeer } from '../../../src/identity/kad-id.ts'
import { type MailboxKey, mailboxPlace } from '../../../src/identity/mailbox-key.ts'
import { NodeKey } from '../../../src/identity/node-key.ts'
import { ClosestSets } from '../../../src/node/closest-sets.ts'
import { CustodianPeers } from '../../../src/node/custodian-peers.ts'
import { LetterCustody } from '../../../src/node/letter-custody.ts'
import { Replication } from '../../../src/node/replication.ts'
import { lettersTable, tombstonesTable } from '../../../src/node/tables/letters.ts'
import { MailboxClient } from '../../../src/protocol/mailbox/client.ts'
import type { DepositRequest } from '../../../src/protocol/mailbox/letter-keeper.ts'
import { compareDistance } from '../../../src/protocol/mailbox/placement.ts'
import { MailboxServer } from '../../../src/protocol/mailbox/server.ts'
import { nodeSchema } from '../../../src/schema.ts'
import { type MemoryNetwork, MemoryWorld } from '../../support/memory-network.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { depositOf, permitFor, said } from './letter-maker.ts'

export interface CustodianOptions {
  readonly store?: MemoryStore
  /** @default 64 MiB */
  readonly storageBytes?: number
  /** @default true */
  readonly speaksMailbox?: boolean
}

/** The part of a node that keeps letters for others. */
export interface CustodianNode {
  readonly name: string
  readonly peerId: string
  readonly network: MemoryNetwork
  readonly store: MemoryStore
  readonly letters: LetterCustody
  readonly replication: Replication
  readonly client: MailboxClient
  readonly logger: RecordingLogger
  /** In good order. */
  stop(): Promise<void>
}

/** Nodes with nothing but letters for others, in memory, on a virtual clock. */
export class CustodianWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly world: MemoryWorld = new MemoryWorld(this.clock, { latencyMs: 5 })
  readonly nodes: Map<string, CustodianNode> = new Map()
  readonly #random: SeededRandom
  /** Of killed nodes, whose timers must not wake the dead. */
  readonly #dead: CustodianNode[] = []

  constructor(seed: string) {
    this.#random = new SeededRandom(seed)
  }

  async add(name: string, options: CustodianOptions = {}): Promise<CustodianNode> {
    const { clock } = this
    const key = nodeKeyOf(name)
    const network = this.world.createNetwork(key.peerId)
    const store = options.store ?? new MemoryStore(nodeSchema, { clock, commitDelayMs: 2 })
    const random = this.#random.fork(name)
    const logger = new RecordingLogger(name)
    const storageBytes = options.storageBytes ?? 64 * 1024 * 1024
    const closest = new ClosestSets({ clock, network }, storageBytes > 0)
    const custodians = new CustodianPeers(clock, closest)
    const letters = new LetterCustody({ clock, store, custodians, logger }, { storageBytes })
    const client = new MailboxClient({ clock, network, logger })
    const replication = new Replication({
      clock,
      random,
      network,
      mailbox: client,
      letters,
      closest,
      custodians,
      logger,
    })
    const records = { put: async () => 'no-storage' as const, get: async () => undefined }
    const serving = { keeper: letters, sign: (bytes: Uint8Array) => key.sign(bytes), random }
    const server = new MailboxServer({ clock, network, logger }, { records, letters: serving })
    await clock.run(letters.start())
    if (options.speaksMailbox ?? true) {
      server.start()
    }
    await network.start()
    replication.start()
    const stop = async (): Promise<void> => {
      await replication.stop()
      await custodians.stop()
      await client.stop()
      await server.stop()
      await letters.stop()
      await network.stop()
    }
    const node = { name, peerId: key.peerId, network, store, letters, replication, client, logger, stop }
    this.nodes.set(name, node)
    return node
  }

  async addMany(count: number, options: CustodianOptions = {}): Promise<CustodianNode[]> {
    const nodes: CustodianNode[] = []
    for (let i = 0; i < count; i++) {
      nodes.push(await this.add(`node ${i}`, options))
    }
    return nodes
  }

  /** The nodes that run, nearest to the place of `mailbox` first. */
  nearest(mailbox: MailboxKey): CustodianNode[] {
    const target = kadId(mailboxPlace(mailbox.publicKey))
    return [...this.nodes.values()].sort((one, other) =>
      compareDistance(target, kadIdOfPeer(one.peerId), kadIdOfPeer(other.peerId)),
    )
  }

  /** Without a word, as by `kill -9` or a power failure; what it leaves is what was on its disk. */
  kill(node: CustodianNode): MemoryStore {
    this.world.kill(node.peerId)
    this.nodes.delete(node.name)
    this.#dead.push(node)
    return node.store.crash()
  }

  /** In good order. */
  async leave(node: CustodianNode): Promise<void> {
    await this.clock.run(node.stop())
    this.nodes.delete(node.name)
  }

  /** A contact deposits a letter at one node, which must take it. */
  async deposit(at: CustodianNode, mailbox: MailboxKey): Promise<DepositRequest> {
    const request = depositOf(mailbox, { permit: permitFor(mailbox) })
    const outcome = said(await this.clock.run(at.letters.deposit(request)))
    if (outcome !== 'kept') {
      throw new Error(`the deposit at ${at.name} was refused: ${outcome}`)
    }
    return request
  }

  /** Names of the nodes that have the letter on disk. */
  keepersOf(request: DepositRequest): string[] {
    return this.#having((store) => has(store, lettersTable, request))
  }

  /** Names of the nodes that know it to be acknowledged. */
  buriedAt(request: DepositRequest): string[] {
    return this.#having((store) => has(store, tombstonesTable, request))
  }

  async stop(): Promise<void> {
    for (const node of this.nodes.values()) {
      await this.clock.run(node.stop())
    }
    for (const node of this.#dead) {
      await this.clock.run(Promise.allSettled([node.replication.stop(), node.client.stop(), node.letters.stop()]))
    }
  }

  #having(predicate: (store: MemoryStore) => boolean): string[] {
    return [...this.nodes.values()].filter(({ store }) => predicate(store)).map(({ name }) => name)
  }
}

export function namesOf(nodes: readonly CustodianNode[]): string[] {
  return nodes.map(({ name }) => name)
}

function has(
  store: MemoryStore,
  table: typeof lettersTable | typeof tombstonesTable,
  { mailboxKey, letterId }: DepositRequest,
): boolean {
  const rows = store.read.list(table as typeof lettersTable)
  return rows.some(
    (row) => Buffer.compare(row.mailbox, mailboxKey) === 0 && Buffer.compare(row.letter_id, letterId) === 0,
  )
}

function nodeKeyOf(name: string): NodeKey {
  return NodeKey.fromSeed(new Uint8Array(createHash('sha256').update(`node ${name}`).digest()))
}
