import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addContact, listContacts } from '../../cli/client/contacts.ts'
import { NodeClient } from '../../cli/client/node-client.ts'
import { nodeStatus } from '../../cli/client/node-status.ts'
import { Outgoing } from '../../cli/client/outgoing.ts'
import { findHome } from '../../cli/find-home.ts'
import type { NodeStatus } from '../../src/index.ts'
import { type AfterHooks, kabberJson, RunningKabber, type Surroundings } from '../support/kabber-process.ts'
import { commandIn, type LabHost } from './internet.ts'
import { until } from './wait.ts'

/** Where every node of the laboratory listens, so that one sees which connections were dialled. */
export const LISTEN_PORT = 4_001
/** Time for a node to find out how others reach it. */
const KNOWN_LIMIT_MS = 15_000
/** Of /proc/PID/stat, counted from the state that follows the name (proc(5): utime). */
const USER_TICKS_FIELD = 11
/** sysconf(_SC_CLK_TCK) is 100 on Linux. */
const TICK_MS = 10
const LISTEN = `/ip4/0.0.0.0/tcp/${LISTEN_PORT}`

/** A person's node, a production process on a host of the laboratory, and a client of it. */
export class LabNode {
  readonly host: LabHost
  readonly home: string
  readonly #hooks: AfterHooks
  readonly #bootstrap: readonly string[]
  #process: RunningKabber | undefined
  #client: NodeClient | undefined
  #outgoing: Outgoing | undefined
  #address = ''

  constructor(
    hooks: AfterHooks,
    host: LabHost,
    options: { readonly folder: string; readonly bootstrap: readonly string[] },
  ) {
    this.#hooks = hooks
    this.host = host
    this.home = join(options.folder, host.name)
    this.#bootstrap = options.bootstrap
  }

  /** The address of its account. */
  get address(): string {
    return this.#address
  }

  get client(): NodeClient {
    return running(this.#client)
  }

  get outgoing(): Outgoing {
    return running(this.#outgoing)
  }

  get process(): RunningKabber {
    return running(this.#process)
  }

  async init(): Promise<void> {
    await kabberJson(this.home, 'init')
  }

  /** Starts it and gives how long it took until it was ready, milliseconds. */
  async start(surroundings: Surroundings = {}, ...args: readonly string[]): Promise<number> {
    const startMs = performance.now()
    this.#process = startOn(this.#hooks, this.host, this.home, surroundings, [
      'start',
      ...['--no-mdns', '--no-xmpp', '--no-web'],
      ...this.#bootstrap.flatMap((address) => ['--bootstrap', address]),
      ...args,
    ])
    const ready = await this.#process.line(({ event }) => event === 'ready')
    this.#address = String(ready.address)
    const tookMs = performance.now() - startMs
    // A socket in the file system is the same in every namespace.
    this.#client = await NodeClient.connect(findHome({ home: this.home }))
    this.#outgoing = await Outgoing.open(this.#client)
    return tookMs
  }

  /** CPU time that its process has taken, milliseconds: what a loaded machine does not change. */
  cpuMs(): number {
    const [, fields = ''] = readFileSync(`/proc/${this.process.pid}/stat`, 'utf8').split(') ')
    const [userTicks, systemTicks] = fields.split(' ').slice(USER_TICKS_FIELD, USER_TICKS_FIELD + 2)
    return (Number(userTicks) + Number(systemTicks)) * TICK_MS
  }

  get isRunning(): boolean {
    return this.#process !== undefined
  }

  /** Waits until it knows how others reach it, or cannot find out. */
  async known(): Promise<void> {
    await until(KNOWN_LIMIT_MS, async () => {
      const { reachability, portMapping, relays, relayRefusal } = (await this.status()).reach
      const isServed = relays.length > 0 || relayRefusal === 'full' || relayRefusal === 'refused'
      return (
        portMapping.state !== 'searching' && (reachability === 'public' || (reachability === 'private' && isServed))
      )
    })
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#client?.close()
    await this.#process?.end(signal)
  }

  async status(): Promise<NodeStatus> {
    return await nodeStatus(this.client)
  }

  /** How stanzas get to an account now; undefined: not at all. */
  async path(address: string): Promise<'direct' | 'relayed' | undefined> {
    const { accounts } = await this.status()
    return accounts[0]?.links.find(({ contact }) => contact === address)?.path
  }

  /** Adds somebody by the address alone. */
  async add(address: string): Promise<void> {
    await addContact(this.client, { address, hints: [] })
  }

  /** Whether this account and a contact let each other see when they are there. */
  async isFriendOf(address: string): Promise<boolean> {
    const contacts = await listContacts(this.client)
    return contacts.some((contact) => contact.address === address && contact.subscription === 'both')
  }
}

/** A relay, a production process on a public host. */
export class LabRelay {
  readonly host: LabHost
  readonly home: string
  readonly #hooks: AfterHooks
  readonly #args: readonly string[]
  #process: RunningKabber | undefined
  #addresses: readonly string[] = []

  constructor(hooks: AfterHooks, host: LabHost, folder: string, args: readonly string[] = []) {
    this.#hooks = hooks
    this.host = host
    this.home = join(folder, host.name)
    this.#args = args
  }

  /** What others join through. */
  get bootstrap(): readonly string[] {
    return this.#addresses.filter((address) => address.includes(this.host.address))
  }

  get process(): RunningKabber {
    return running(this.#process)
  }

  async start(): Promise<void> {
    this.#process = startOn(this.#hooks, this.host, this.home, {}, [
      'relay',
      '--no-metrics',
      ...['--announce', `/ip4/${this.host.address}/tcp/${LISTEN_PORT}`],
      ...this.#args,
    ])
    const ready = await this.#process.line(({ event }) => event === 'ready')
    this.#addresses = ready.addresses as readonly string[]
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    await this.#process?.end(signal)
  }
}

function startOn(
  hooks: AfterHooks,
  host: LabHost,
  home: string,
  { through = [], env = {} }: Surroundings,
  [command = '', ...args]: readonly string[],
): RunningKabber {
  const log = process.env.NATLAB_LOG
  return new RunningKabber(
    hooks,
    ['--json', '--home', home, command, '--listen', LISTEN, ...(log ? ['--log-level', log] : []), ...args],
    { through: [...commandIn(host.name), ...through], env },
  )
}

function running<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw new Error('the node was not started')
  }
  return value
}
