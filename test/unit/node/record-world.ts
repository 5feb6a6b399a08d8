import { createHash } from 'node:crypto'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { AccountKey } from '../../../src/identity/account-key.ts'
import { RECORD_VALIDITY_MS, signAccountRecord } from '../../../src/identity/account-record.ts'
import type { RecordBody } from '../../../src/identity/account-record-message.ts'
import { NodeKey } from '../../../src/identity/node-key.ts'
import { Custody } from '../../../src/node/custody.ts'
import { Directory, type DirectoryInit } from '../../../src/node/directory.ts'
import { MailboxClient } from '../../../src/protocol/mailbox/client.ts'
import type { RecordKeeper } from '../../../src/protocol/mailbox/record-keeper.ts'
import { MailboxServer } from '../../../src/protocol/mailbox/server.ts'
import { nodeSchema } from '../../../src/schema.ts'
import { type MemoryNetwork, MemoryWorld } from '../../support/memory-network.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS: number = 24 * HOUR_MS

/** 32 bytes that follow from a name. */
function seedOf(name: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(name).digest())
}

export function accountOf(name: string): AccountKey {
  return AccountKey.fromSeed(seedOf(`account ${name}`))
}

export function peerIdOf(name: string): string {
  return NodeKey.fromSeed(seedOf(`node ${name}`)).peerId
}

/** A signed record as any device of the account could make it. */
export function recordOf(
  key: AccountKey,
  issuedMs: number,
  body: Partial<Omit<RecordBody, 'publicKey'>> = {},
): Uint8Array {
  return signAccountRecord(key, {
    sequence: 1,
    issuedMs,
    expiresMs: (body.issuedMs ?? issuedMs) + RECORD_VALIDITY_MS,
    nodes: [],
    mailboxKeys: [],
    ...body,
  })
}

/** The part of a node that keeps and finds account records. */
export interface RecordNode {
  readonly name: string
  readonly network: MemoryNetwork
  readonly store: MemoryStore
  readonly custody: Custody
  readonly mailbox: MailboxClient
  readonly directory: Directory
  /** Refusals and violations by reason. */
  readonly refused: Map<string, number>
  stop(): Promise<void>
}

export interface RecordNodeOptions {
  readonly store?: MemoryStore
  readonly keepsStorage?: boolean
  /** What its accounts' records say for those who seal letters. */
  readonly partOf?: DirectoryInit['partOf']
  /** Answers in place of its custody. */
  readonly keeper?: (custody: Custody) => RecordKeeper
}

/** Nodes with nothing but account records, in memory, on a virtual clock. */
export class RecordWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly world: MemoryWorld
  readonly nodes: RecordNode[] = []
  readonly #random: SeededRandom

  constructor(seed: string) {
    this.#random = new SeededRandom(seed)
    this.world = new MemoryWorld(this.clock)
  }

  async add(name: string, options: RecordNodeOptions = {}): Promise<RecordNode> {
    const { clock } = this
    const network = this.world.createNetwork(peerIdOf(name))
    const store = options.store ?? new MemoryStore(nodeSchema, { clock })
    const random = this.#random.fork(name)
    const logger = new RecordingLogger(name)
    const refused = new Map<string, number>()
    const onRefused = (reason: string): void => {
      refused.set(reason, (refused.get(reason) ?? 0) + 1)
    }
    const onViolation = (_peerId: string, reason: string): void => onRefused(`violation: ${reason}`)
    const { keepsStorage = true, partOf } = options
    const custody = new Custody({ clock, store, network, logger }, { keepsStorage, onRefused })
    const mailbox = new MailboxClient({ clock, network, logger }, { onViolation })
    const records = options.keeper?.(custody) ?? custody
    const server = new MailboxServer({ clock, network, logger }, { records, onViolation })
    const directory = new Directory(
      { clock, random, network, store, logger, mailbox },
      { custody, onRefused, ...(partOf && { partOf }) },
    )
    server.start()
    await network.start()
    custody.start()
    directory.start()
    const stop = async (): Promise<void> => {
      await directory.stop()
      await mailbox.stop()
      await server.stop()
      await custody.stop()
      await network.stop()
    }
    const node = { name, network, store, custody, mailbox, directory, refused, stop }
    this.nodes.push(node)
    return node
  }

  async addMany(count: number, options: RecordNodeOptions = {}): Promise<RecordNode[]> {
    const nodes: RecordNode[] = []
    for (let i = 0; i < count; i++) {
      nodes.push(await this.add(`custodian ${i}`, options))
    }
    return nodes
  }

  /** How many nodes keep a record of the account, and of which sequences. */
  async keepers(key: AccountKey): Promise<RecordNode[]> {
    const kept = await Promise.all(this.nodes.map((node) => node.custody.get(key.publicKey, node.network.peerId)))
    return this.nodes.filter((_, index) => kept[index] instanceof Uint8Array)
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) {
      await this.clock.run(node.stop())
    }
  }
}

export const never: AbortSignal = new AbortController().signal
