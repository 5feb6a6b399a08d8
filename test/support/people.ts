import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryStore } from '../../sim/system/memory-store.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { AccountKey } from '../../src/identity/account-key.ts'
import { NodeKey } from '../../src/identity/node-key.ts'
import type { Account, AccountEvent, KabberNode } from '../../src/node/api.ts'
import { createNode } from '../../src/node/node.ts'
import { OsClock } from '../../src/os/os-clock.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { nodeSchema } from '../../src/schema.ts'
import type { Clock } from '../../src/system/clock.ts'
import type { System } from '../../src/system/system.ts'
import { type Element, element } from '../../src/xml/element.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import { loopbackNetwork } from './libp2p-world.ts'
import { MemoryWorld } from './memory-network.ts'
import { RecordingLogger } from './recording-logger.ts'
import { VirtualClock } from './virtual-clock.ts'

/** Longest wait of a play on real time; a virtual one takes its hours for free. */
const REAL_PATIENCE_MS = 30_000

/** A person with an account, a home and a node that can be started, stopped and killed. */
export interface Person {
  readonly name: string
  readonly address: string
  readonly account: Account
  readonly node: KabberNode
  /** What the running node is made of, for what is built on top of it. */
  readonly system: System
  /** All events since the node was last started. */
  readonly events: readonly AccountEvent[]
  start(): Promise<void>
  /** Leaves in good order. */
  stop(): Promise<void>
  /** Dies at once; only what was on disk stays. */
  kill(): Promise<void>
}

/** Where a play takes place. */
export interface Stage {
  person(name: string): Promise<Person>
  /** Waits for a promise, letting the time of this world pass. */
  run<Result>(promise: Promise<Result>): Promise<Result>
  /** Waits until something is true of a person, who is asked again at every event. */
  until(person: Person, predicate: () => boolean): Promise<void>
  close(): Promise<void>
}

interface Home {
  readonly system: () => Promise<System>
  readonly crash: () => Promise<void>
  readonly close: () => Promise<void>
}

class Actor implements Person {
  readonly name: string
  readonly address: string
  readonly key: AccountKey
  readonly nodeKey: NodeKey
  readonly #home: Home
  #running: { node: KabberNode; system: System; events: AccountEvent[] } | undefined

  constructor(name: string, keys: { key: AccountKey; nodeKey: NodeKey }, home: Home) {
    this.name = name
    this.key = keys.key
    this.nodeKey = keys.nodeKey
    this.address = keys.key.address
    this.#home = home
  }

  get node(): KabberNode {
    return this.#present().node
  }

  get system(): System {
    return this.#present().system
  }

  get account(): Account {
    return this.node.accounts[0]!
  }

  get events(): readonly AccountEvent[] {
    return this.#running?.events ?? []
  }

  async start(): Promise<void> {
    const system = await this.#home.system()
    const node = createNode(system, {
      node: this.nodeKey,
      accounts: [{ key: this.key, nickname: this.name }],
    })
    const events: AccountEvent[] = []
    node.accounts[0]!.subscribe((event) => events.push(event))
    this.#running = { node, system, events }
    await node.start()
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.node.stop()
  }

  async kill(): Promise<void> {
    await this.#home.crash()
    await this.stop()
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#home.close()
  }

  #present(): { node: KabberNode; system: System } {
    if (this.#running === undefined) {
      throw new Error(`${this.name} is not running`)
    }
    return this.#running
  }

  /** The same person, whose comings and goings take the time of a world. */
  on(run: Stage['run']): Person {
    const actor = this
    return {
      name: this.name,
      address: this.address,
      get account() {
        return actor.account
      },
      get node() {
        return actor.node
      },
      get system() {
        return actor.system
      },
      get events() {
        return actor.events
      },
      start: async () => await run(actor.start()),
      stop: async () => await run(actor.stop()),
      kill: async () => await run(actor.kill()),
    }
  }
}

/** A clock that shows another time of day. */
function skewed(clock: VirtualClock, aheadMs: number): Clock {
  return {
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs() + aheadMs,
    schedule: (delayMs, fn) => clock.schedule(delayMs, fn),
    sleep: async (delayMs, signal) => await clock.sleep(delayMs, signal),
    timeoutSignal: (delayMs) => clock.timeoutSignal(delayMs),
  }
}

/** A stage whose time is in the hands of the play. */
export interface VirtualStage extends Stage {
  readonly clock: VirtualClock
  readonly world: MemoryWorld
  /** A person whose wall clock may be wrong. */
  person(name: string, clockAheadMs?: number): Promise<Person>
}

/** People in one process on a virtual clock, an in-memory network and stores that lose unsynced writes. */
export function virtualStage(seed = 1): VirtualStage {
  const clock = new VirtualClock()
  const world = new MemoryWorld(clock, { latencyMs: 20 })
  const random = new SeededRandom(seed)
  const actors: Actor[] = []
  const run = async <Result>(promise: Promise<Result>): Promise<Result> => await clock.run(promise)
  return {
    clock,
    world,
    run,
    async person(name, clockAheadMs = 0) {
      const own = random.fork(name)
      const time = skewed(clock, clockAheadMs)
      const nodeKey = NodeKey.fromSeed(own.bytes(32))
      const { peerId } = nodeKey
      const key = AccountKey.fromSeed(own.bytes(32))
      let store = new MemoryStore(nodeSchema, { clock, commitDelayMs: 1 })
      let fresh = true
      const actor = new Actor(
        name,
        { key, nodeKey },
        {
          system: async () => {
            store = fresh ? store : store.reopen()
            fresh = false
            return {
              clock: time,
              random: own,
              network: world.createNetwork(peerId),
              logger: new RecordingLogger(),
              store,
            }
          },
          crash: async () => {
            world.kill(peerId)
            store = store.crash()
            fresh = true
          },
          close: async () => {},
        },
      )
      const person = actor.on(run)
      actors.push(actor)
      await person.start()
      return person
    },
    until: async (_person, predicate) => await clock.runUntil(predicate),
    async close() {
      for (const actor of actors) {
        await run(actor.close())
      }
    },
  }
}

/** People in one process with real TCP, libp2p and SQLite files on loopback. */
export function realStage(): Stage {
  const clock = new OsClock()
  const random = new OsRandom()
  const actors: Actor[] = []
  const run = async <Result>(promise: Promise<Result>): Promise<Result> => {
    const patience = clock.timeoutSignal(REAL_PATIENCE_MS)
    const { promise: late, reject } = Promise.withResolvers<never>()
    patience.addEventListener('abort', () => reject(new Error('the play takes too long')))
    return await Promise.race([promise, late])
  }
  /** A node without an account, by which the others find each other. */
  const lamp = NodeKey.fromSeed(random.bytes(32))
  const lighthouse = createNode(
    {
      clock,
      random,
      logger: new RecordingLogger(),
      network: loopbackNetwork({ privateKeySeed: lamp.seed }),
      store: new MemoryStore(nodeSchema),
    },
    { node: lamp, accounts: [] },
  )
  return {
    run,
    async person(name) {
      await lighthouse.start()
      const bootstrap = lighthouse.status().addresses.map((address) => `${address}/p2p/${lighthouse.peerId}`)
      const folder = await mkdtemp(join(tmpdir(), 'kabber-stage-'))
      const nodeKey = NodeKey.fromSeed(random.bytes(32))
      const actor = new Actor(
        name,
        { key: AccountKey.fromSeed(random.bytes(32)), nodeKey },
        {
          system: async () => ({
            clock,
            random,
            logger: new RecordingLogger(),
            network: loopbackNetwork({ privateKeySeed: nodeKey.seed, bootstrap }),
            store: openSqliteStore(join(folder, 'kabber.db'), nodeSchema),
          }),
          crash: async () => {},
          close: async () => await rm(folder, { recursive: true }),
        },
      )
      actors.push(actor)
      await actor.start()
      return actor
    },
    async until(person, predicate) {
      if (predicate()) {
        return
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      const unsubscribe = person.account.subscribe(() => predicate() && resolve())
      await run(promise).finally(unsubscribe)
    },
    async close() {
      for (const actor of actors) {
        await actor.close()
      }
      await lighthouse.stop()
    },
  }
}

/** A chat message as a client would hand it in. */
export function chat(to: Person, body: string, ...more: Element[]): Element {
  const text = element('body', NS_CLIENT, {}, [body])
  return element('message', NS_CLIENT, { to: to.address, type: 'chat' }, [text, ...more])
}

/** Bodies of the messages that `person` has received from `other`, in order. */
export function heard(person: Person, other: Person): string[] {
  const messages = person.account.history(other.address, { limit: 1_000 })
  return messages.filter((message) => message.direction === 'in').map((message) => message.body)
}

/** Two people add each other and wait until both see it. */
export async function befriend(stage: Stage, one: Person, other: Person): Promise<void> {
  const both = (person: Person, contact: Person): boolean =>
    person.account.roster().some((entry) => entry.jid === contact.address && entry.subscription === 'both')
  await stage.run(one.account.addContact(other.address))
  await stage.run(other.account.addContact(one.address))
  await stage.until(one, () => both(one, other))
  await stage.until(other, () => both(other, one))
}
