import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { AccountKey } from '../../src/identity/account-key.ts'
import { mailboxKey } from '../../src/identity/mailbox-key.ts'
import { NodeKey } from '../../src/identity/node-key.ts'
import { issuePermit } from '../../src/identity/permit.ts'
import { LetterCustody } from '../../src/node/letter-custody.ts'
import { letterRow, putLetter } from '../../src/node/letter-rows.ts'
import { OsClock } from '../../src/os/os-clock.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { type LetterDeposit, MailboxClient } from '../../src/protocol/mailbox/client.ts'
import type { DepositRequest } from '../../src/protocol/mailbox/letter-keeper.ts'
import { LETTER_RETENTION_MS } from '../../src/protocol/mailbox/letter-limits.ts'
import { MailboxServer } from '../../src/protocol/mailbox/server.ts'
import { nodeSchema } from '../../src/schema.ts'
import { letterId } from '../../src/sealing/letter-key.ts'
import type { PeerAddresses } from '../../src/system/network.ts'
import { loopbackNetwork } from '../support/libp2p-world.ts'
import { RecordingLogger } from '../support/recording-logger.ts'

/**
 * Durable letters a second of one custodian on one core: the store alone, the custody of letters, and the whole way from a
 * client in another thread over libp2p on loopback. The client has a core of its own; what counts is the custodian's.
 *
 *     node test/bench/custodian.ts [bytes of a letter, 1024] [folder on the disk to measure]
 */
const LETTERS = 12_000
/** Every permit is checked once: 0.1 ms. A contact uses one a day. */
const LETTERS_PER_PERMIT = 20
/** Fewer, as one peer may have only so many signatures checked. */
const LETTERS_EACH_WITH_A_PERMIT = 6_000
const IN_FLIGHT = 200
const GIB = 1024 ** 3
const UNLIMITED = { peerBurst: 1e9, peerPerSecond: 1e6, networkBurst: 1e9, networkPerSecond: 1e6 }

const clock = new OsClock()
const random = new OsRandom()
const logger = new RecordingLogger()

/** What the thread that deposits is told. */
interface Order {
  readonly custodian: PeerAddresses
  readonly letters: number
  readonly lettersPerPermit: number
  readonly bytes: number
}

/** What the custodian's thread spent. */
interface Spent {
  readonly seconds: number
  readonly cpuMs: number
  readonly busyMs: number
}

function lettersOf({ letters, lettersPerPermit, bytes }: Omit<Order, 'custodian'>): LetterDeposit[] {
  const deposits: LetterDeposit[] = []
  while (deposits.length < letters) {
    const mailbox = mailboxKey(AccountKey.fromSeed(random.bytes(32)), 20_000)
    const permit = issuePermit(mailbox, random)
    for (let i = 0; i < lettersPerPermit; i++) {
      deposits.push({ mailboxKey: mailbox.publicKey, letter: random.bytes(bytes), credential: { permit } })
    }
  }
  return deposits
}

async function pipelined<Item>(items: readonly Item[], once: (item: Item) => Promise<unknown>): Promise<number[]> {
  const latencies: number[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) {
      const startMs = performance.now()
      await once(item)
      latencies.push(performance.now() - startMs)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  return latencies
}

async function spending<Result>(work: () => Promise<Result>): Promise<{ result: Result; spent: Spent }> {
  const startMs = performance.now()
  const cpu = process.threadCpuUsage()
  const loop = performance.eventLoopUtilization()
  const result = await work()
  const used = process.threadCpuUsage(cpu)
  const spent = {
    seconds: (performance.now() - startMs) / 1000,
    cpuMs: (used.user + used.system) / 1000,
    busyMs: performance.eventLoopUtilization(loop).active,
  }
  return { result, spent }
}

function print(what: string, latencies: readonly number[], { seconds, cpuMs, busyMs }: Spent): void {
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1).padStart(5)
  const each = (ms: number): string => `${((1000 * ms) / sorted.length).toFixed(0).padStart(4)} µs`
  const rate = String(Math.round(sorted.length / seconds)).padStart(6)
  const perCore = String(Math.round(sorted.length / (busyMs / 1000))).padStart(6)
  const times = `p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`
  console.log(
    `${what.padEnd(44)} ${rate}/s  ${times}  CPU ${each(cpuMs)}  thread busy ${each(busyMs)}: ${perCore}/s per core`,
  )
}

/** The same rows with nobody judging them. */
async function measureStore(folder: string, bytes: number): Promise<void> {
  const store = openSqliteStore(join(folder, 'store.db'), nodeSchema)
  let arrival = Date.now() * 1000
  const items = lettersOf({ letters: LETTERS, lettersPerPermit: LETTERS_PER_PERMIT, bytes })
  const { result, spent } = await spending(() =>
    pipelined(items, (item) => {
      const depositedMs = Date.now()
      const times = { arrival: ++arrival, depositedMs, expiresMs: depositedMs + LETTER_RETENTION_MS }
      const row = letterRow({ ...item, letterId: letterId(item.letter) }, times)
      return store.transaction((transaction) => putLetter(transaction, row, item.letter))
    }),
  )
  print('store alone, the same rows', result, spent)
  await store.close()
}

function custodyIn(folder: string, name: string) {
  const store = openSqliteStore(join(folder, `${name}.db`), nodeSchema)
  const custodians = { includes: async () => false }
  const init = { storageBytes: 16 * GIB, rates: UNLIMITED }
  return { store, letters: new LetterCustody({ clock, store, custodians, logger }, init) }
}

async function measureCustody(folder: string, bytes: number): Promise<void> {
  const { store, letters } = custodyIn(folder, 'custody')
  await letters.start()
  const items = lettersOf({ letters: LETTERS, lettersPerPermit: LETTERS_PER_PERMIT, bytes })
  const { result, spent } = await spending(() =>
    pipelined(items, (item) => {
      const request: DepositRequest = { ...item, letterId: letterId(item.letter), proofBits: 0, fromPeerId: 'a peer' }
      return letters.deposit(request).then(assertKept)
    }),
  )
  print('custody of letters, no network', result, spent)
  await letters.stop()
  await store.close()
}

async function measureWire(folder: string, order: Omit<Order, 'custodian'>): Promise<void> {
  const { store, letters } = custodyIn(folder, `wire ${order.lettersPerPermit}`)
  await letters.start()
  const key = NodeKey.fromSeed(random.bytes(32))
  const network = loopbackNetwork({ privateKeySeed: key.seed })
  const records = { put: async () => 'no-storage' as const, get: async () => undefined }
  const serving = { keeper: letters, sign: (bytes: Uint8Array) => key.sign(bytes), random }
  const server = new MailboxServer({ clock, network, logger }, { records, letters: serving })
  server.start()
  await network.start()
  const custodian = { peerId: network.peerId, addresses: network.addresses() }
  const client = new Worker(fileURLToPath(import.meta.url), { workerData: { custodian, ...order } })
  const message = (): Promise<number[]> =>
    new Promise((resolve, reject) => {
      client.once('message', resolve)
      client.once('error', reject)
    })
  await message()
  const { result, spent } = await spending(() => {
    const done = message()
    client.postMessage('go')
    return done
  })
  print(`over libp2p, ${order.lettersPerPermit} letters a permit`, result, spent)
  await client.terminate()
  await server.stop()
  await network.stop()
  await letters.stop()
  await store.close()
}

function assertKept(outcome: object): void {
  if (!('kept' in outcome) && !('signature' in outcome)) {
    throw new Error(`refused: ${JSON.stringify(outcome)}`)
  }
}

/** The other thread: deposits when it is told to. */
async function runClient(order: Order): Promise<void> {
  const network = loopbackNetwork({ dhtMode: 'client' })
  await network.start()
  const client = new MailboxClient({ clock, network, logger })
  const items = lettersOf(order)
  const { signal } = new AbortController()
  // Connects.
  await client.deposit(order.custodian, items.pop() as LetterDeposit, signal).then(assertKept)
  parentPort?.once('message', () => {
    void pipelined(items, (item) => client.deposit(order.custodian, item, signal).then(assertKept)).then((latencies) =>
      parentPort?.postMessage(latencies),
    )
  })
  parentPort?.postMessage([])
}

if (isMainThread) {
  const bytes = Number(process.argv[2] ?? 1024)
  const folder = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'kabber-bench-'))
  console.log(`durable letters of ${bytes} bytes at one custodian, ${IN_FLIGHT} in flight`)
  try {
    await measureStore(folder, bytes)
    await measureCustody(folder, bytes)
    await measureWire(folder, { letters: LETTERS, lettersPerPermit: LETTERS_PER_PERMIT, bytes })
    await measureWire(folder, { letters: LETTERS_EACH_WITH_A_PERMIT, lettersPerPermit: 1, bytes })
  } finally {
    rmSync(folder, { recursive: true })
  }
} else {
  await runClient(workerData as Order)
}
