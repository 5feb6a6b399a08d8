/**
 * Two clients on two nodes, and 1,000 clients on one, beside Debian's Prosody (one server, without and with its SQLite
 * archive) in the same run. Asserts nothing. Run: node test/bench/gateway.ts [messages one way, 10000]
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { install } from '../interop/install.ts'
import { addClientPassword, startKabberNode } from '../interop/kabber-node.ts'
import { startProsody } from '../interop/prosody-server.ts'
import { freshLoopbackHost } from '../interop/world.ts'
import { type AfterHooks, temporaryFolder } from '../support/kabber-process.ts'
import { runStandalone } from '../support/standalone.ts'
import { LoadClient, type LoadLogin } from './load-client.ts'

const RUN_LIMIT_MS = 600_000
const BODY = 'x'.repeat(300)
const ROUND_TRIPS = 2_000
const MESSAGES = Number(process.argv[2] ?? 10_000)
/** Prosody's archive takes a transaction for each message. */
const MESSAGES_OF_SLOW_SERVERS = 1_000
const IN_FLIGHT = 500
const LOGINS = 30
const IDLE_CLIENTS = 1_000
/** With more a node cannot talk to others. */
const ACCOUNTS_OF_A_FAMILY = 16
const LOGINS_AT_ONCE = 10
const SETTLE_MS = 3_000

/** One column of the table. */
interface Figures {
  readonly name: string
  readonly roundTrip?: string
  readonly perSecond?: string
  readonly cpu?: string
  readonly login?: string
  readonly idleBytes?: string
  readonly rss?: string
  readonly rssOfAccounts?: string
}

/** Two people and the processes that serve them. */
interface Servers {
  readonly alice: LoadLogin
  readonly bob: LoadLogin
  readonly pids: readonly number[]
}

function percentiles(values: readonly number[]): string {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2)
  return `${at(0.5)} / ${at(0.99)}`
}

/** Resident memory, bytes. */
function residentBytes(pid: number): number {
  return 1_024 * Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
}

/** User and system time, seconds. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

function bare(client: LoadClient): string {
  return client.jid.split('/')[0] ?? ''
}

/** Roster, presence, mutual subscription. */
async function makeFriends(alice: LoadClient, bob: LoadClient): Promise<void> {
  for (const client of [alice, bob]) {
    await client.request(`<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>`, /id=["']roster["']/u)
    client.write('<presence/>')
  }
  for (const [asker, asked] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    asker.write(`<presence type='subscribe' to='${bare(asked)}'/>`)
    await asked.wait(/type=["']subscribe["']/u)
    asked.write(`<presence type='subscribed' to='${bare(asker)}'/>`)
    await asker.wait(/type=["']subscribed["']/u)
  }
}

function chat(to: LoadClient, id: string): string {
  return `<message to='${to.jid}' type='chat' id='${id}'><body>${BODY}</body></message>`
}

async function roundTrips(alice: LoadClient, bob: LoadClient): Promise<number[]> {
  const times: number[] = []
  bob.onMessage = () => bob.write(chat(alice, 'back'))
  for (let round = 0; round < ROUND_TRIPS; round += 1) {
    const startMs = performance.now()
    const back = new Promise<void>((resolve) => {
      alice.onMessage = () => resolve()
    })
    alice.write(chat(bob, `there ${round}`))
    await back
    times.push(performance.now() - startMs)
  }
  // The first ones find cold code.
  return times.slice(ROUND_TRIPS / 10)
}

/** Messages a second from one to the other, with a window of some that are under way. */
async function oneWay(alice: LoadClient, bob: LoadClient, messages: number): Promise<number> {
  let [sent, received] = [0, 0]
  const startMs = performance.now()
  await new Promise<void>((resolve) => {
    const fill = (): void => {
      let batch = ''
      for (; sent < messages && sent - received < IN_FLIGHT; sent += 1) {
        batch += chat(bob, `m${sent}`)
      }
      if (batch !== '') {
        alice.write(batch)
      }
    }
    bob.onMessage = () => {
      received += 1
      if (received === messages) {
        resolve()
      } else if (sent - received < IN_FLIGHT / 2) {
        fill()
      }
    }
    fill()
  })
  return (1_000 * messages) / (performance.now() - startMs)
}

async function logins(login: LoadLogin): Promise<string> {
  const times: number[] = []
  for (let round = 0; round < LOGINS; round += 1) {
    const startMs = performance.now()
    const client = await LoadClient.login(login)
    times.push(performance.now() - startMs)
    await client.end()
  }
  return percentiles(times)
}

async function measurePair(name: string, { alice, bob, pids }: Servers, messages: number): Promise<Figures> {
  const [scram, plain] = [await logins(alice), await logins({ ...alice, mechanism: 'PLAIN' })]
  const clients = await Promise.all([LoadClient.login(alice), LoadClient.login(bob)])
  const [one, other] = clients
  await makeFriends(one, other)
  const times = await roundTrips(one, other)
  const before = pids.map(cpuSeconds)
  const rate = await oneWay(one, other, messages)
  const cpu = pids.map((pid, index) => `${((1e6 * (cpuSeconds(pid) - (before[index] ?? 0))) / messages).toFixed(0)} µs`)
  for (const client of clients) {
    client.destroy()
  }
  return {
    name,
    roundTrip: percentiles(times),
    perSecond: rate.toFixed(0),
    cpu: cpu.join(' + '),
    login: `${scram}; PLAIN ${plain}`,
  }
}

/** Clients that are there and silent, spread over some accounts. */
async function measureIdle(host: string, pid: number, accounts: number): Promise<{ idleBytes: string; rss: string }> {
  const warm = await LoadClient.login({ host, user: 'user0', password: 'pw-0', mechanism: 'SCRAM-SHA-1' })
  await warm.end()
  await pause(SETTLE_MS)
  const before = residentBytes(pid)
  const clients: LoadClient[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < IDLE_CLIENTS) {
      const number = next
      next += 1
      const account = number % accounts
      const login = { host, user: `user${account}`, password: `pw-${account}`, mechanism: 'SCRAM-SHA-1' } as const
      const client = await LoadClient.login(login)
      clients.push(client)
      await client.request(`<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>`, /id=["']roster["']/u)
      await client.request('<presence/>', /<presence/u)
    }
  }
  await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, worker))
  await pause(SETTLE_MS)
  const after = residentBytes(pid)
  for (const client of clients) {
    client.destroy()
  }
  const each = ((after - before) / IDLE_CLIENTS / 1_024).toFixed(1)
  return {
    idleBytes: `${each} KiB`,
    rss: `${(after / 1_048_576).toFixed(0)} MiB (${(before / 1_048_576).toFixed(0)} before)`,
  }
}

function idleAccounts(accounts: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: accounts }, (_, number) => [`user${number}`, `pw-${number}`]))
}

async function measureProsody(hooks: AfterHooks, folder: string, sqlArchive: boolean): Promise<Figures> {
  mkdirSync(folder)
  const host = freshLoopbackHost()
  const people = { alice: 'pw-of-alice', bob: 'pw-of-bob' }
  const accounts = { ...people, ...idleAccounts(IDLE_CLIENTS) }
  const { program } = await startProsody(hooks, folder, { host, accounts, comfort: false, sqlArchive })
  const login = (user: keyof typeof people): LoadLogin => ({
    host,
    user,
    password: people[user],
    mechanism: 'SCRAM-SHA-1',
  })
  const servers = { alice: login('alice'), bob: login('bob'), pids: [program.pid] }
  const name = sqlArchive ? 'Prosody, SQLite' : 'Prosody, lean'
  const pair = await measurePair(name, servers, sqlArchive ? MESSAGES_OF_SLOW_SERVERS : MESSAGES)
  const idle = await measureIdle(host, program.pid, ACCOUNTS_OF_A_FAMILY)
  const { rss: rssOfAccounts } = await measureIdle(host, program.pid, IDLE_CLIENTS)
  await program.end()
  return { ...pair, ...idle, rssOfAccounts }
}

async function measureKabber(hooks: AfterHooks, folder: string): Promise<Figures> {
  mkdirSync(folder)
  const alice = await startKabberNode(hooks, join(folder, 'alice'))
  const bob = await startKabberNode(hooks, join(folder, 'bob'), ['--bootstrap', alice.bootstrap])
  const login = async (node: typeof alice): Promise<LoadLogin> => {
    const { jid, password } = await addClientPassword(node, 'load')
    return { host: node.host, user: jid.split('@')[0] ?? '', password, mechanism: 'SCRAM-SHA-1' }
  }
  const servers = { alice: await login(alice), bob: await login(bob), pids: [alice.program.pid, bob.program.pid] }
  const pair = await measurePair('Kabber', servers, MESSAGES)
  await Promise.all([alice.program.end(), bob.program.end()])
  const idle = await measureIdleKabber(hooks, folder, ACCOUNTS_OF_A_FAMILY)
  const { rss: rssOfAccounts } = await measureIdleKabber(hooks, folder, IDLE_CLIENTS)
  return { ...pair, ...idle, rssOfAccounts }
}

async function measureIdleKabber(
  hooks: AfterHooks,
  folder: string,
  accounts: number,
): Promise<{ idleBytes: string; rss: string }> {
  const file = join(folder, `accounts-${accounts}`)
  const lines = Object.entries(idleAccounts(accounts)).map(([name, password]) => `${name} ${password}\n`)
  writeFileSync(file, lines.join(''))
  const { host, program } = await startKabberNode(hooks, join(folder, `many-${accounts}`), ['--accounts', file])
  const figures = await measureIdle(host, program.pid, accounts)
  await program.end()
  return figures
}

function print(columns: readonly Figures[]): void {
  const rows: readonly [string, keyof Figures, string][] = [
    ['', 'name', 'limit'],
    ['round trip p50 / p99, ms', 'roundTrip', '3 / 15'],
    ['one way, messages/s', 'perSecond', '5,000'],
    ['CPU of each server a message', 'cpu', ''],
    ['login p50 / p99, ms', 'login', '50'],
    ['idle client', 'idleBytes', '50 KB'],
    [`RSS, ${IDLE_CLIENTS} clients, ${ACCOUNTS_OF_A_FAMILY} accounts`, 'rss', '300 MB'],
    [`RSS, ${IDLE_CLIENTS} accounts`, 'rssOfAccounts', ''],
  ]
  for (const [label, key, limit] of rows) {
    console.log([label.padEnd(32), ...columns.map((column) => (column[key] ?? '').padEnd(38)), limit].join(''))
  }
}

await runStandalone(RUN_LIMIT_MS, async (hooks) => {
  if (!install(['prosody', 'lua-dbi-sqlite3'])) {
    return 1
  }
  const folder = temporaryFolder(hooks)
  console.log(`bodies of ${BODY.length} bytes, ${IN_FLIGHT} under way one way`)
  const columns: Figures[] = []
  const all = [
    async () => await measureKabber(hooks, join(folder, 'kabber')),
    async () => await measureProsody(hooks, join(folder, 'prosody'), false),
    async () => await measureProsody(hooks, join(folder, 'prosody-sqlite'), true),
  ]
  for (const measure of all) {
    columns.push(await measure().catch((error: unknown) => ({ name: `FAILED: ${String(error).slice(0, 300)}` })))
    console.log(JSON.stringify(columns.at(-1)))
  }
  print(columns)
  return 0
})
