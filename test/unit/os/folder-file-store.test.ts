import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FolderFileStore } from '../../../src/os/folder-file-store.ts'

const MODULE = new URL('../../../src/os/folder-file-store.ts', import.meta.url).href

function files(t: TestContext): { store: FolderFileStore; folder: string } {
  const parent = mkdtempSync(join(tmpdir(), 'kabber-files-'))
  t.after(() => rmSync(parent, { recursive: true }))
  const folder = join(parent, 'uploads')
  return { store: new FolderFileStore(folder), folder }
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    yield new TextEncoder().encode(text)
  }
}

async function content(store: FolderFileStore, name: string): Promise<string | undefined> {
  const file = await store.read(name)
  let whole = ''
  for await (const chunk of file?.content ?? []) {
    whole += Buffer.from(chunk).toString()
  }
  return file === undefined ? undefined : whole
}

test('what was written is read again, by a later store too, and only by the owner', async (t) => {
  const { store, folder } = files(t)
  await store.write('abc1', chunks('one', 'two'), 6)
  await store.write('empty', chunks(), 0)
  assert.equal((await store.read('abc1'))?.bytes, 6)
  assert.equal(await content(store, 'abc1'), 'onetwo')
  assert.equal(await content(new FolderFileStore(folder), 'empty'), '')
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(join(folder, 'abc1')).mode & 0o777, 0o600)
})

test('a large file comes back in pieces', async (t) => {
  const { store } = files(t)
  const piece = 'x'.repeat(100_000)
  await store.write('large', chunks(piece, piece, piece), 300_000)
  const file = await store.read('large')
  const sizes: number[] = []
  for await (const chunk of file?.content ?? []) {
    sizes.push(chunk.byteLength)
  }
  assert.ok(Math.max(...sizes) <= 65_536)
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    300_000,
  )
})

test('nothing stays of a file with more or fewer bytes than told, or whose source fails', async (t) => {
  const { store, folder } = files(t)
  await assert.rejects(store.write('more', chunks('one', 'two'), 5), RangeError)
  await assert.rejects(store.write('fewer', chunks('one', 'two'), 7), RangeError)
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1)
    throw new Error('line broken')
  }
  await assert.rejects(store.write('failing', failing(), 7), /line broken/)
  assert.deepEqual(readdirSync(folder), [])
  await store.write('more', chunks('one'), 3)
  assert.equal(await content(store, 'more'), 'one')
})

test('delete tells whether there was a file', async (t) => {
  const { store, folder } = files(t)
  assert.equal(await store.delete('abc'), false)
  await store.write('abc', chunks('one'), 3)
  assert.equal(await store.delete('abc'), true)
  assert.equal(await store.delete('abc'), false)
  assert.equal(await store.read('abc'), undefined)
  assert.deepEqual(readdirSync(folder), [])
})

test('names that are none, and a name that is taken, are mistakes of the caller', async (t) => {
  const { store } = files(t)
  for (const name of ['', '..', 'a/b', 'A', 'a.part', 'x'.repeat(65)]) {
    await assert.rejects(store.write(name, chunks('x'), 1), { name: 'AssertionError' })
    await assert.rejects(store.read(name), { name: 'AssertionError' })
    await assert.rejects(store.delete(name), { name: 'AssertionError' })
  }
  await store.write('abc', chunks('one'), 3)
  await assert.rejects(store.write('abc', chunks('two'), 3), { name: 'AssertionError' })
  const both = await Promise.allSettled([store.write('new', chunks('one'), 3), store.write('new', chunks('two'), 3)])
  assert.deepEqual(
    both.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  )
  assert.equal(await content(store, 'abc'), 'one')
})

test('after a kill -9 a file is there whole or not at all, and the rest is swept away', async (t) => {
  const { store, folder } = files(t)
  const program = `
    import { FolderFileStore } from ${JSON.stringify(MODULE)}
    const store = new FolderFileStore(${JSON.stringify(folder)})
    async function* endless() {
      for (;;) {
        yield new Uint8Array(1_000)
        process.stdout.write('.')
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
    async function* whole() { yield new Uint8Array(10) }
    await store.write('whole', whole(), 10)
    await store.write('half', endless(), 1e9)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(
    readdirSync(folder).some((name) => name.endsWith('.part')),
    true,
  )
  assert.equal((await store.read('whole'))?.bytes, 10)
  assert.equal(await store.read('half'), undefined)
  writeFileSync(join(folder, 'kept'), 'kept')
  await store.write('next', chunks('x'), 1)
  assert.deepEqual(readdirSync(folder).sort(), ['kept', 'next', 'whole'])
})
