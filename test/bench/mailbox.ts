/**
 * What letters cost the people who write and read them: 30 nodes that keep letters in five processes on loopback, and three
 * senders and a recipient in this one. Printed beside OpenDHT's put and get of the same size when `dhtnode` is installed.
 *
 *     node test/bench/mailbox.ts
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { AccountKey } from '../../src/identity/account-key.ts'
import { NodeKey } from '../../src/identity/node-key.ts'
import type { Account, AccountEvent, KabberNode } from '../../src/node/api.ts'
import { LetterCustodians } from '../../src/node/letter-custodians.ts'
import { createNode } from '../../src/node/node.ts'
import { openSystem } from '../../src/os/open-system.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { nodeSchema } from '../../src/schema.ts'
import type { System } from '../../src/system/system.ts'
import { element } from '../../src/xml/element.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import { measureOpenDht } from './opendht.ts'

const GROUPS = 5
const NODES_PER_GROUP = 6
const SENDERS = 3
/** Some below what a mailbox holds, for what nodes tell each other besides. */
const LETTERS = 490
/** Of these deposited one after the other; all of one sender, so fewer than a permit allows. */
const DEPOSITED_ALONE = 120
const LOOKUPS = 60
const BODY_BYTES = 1_024
const LIMIT_MS = 85_000
const NODES_PROGRAM = fileURLToPath(new URL('../support/lasting-nodes.ts', import.meta.url))

const random = new OsRandom()
const folder = mkdtempSync(join(tmpdir(), 'kabber-bench-'))
const groups: ChildProcess[] = []
const running = new Set<Person>()

async function startGroup(index: number, bootstrap: readonly string[]): Promise<readonly string[]> {
  const args = [NODES_PROGRAM, join(folder, `group-${index}`), String(NODES_PER_GROUP), ...bootstrap]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  groups.push(child)
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    if (text.includes('\n')) {
      break
    }
  }
  return (JSON.parse(text) as { addresses: string[] }).addresses
}

/** Somebody whose node keeps nothing for others, so that what is measured is theirs. */
class Person {
  readonly #name: string
  readonly #bootstrap: readonly string[]
  readonly #node = NodeKey.fromSeed(random.bytes(32))
  readonly #key = AccountKey.fromSeed(random.bytes(32))
  #running: { readonly node: KabberNode; readonly system: System } | undefined

  constructor(name: string, bootstrap: readonly string[]) {
    this.#name = name
    this.#bootstrap = bootstrap
  }

  get address(): string {
    return this.#key.address
  }

  get account(): Account {
    return this.#running?.node.accounts[0] as Account
  }

  get system(): System {
    return this.#running?.system as System
  }

  async start(onEvent: (event: AccountEvent) => void = () => {}): Promise<void> {
    const store = openSqliteStore(join(folder, `${this.#name}.sqlite`), nodeSchema)
    const system = openSystem(store, {
      nodeSeed: this.#node.seed,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: this.#bootstrap,
      mdns: false,
      dhtMode: 'client',
      logLevel: 'silent',
    })
    const accounts = [{ key: this.#key, nickname: undefined }]
    const node = createNode(system, { node: this.#node, accounts, storageBytes: 0 })
    this.#running = { node, system }
    running.add(this)
    this.account.subscribe(onEvent)
    await node.start()
  }

  async stop(): Promise<void> {
    running.delete(this)
    await this.#running?.node.stop()
  }

  isContactOf(other: Person): boolean {
    return other.account.roster().some(({ jid, subscription }) => jid === this.address && subscription === 'both')
  }
}

async function until(what: string, predicate: () => boolean): Promise<void> {
  const endMs = performance.now() + LIMIT_MS
  while (!predicate()) {
    if (performance.now() > endMs) {
      throw new Error(`waited in vain: ${what}`)
    }
    await pause(5)
  }
}

/** Each sender has what it needs to seal letters for the recipient and to leave them with its permit. */
async function befriend(senders: readonly Person[], recipient: Person): Promise<void> {
  for (const sender of senders) {
    await sender.account.addContact(recipient.address)
    await recipient.account.addContact(sender.address)
  }
  await until('contacts', () =>
    senders.every((sender) => sender.isContactOf(recipient) && recipient.isContactOf(sender)),
  )
  // Keys and permits follow the subscriptions.
  await pause(3_000)
}

function letterTo(recipient: Person): ReturnType<typeof element> {
  const body = element('body', NS_CLIENT, {}, ['a'.repeat(BODY_BYTES)])
  return element('message', NS_CLIENT, { to: recipient.address, type: 'chat' }, [body])
}

/** One message after the other, from `send` until so many custodians have signed for it. */
async function depositAlone(
  sender: Person,
  recipient: Person,
): Promise<{ stored: number[]; all: number[]; of: number }> {
  const receipts = new Map<string, number>()
  const [stored, all]: [number[], number[]] = [[], []]
  let of = 0
  let changed = Promise.withResolvers<void>()
  const unsubscribe = sender.account.subscribe((event) => {
    if (event.type === 'message-state' && event.state === 'stored') {
      receipts.set(event.id, event.receipts ?? 0)
      of = event.of ?? of
      changed.resolve()
    }
  })
  for (let count = 0; count < DEPOSITED_ALONE; count++) {
    const startMs = performance.now()
    const { id } = await sender.account.send(letterTo(recipient))
    let isStored = false
    while ((receipts.get(id) ?? 0) < of || of === 0) {
      changed = Promise.withResolvers<void>()
      await changed.promise
      if (!isStored && receipts.has(id)) {
        isStored = true
        stored.push(performance.now() - startMs)
      }
    }
    all.push(performance.now() - startMs)
  }
  unsubscribe()
  return { stored, all, of }
}

/** The rest of the letters, as fast as they go; letters a second. */
async function depositRest(senders: readonly Person[], recipient: Person): Promise<{ letters: number; ms: number }> {
  const startMs = performance.now()
  const letters = LETTERS - DEPOSITED_ALONE
  const ids: { readonly sender: Person; readonly id: string }[] = []
  for (let count = 0; count < letters; count++) {
    const sender = senders[count % senders.length] as Person
    ids.push({ sender, id: (await sender.account.send(letterTo(recipient))).id })
  }
  const isStored = ({ sender, id }: (typeof ids)[number]): boolean =>
    sender.account.messageState(recipient.address, id) === 'stored'
  await until('letters stored', () => ids.every(isStored))
  return { letters, ms: performance.now() - startMs }
}

async function lookUp({ system }: Person): Promise<number[]> {
  const times: number[] = []
  const { signal } = new AbortController()
  for (let count = 0; count < LOOKUPS; count++) {
    // A mailbox key nobody has asked for: nothing is remembered of it.
    const key = NodeKey.fromSeed(random.bytes(32)).publicKey
    const custodians = new LetterCustodians(system, false)
    const startMs = performance.now()
    await custodians.find(key, signal)
    times.push(performance.now() - startMs)
    await custodians.stop()
  }
  return times
}

/** The recipient returns when all senders are gone. */
async function collect(recipient: Person): Promise<void> {
  const times: number[] = []
  const all = Promise.withResolvers<void>()
  const startMs = performance.now()
  await recipient.start((event) => {
    if (event.type === 'message' && event.message.direction === 'in') {
      times.push(performance.now())
      if (times.length === LETTERS) {
        all.resolve()
      }
    }
  })
  const startedMs = performance.now()
  await all.promise
  const last = times.at(-1) ?? 0
  const seconds = (fromMs: number): string => ((last - fromMs) / 1_000).toFixed(2)
  const parts = `from starting the node ${seconds(startMs)} s, of that its start ${((startedMs - startMs) / 1_000).toFixed(2)} s`
  console.log(
    `collecting, opening and storing ${LETTERS} letters     ${seconds(times[0] ?? 0)} s   (${parts})   limit 2 s`,
  )
}

function print(what: string, times: readonly number[], limit = ''): void {
  const sorted = Float64Array.from(times).sort()
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1).padStart(7)
  console.log(`${what.padEnd(48)} p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  ${limit}`)
}

async function main(): Promise<void> {
  const addresses = [...(await startGroup(0, []))]
  const others = Array.from({ length: GROUPS - 1 }, (_, index) => startGroup(index + 1, addresses.slice(0, 2)))
  addresses.push(...(await Promise.all(others)).flat())
  console.log(`${addresses.length} nodes in ${GROUPS} processes, message of ${BODY_BYTES} bytes`)
  const senders = Array.from(
    { length: SENDERS },
    (_, index) => new Person(`sender-${index}`, addresses.slice(index, 7)),
  )
  const recipient = new Person('recipient', addresses.slice(7, 10))
  for (const person of [...senders, recipient]) {
    await person.start()
  }
  await befriend(senders, recipient)
  await recipient.stop()
  const [sender] = senders as [Person]
  const { stored, all, of } = await depositAlone(sender, recipient)
  print(`deposit, until ${of} of ${of} custodians have signed`, all, 'limit 60 / 250 ms')
  print('deposit, until it is stored', stored)
  print('lookup of custodians', await lookUp(sender), 'limit 25 ms (p50)')
  const rest = await depositRest(senders, recipient)
  const rate = Math.round((1_000 * rest.letters) / rest.ms)
  console.log(`deposit of ${rest.letters} letters by ${SENDERS} senders at once: ${rate} letters a second`)
  await Promise.all(senders.map((person) => person.stop()))
  await collect(recipient)
}

try {
  const late = pause(LIMIT_MS, undefined, { ref: false }).then(() => {
    throw new Error(`not finished after ${LIMIT_MS / 1_000} s`)
  })
  await Promise.race([main(), late])
} finally {
  await Promise.allSettled([...running].map((person) => person.stop()))
  for (const group of groups) {
    group.kill('SIGKILL')
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
await measureOpenDht(BODY_BYTES)
