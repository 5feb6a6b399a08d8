/**
 * What the keepers of letters hold and what goes over the wire to them: neither account's key nor the text may be in it,
 * in any usual form. Twelve production nodes in this process on loopback; Alice writes to Bob, who is away and returns.
 * Account records are excepted: custodians keep them under the account's key by design (docs/privacy.md).
 * Run: node test/fault/privacy-grep.ts
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { AccountKey } from '../../src/identity/account-key.ts'
import { NodeKey } from '../../src/identity/node-key.ts'
import type { Account, KabberNode } from '../../src/node/api.ts'
import { createNode } from '../../src/node/node.ts'
import { openSystem } from '../../src/os/open-system.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { decodeAnswer, decodeRequest } from '../../src/protocol/mailbox/messages.ts'
import { MAILBOX_PROTOCOL } from '../../src/protocol/mailbox/protocol.ts'
import { nodeSchema } from '../../src/schema.ts'
import { element } from '../../src/xml/element.ts'
import { NS_CLIENT } from '../../src/xmpp/namespaces.ts'
import { type AfterHooks, temporaryFolder } from '../support/kabber-process.ts'
import { foundIn, type Needle, needlesOf } from '../support/needle.ts'
import { type RecordedStream, recordingNetwork } from '../support/recording-network.ts'
import { runStandalone } from '../support/standalone.ts'

const STRANGERS = 10
const MESSAGES = 20
const TEXT = 'Meet me at the old observatory, half past nine'
const LIMIT_MS = 120_000
/** What any single wait may take. */
const PATIENCE_MS = 30_000
/** The verbs and answers about account records, which name the account by design. */
const RECORD_FIELDS = ['putRecord', 'getRecord', 'found']
const RECORD_TABLE = 'account_records'

const random = new OsRandom()
const streams: RecordedStream[] = []

interface Home {
  readonly folder: string
  readonly node: NodeKey
  readonly key: AccountKey | undefined
  readonly name: string | undefined
}

function newHome(folder: string, name?: string): Home {
  const key = name === undefined ? undefined : AccountKey.fromSeed(random.bytes(32))
  return { folder, node: NodeKey.fromSeed(random.bytes(32)), key, name }
}

async function startNode(hooks: AfterHooks, home: Home, bootstrap: readonly string[]): Promise<KabberNode> {
  const system = openSystem(openSqliteStore(join(home.folder, 'kabber.sqlite'), nodeSchema), {
    nodeSeed: home.node.seed,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap,
    mdns: false,
    logLevel: 'error',
  })
  const network = recordingNetwork(system.network, MAILBOX_PROTOCOL, streams)
  const accounts = home.key === undefined ? [] : [{ key: home.key, nickname: home.name }]
  const node = createNode({ ...system, network }, { node: home.node, accounts })
  hooks.after(() => node.stop())
  await node.start()
  return node
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  while (!holds()) {
    if (performance.now() > endMs) {
      throw new Error(`waited in vain for ${what}`)
    }
    await pause(20)
  }
}

async function befriend(one: Account, other: Account): Promise<void> {
  await one.addContact(other.address)
  await until('a request', () => other.roster().some((entry) => entry.pendingIn))
  await other.acceptContact(one.address)
  const both = (account: Account): boolean => account.roster().some((entry) => entry.subscription === 'both')
  await until('the two to be contacts', () => both(one) && both(other))
}

async function write(from: Account, to: string): Promise<void> {
  const stored = new Set<string>()
  const unsubscribe = from.subscribe((event) => {
    if (event.type === 'message-state' && event.state === 'stored') {
      stored.add(event.id)
    }
  })
  for (let index = 0; index < MESSAGES; index++) {
    const body = element('body', NS_CLIENT, {}, [`${TEXT} (${index})`])
    await from.send(element('message', NS_CLIENT, { to, type: 'chat' }, [body]))
  }
  await until('all messages to be stored', () => stored.size === MESSAGES)
  unsubscribe()
}

/** The values of a copied database, by table, in a form that can be searched; and the files themselves. */
function readHome(home: Home, copy: string): { tables: ReadonlyMap<string, Uint8Array>; files: Uint8Array } {
  mkdirSync(copy, { recursive: true })
  const names = ['kabber.sqlite', 'kabber.sqlite-wal'].filter((name) => existsSync(join(home.folder, name)))
  for (const name of names) {
    copyFileSync(join(home.folder, name), join(copy, name))
  }
  const files = Buffer.concat(names.map((name) => readFileSync(join(copy, name))))
  const database = new DatabaseSync(join(copy, 'kabber.sqlite'))
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]
  const contents = tables.map(({ name }): [string, Uint8Array] => {
    const rows = database.prepare(`SELECT * FROM "${name}"`).all()
    const values = rows.flatMap((row) => Object.values(row))
    return [name, Buffer.concat(values.flatMap((value) => [bytesOf(value), Buffer.from([0xff])]))]
  })
  database.close()
  return { tables: new Map(contents), files }
}

function bytesOf(value: unknown): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value))
}

/** What the strangers' disks tell, letters and all the rest save account records. */
function searchHomes(homes: readonly Home[], copy: string, keys: readonly Needle[], text: readonly Needle[]): Findings {
  const found: string[] = []
  let [letterBytes, recordsWithKeys] = [0, 0]
  for (const home of homes) {
    const { tables, files } = readHome(home, join(copy, String(homes.indexOf(home))))
    found.push(...foundIn(files, text))
    for (const [table, contents] of tables) {
      const hits = foundIn(contents, [...keys, ...text])
      recordsWithKeys += table === RECORD_TABLE ? hits.length : 0
      found.push(...(table === RECORD_TABLE ? [] : hits.map((hit) => `${table}: ${hit}`)))
    }
    letterBytes += tables.get('letter_bytes')?.length ?? 0
  }
  return { found, letterBytes, recordsWithKeys }
}

interface Findings {
  readonly found: readonly string[]
  readonly letterBytes: number
  /** That the search can find a key where there is one. */
  readonly recordsWithKeys: number
}

function framesOf(chunks: readonly Uint8Array[]): Uint8Array[] {
  const all = Buffer.concat(chunks)
  const frames: Uint8Array[] = []
  for (let at = 0; at < all.length; ) {
    let [length, shift, byte] = [0, 0, 0x80]
    while (byte >= 0x80 && at < all.length) {
      byte = all[at++] ?? 0
      length += (byte & 0x7f) * 2 ** shift
      shift += 7
    }
    // A stream that broke may end within a frame.
    if (at + length <= all.length) {
      frames.push(all.subarray(at, at + length))
    }
    at += length
  }
  return frames
}

/** How many frames of each kind went by, and what those told that are not about account records. */
function searchFrames(needles: readonly Needle[]): {
  kinds: Record<string, number>
  found: string[]
  inRecords: number
} {
  const kinds: Record<string, number> = {}
  const found: string[] = []
  let inRecords = 0
  const search = (message: object, frame: Uint8Array): void => {
    const kind = Object.entries(message).find(([name, value]) => name !== 'id' && value !== undefined)?.[0] ?? 'none'
    kinds[kind] = (kinds[kind] ?? 0) + 1
    const hits = foundIn(frame, needles)
    if (RECORD_FIELDS.includes(kind)) {
      inRecords += hits.length
    } else {
      found.push(...hits.map((hit) => `frame ${kind}: ${hit}`))
    }
  }
  for (const { asked, answered } of streams) {
    for (const frame of framesOf(asked)) {
      search(decodeRequest(frame), frame)
    }
    for (const frame of framesOf(answered)) {
      search(decodeAnswer(frame), frame)
    }
  }
  return { kinds, found, inRecords }
}

async function main(hooks: AfterHooks): Promise<number> {
  const folder = temporaryFolder(hooks)
  const homes = Array.from({ length: STRANGERS }, (_, index) => newHome(join(folder, `stranger-${index}`)))
  const bootstrap: string[] = []
  for (const home of homes) {
    const node = await startNode(hooks, home, bootstrap.slice(-2))
    bootstrap.push(`${node.status().addresses[0]}/p2p/${node.peerId}`)
  }
  const [alicesHome, bobsHome] = [newHome(join(folder, 'alice'), 'Alice'), newHome(join(folder, 'bob'), 'Bob')]
  const alicesNode = await startNode(hooks, alicesHome, bootstrap.slice(0, 2))
  let bobsNode = await startNode(hooks, bobsHome, bootstrap.slice(2, 4))
  const [alice, bob] = [alicesNode.accounts[0], bobsNode.accounts[0]] as [Account, Account]
  await befriend(alice, bob)
  await bobsNode.stop()
  await write(alice, bob.address)
  await alicesNode.stop()

  const keys = [alicesHome, bobsHome].flatMap(({ key, name }) => needlesOf(`key of ${name}`, key!.publicKey))
  const text = needlesOf('text', TEXT)
  const deposited = searchHomes(homes, join(folder, 'copies-1'), keys, text)

  bobsNode = await startNode(hooks, bobsHome, bootstrap.slice(2, 4))
  const returned = bobsNode.accounts[0] as Account
  const received = (): number => returned.history(alice.address).filter(({ direction }) => direction === 'in').length
  await until('Bob to collect', () => received() >= MESSAGES)
  await until('Bob to acknowledge', () => (searchFrames([]).kinds.acknowledge ?? 0) > 0)
  const messages = received()
  await bobsNode.stop()
  const collected = searchHomes(homes, join(folder, 'copies-2'), keys, text)
  const frames = searchFrames([...keys, ...text])
  const bobHasText = foundIn(readHome(bobsHome, join(folder, 'copies-3')).files, text).length > 0

  const found = [...deposited.found, ...collected.found, ...frames.found]
  // A search that finds nothing where there is something proves nothing.
  const controls = {
    lettersOnDisk: deposited.letterBytes > 0,
    keyFoundInAccountRecords: deposited.recordsWithKeys > 0,
    keyFoundInRecordFrames: frames.inRecords > 0,
    textFoundAtBob: bobHasText,
    framesOfLetters: ['deposit', 'receipt', 'collect', 'letter', 'acknowledge'].every(
      (kind) => frames.kinds[kind] ?? 0,
    ),
  }
  console.log(JSON.stringify({ messages, found, controls, letterBytes: deposited.letterBytes, frames: frames.kinds }))
  return found.length === 0 && Object.values(controls).every(Boolean) ? 0 : 1
}

await runStandalone(LIMIT_MS, main)
