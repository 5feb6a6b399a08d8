import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import type { Schema } from '../../src/system/store.ts'

/**
 * Acknowledged transactions a second of the SQLite store, beside node:sqlite with one commit for each row and beside an
 * append and fsync of the same bytes. One transaction puts one row of 300 bytes with one index.
 *
 *     node test/bench/store.ts [folder on the disk to measure]
 */
const SECONDS_PER_LINE = 2
const BODY = 'x'.repeat(300)

const messages = {
  name: 'messages',
  columns: { id: { type: 'text' }, at: { type: 'integer' }, body: { type: 'text' } },
  key: ['id'],
  indexes: { by_at: ['at'] },
} as const
const schema: Schema = { version: 1, tables: [messages], upgrades: [] }

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'kabber-bench-'))
let made = 0

interface Message {
  readonly id: string
  readonly at: number
  readonly body: string
}

/** Ids as origin ids are: without order, so that every row meets a page of its own. */
function scattered(): Message {
  made++
  return { id: `${((made * 2654435761) >>> 0).toString(36)}-${made}`, at: made, body: BODY }
}

/** Ids as sequence numbers are. */
function inOrder(): Message {
  made++
  return { id: String(made).padStart(12, '0'), at: made, body: BODY }
}

function print(what: string, latencies: number[], seconds: number): void {
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2)
  const rate = Math.round(latencies.length / seconds)
  console.log(`${what.padEnd(44)} ${String(rate).padStart(8)}/s   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms`)
}

async function measure(what: string, inFlight: number, once: () => Promise<void> | void): Promise<void> {
  const latencies: number[] = []
  const start = performance.now()
  const end = start + SECONDS_PER_LINE * 1000
  const worker = async (): Promise<void> => {
    for (let now = performance.now(); now < end; now = performance.now()) {
      await once()
      latencies.push(performance.now() - now)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  print(what, latencies, (performance.now() - start) / 1000)
}

async function measureFsync(): Promise<void> {
  const file = openSync(join(folder, 'log'), 'w')
  await measure('append and fsync', 1, () => {
    writeSync(file, JSON.stringify(scattered()))
    fsyncSync(file)
  })
  closeSync(file)
}

async function measureSqlite(): Promise<void> {
  const raw = new DatabaseSync(join(folder, 'raw.db'))
  raw.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE messages (id TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id)) STRICT, WITHOUT ROWID;
    CREATE INDEX by_at ON messages (at, id)`)
  const insert = raw.prepare('INSERT OR REPLACE INTO messages VALUES (?, ?, ?)')
  await measure('node:sqlite, scattered ids, one commit a row', 1, () => {
    const { id, at, body } = scattered()
    insert.run(id, at, body)
  })
  raw.close()
}

async function measureStore(ids: string, message: () => Message): Promise<void> {
  const store = openSqliteStore(join(folder, `${ids}.db`), schema)
  for (const inFlight of [1, 16, 256]) {
    await measure(`store, ${ids} ids, ${inFlight} in flight`, inFlight, () =>
      store.transaction((tx) => tx.put(messages, message())),
    )
  }
  await store.close()
}

try {
  await measureFsync()
  await measureSqlite()
  await measureStore('scattered', scattered)
  await measureStore('ordered', inOrder)
} finally {
  rmSync(folder, { recursive: true })
}
