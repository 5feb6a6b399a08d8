import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { openSqliteStore, TURN_TRANSACTIONS_MAX } from '../../../src/os/sqlite-store.ts'
import { StoreError, type StoreFailure } from '../../../src/system/store.ts'
import { blobs, counters, schema } from '../../contract/store-tables.ts'
import { STORE_PROCESS } from '../../support/store-process.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-sqlite-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A store with some hundred rows, closed. */
async function filledStore(t: TestContext, rows = 500, bytes = 300): Promise<string> {
  const path = join(folderFor(t), 'kabber.db')
  const store = openSqliteStore(path, schema)
  await store.transaction((tx) => {
    for (let i = 0; i < rows; i++) {
      tx.put(blobs, { id: Uint8Array.of(i >> 8, i), content: new Uint8Array(bytes).fill(i), note: null })
    }
  })
  await store.close()
  return path
}

function failsWith(failure: StoreFailure, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error))
    assert.equal(error.failure, failure, error.message)
    assert.match(error.message, message)
    return true
  }
}

function runChild(...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [STORE_PROCESS, ...args], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return stdout
}

describe('one writer a file', () => {
  test('a second process is told at once that the store is in use', async (t) => {
    const path = await filledStore(t)
    const store = openSqliteStore(path, schema)
    assert.match(runChild('open', path), /^in-use\nThe store \S+kabber\.db is in use by another process: stop the node/)
    await store.transaction((tx) => tx.put(counters, { id: 1, value: 1 }))
    await store.close()
    assert.equal(runChild('open', path), 'open\n')
  })

  test('so is the same process, and the first store stays locked', async (t) => {
    const path = await filledStore(t)
    const store = openSqliteStore(path, schema)
    assert.throws(() => openSqliteStore(path, schema), failsWith('in-use', /use another home/))
    assert.match(runChild('open', path), /^in-use/)
    await store.close()
  })
})

describe('files', () => {
  test('only the owner may read the store, whatever the umask', async (t) => {
    const path = join(folderFor(t), 'new', 'home', 'kabber.db')
    const umask = process.umask(0)
    t.after(() => process.umask(umask))
    const store = openSqliteStore(path, schema)
    await store.transaction((tx) => tx.put(counters, { id: 1, value: 1 }))
    const modes = readdirSync(join(path, '..')).map((name) => [name, statSync(join(path, '..', name)).mode & 0o777])
    assert.deepEqual(modes, [
      ['kabber.db', 0o600],
      ['kabber.db-wal', 0o600],
    ])
    assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700)
    assert.equal(statSync(join(path, '..', '..')).mode & 0o777, 0o700)
    await store.close()
    assert.ok(!existsSync(`${path}-wal`))
  })

  test('a backup put back with wide permissions is narrowed', async (t) => {
    const path = await filledStore(t)
    chmodSync(path, 0o644)
    await openSqliteStore(path, schema).close()
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('tables have real columns, declared types and indexes', async (t) => {
    const db = new DatabaseSync(await filledStore(t))
    t.after(() => db.close())
    const sql = db.prepare("SELECT sql FROM sqlite_schema WHERE name LIKE 'letters%' AND sql IS NOT NULL ORDER BY name")
    assert.deepEqual(
      sql.all().map((row) => row.sql),
      [
        'CREATE TABLE "letters" ("box" TEXT NOT NULL, "number" INTEGER NOT NULL, "sender" TEXT NOT NULL, ' +
          '"day" INTEGER NOT NULL, "body" TEXT, PRIMARY KEY ("box", "number")) STRICT, WITHOUT ROWID',
        'CREATE INDEX "letters__by_day" ON "letters" ("day", "box", "number")',
        'CREATE INDEX "letters__by_sender" ON "letters" ("sender", "day", "box", "number")',
      ],
    )
    assert.deepEqual(Object.values(db.prepare('PRAGMA user_version').get() ?? {}), [1])
    assert.deepEqual(Object.values(db.prepare('PRAGMA application_id').get() ?? {}), [0x6b616262])
  })
})

describe('a file that is no good', () => {
  const damages: Record<string, (path: string) => void> = {
    'a text file': (path) => writeFileSync(path, 'Wherefore art thou Romeo?\n'.repeat(100)),
    'an empty file': (path) => truncateSync(path, 0),
    'a file cut in half': (path) => truncateSync(path, statSync(path).size / 2),
    'a file with a bad header': (path) => overwrite(path, 0, 16),
    'a file with bad pages': (path) => overwrite(path, 8 * 4096, 4096),
    'a database of another program': (path) => {
      rmSync(path)
      const other = new DatabaseSync(path)
      other.exec('CREATE TABLE moz_places (url TEXT)')
      other.close()
    },
  }
  for (const [what, damage] of Object.entries(damages)) {
    test(`${what} is refused with advice and left as it is`, async (t) => {
      const path = await filledStore(t)
      damage(path)
      const before = readFileSync(path)
      assert.throws(() => openSqliteStore(path, schema), failsWith('corrupt', /Nothing was deleted\..*from a backup/))
      assert.deepEqual(readFileSync(path), before)
      assert.deepEqual(readdirSync(join(path, '..')), ['kabber.db'])
    })
  }

  test('a folder in its place is refused', (t) => {
    const path = join(folderFor(t), 'kabber.db')
    mkdirSync(path)
    assert.throws(() => openSqliteStore(path, schema), failsWith('corrupt', /not a file/))
  })

  test('a log without its file is refused: it would be replayed into a new store', (t) => {
    const path = join(folderFor(t), 'kabber.db')
    writeFileSync(`${path}-wal`, 'x')
    assert.throws(
      () => openSqliteStore(path, schema),
      failsWith('corrupt', /the file is missing, but \S+-wal is there/),
    )
    assert.deepEqual(readdirSync(join(path, '..')), ['kabber.db-wal'])
  })

  test('damage that shows up later fails the call that meets it, not the process', async (t) => {
    const path = await filledStore(t, 3000, 4000)
    const store = openSqliteStore(path, schema)
    t.after(() => store.close())
    // Behind SQLite's back, as a failing disk would; 12 MB are more than it keeps in memory.
    overwrite(path, 100 * 4096, statSync(path).size - 100 * 4096)
    assert.throws(() => store.read.list(blobs), failsWith('corrupt', /kabber\.db is damaged/))
    await assert.rejects(
      store.transaction((tx) => tx.list(blobs)),
      failsWith('corrupt', /damaged/),
    )
  })

  test('a file of a newer schema is refused and left as it is', async (t) => {
    const path = await filledStore(t)
    const newer = { ...schema, version: 7 }
    await openSqliteStore(path, newer).close()
    const before = readFileSync(path)
    assert.throws(
      () => openSqliteStore(path, schema),
      failsWith('newer-schema', /newer version of this program: install .* \(its version is 7, this program knows 1\)/),
    )
    assert.deepEqual(readFileSync(path), before)
  })

  test('an upgrade that throws leaves the file at its version', async (t) => {
    const path = await filledStore(t)
    const run = (): never => {
      throw new Error('cannot upgrade')
    }
    assert.throws(() => openSqliteStore(path, { ...schema, version: 2, upgrades: [{ to: 2, run }] }), /cannot upgrade/)
    const store = openSqliteStore(path, schema)
    assert.equal(store.read.count(blobs), 500)
    await store.close()
  })
})

describe('a place that cannot be written', () => {
  test('a read-only folder is refused', async (t) => {
    const path = await filledStore(t)
    makeUnwritable(path)
    assert.match(runChild('unprivileged', path), /^read-only\nThe store \S+ cannot be written: give yourself/)
  })

  test('a read-only file is refused', async (t) => {
    const path = await filledStore(t)
    makeUnwritable(path)
    chmodSync(join(path, '..'), 0o777)
    assert.match(runChild('unprivileged', path), /^read-only/)
  })

  test('a new store in a read-only folder is refused', async (t) => {
    const path = await filledStore(t)
    makeUnwritable(path)
    assert.match(runChild('unprivileged', join(path, '..', 'other.db')), /^read-only/)
  })

  test('a new store in a folder that does not let anything be created is refused', () => {
    assert.throws(() => openSqliteStore('/proc/kabber/kabber.db', schema), StoreError)
  })
})

describe('a disk without space', () => {
  test('a full file fails what needs space, keeps what was confirmed and goes on when there is space', async (t) => {
    const path = join(folderFor(t), 'kabber.db')
    const store = openSqliteStore(path, schema, { maxPages: 40 })
    t.after(() => store.close())
    const put = (i: number): Promise<void> =>
      store.transaction((tx) => tx.put(blobs, { id: Uint8Array.of(i), content: new Uint8Array(4000), note: null }))
    let kept = 0
    const fill = async (): Promise<void> => {
      for (;;) {
        await put(kept)
        kept++
      }
    }
    await assert.rejects(fill(), failsWith('full', /the disk is full: free some space/))
    assert.ok(kept > 10)
    assert.equal(store.read.count(blobs), kept)
    await store.transaction((tx) => tx.deleteRange(blobs, { to: Uint8Array.of(5) }))
    await put(200)
    assert.equal(store.read.count(blobs), kept - 6 + 1)
  })

  test('a function that swallows the failure does not pass for a success', async (t) => {
    const store = openSqliteStore(join(folderFor(t), 'kabber.db'), schema, { maxPages: 40 })
    t.after(() => store.close())
    const before = store.transaction((tx) => tx.put(counters, { id: 1, value: 1 }))
    const swallowing = store.transaction((tx) => {
      tx.put(counters, { id: 2, value: 2 })
      try {
        tx.put(blobs, { id: Uint8Array.of(1), content: new Uint8Array(1_000_000), note: null })
      } catch {}
    })
    await assert.rejects(swallowing, failsWith('full', /full/))
    const [first] = await Promise.allSettled([before])
    assert.equal(store.read.count(counters), first?.status === 'fulfilled' ? 1 : 0)
  })

  test('a commit that the system refuses loses nothing that was confirmed', async (t) => {
    const path = join(folderFor(t), 'kabber.db')
    const { stdout } = spawnSync(
      'bash',
      ['-c', 'ulimit -f 512; exec "$@"', 'bash', process.execPath, STORE_PROCESS, 'fill', path],
      {
        encoding: 'utf8',
      },
    )
    const lines = stdout.trimEnd().split('\n')
    assert.match(lines.at(-1) ?? '', /^rows \d+$/)
    assert.match(lines.at(-2) ?? '', /^(io|full)$/)
    const confirmed = lines.slice(0, -2).map(Number)
    assert.ok(confirmed.length > 100)
    await assertKept(path, confirmed)
  })
})

describe('turns', () => {
  test('a turn commits early when very many share it', async (t) => {
    const store = openSqliteStore(join(folderFor(t), 'kabber.db'), schema)
    t.after(() => store.close())
    let first = false
    const all = Array.from({ length: TURN_TRANSACTIONS_MAX + 1 }, (_, id) =>
      store.transaction((tx) => tx.put(counters, { id, value: id })),
    )
    all[0]?.then(() => {
      first = true
    })
    await Promise.resolve()
    await Promise.resolve()
    assert.ok(first)
    await Promise.all(all)
    assert.equal(store.read.count(counters), TURN_TRANSACTIONS_MAX + 1)
  })
})

describe('kill -9', () => {
  test('every confirmed row is there after ten kills under load', async (t) => {
    const path = join(folderFor(t), 'kabber.db')
    const confirmed: number[] = []
    for (let round = 0; round < 10; round++) {
      confirmed.push(...(await fillUntilKilled(path, 300 + round * 150)))
    }
    assert.ok(confirmed.length >= 3000)
    await assertKept(path, confirmed)
  })
})

/** Ids that a child process confirmed until it was killed, soon after the first `enough` of them. */
async function fillUntilKilled(path: string, enough: number): Promise<number[]> {
  const child = spawn(process.execPath, [STORE_PROCESS, 'fill', path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  let lines = 0
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    output += chunk
    lines += String(chunk).split('\n').length - 1
    if (lines >= enough) {
      child.kill('SIGKILL')
    }
  }
  return output.slice(0, output.lastIndexOf('\n')).split('\n').map(Number)
}

async function assertKept(path: string, confirmed: readonly number[]): Promise<void> {
  const store = openSqliteStore(path, schema)
  const ids = new Set(store.read.list(counters).map(({ id }) => id))
  assert.deepEqual(
    confirmed.filter((id) => !ids.has(id)),
    [],
  )
  await store.close()
  const db = new DatabaseSync(path)
  assert.deepEqual(Object.values(db.prepare('PRAGMA integrity_check').get() ?? {}), ['ok'])
  db.close()
}

function overwrite(path: string, start: number, length: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, new Uint8Array(length).fill(0xa5), 0, length, start)
  closeSync(file)
}

/** Readable by everybody, writable by nobody (but root). */
function makeUnwritable(path: string): void {
  chmodSync(path, 0o444)
  chmodSync(join(path, '..'), 0o555)
}
