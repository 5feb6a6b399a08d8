import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { checkHome } from '../../../../cli/doctor/home-check.ts'
import { checkTcp } from '../../../../cli/doctor/tcp-check.ts'
import { findHome } from '../../../../cli/find-home.ts'
import { nodeSchema } from '../../../../src/index.ts'
import { openSqliteStore } from '../../../../src/os/sqlite-store.ts'
import { temporaryFolder } from '../../../support/kabber-process.ts'

async function openPort(t: TestContext): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
  t.after(close)
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, close }
}

describe('a home is looked at', () => {
  it('by writing into it, leaving nothing behind', (t) => {
    const home = findHome({ home: temporaryFolder(t) })
    const { state, freeBytes, isUsed } = checkHome(home)
    assert.equal(state, 'ok')
    assert.ok(Number(freeBytes) > 0)
    assert.equal(isUsed, false)
    assert.deepEqual(readdirSync(home.path), [])
  })

  it('and may be missing, or no folder', (t) => {
    const folder = temporaryFolder(t)
    assert.equal(checkHome(findHome({ home: join(folder, 'none') })).state, 'missing')
    writeFileSync(join(folder, 'file'), '')
    assert.equal(checkHome(findHome({ home: join(folder, 'file') })).state, 'no-folder')
  })

  it('and may have something in place of its store', async (t) => {
    const home = findHome({ home: temporaryFolder(t) })
    await openSqliteStore(home.storePath, nodeSchema).close()
    const bytes = readFileSync(home.storePath)
    const isDamagedWith = (change: () => void): boolean => {
      rmSync(home.storePath, { recursive: true })
      change()
      return checkHome(home).isDamaged
    }
    assert.equal(checkHome(home).isDamaged, false)
    assert.equal(
      isDamagedWith(() => mkdirSync(home.storePath)),
      true,
    )
    assert.equal(
      isDamagedWith(() => writeFileSync(home.storePath, '')),
      true,
    )
    assert.equal(
      isDamagedWith(() => writeFileSync(home.storePath, 'x'.repeat(9_999))),
      true,
    )
    assert.equal(
      isDamagedWith(() => writeFileSync(home.storePath, bytes.subarray(0, bytes.length - 1))),
      true,
    )
    assert.equal(
      isDamagedWith(() => writeFileSync(home.storePath, bytes.fill(0, 68, 72))),
      true,
    )
    assert.deepEqual(readdirSync(home.path), ['kabber.sqlite'])
  })
})

describe('a host and port is', () => {
  it('open, or refused where nobody listens', async (t) => {
    const { port, close } = await openPort(t)
    assert.equal(await checkTcp('127.0.0.1', port), 'open')
    assert.equal(await checkTcp('localhost', port), 'open')
    await close()
    assert.equal(await checkTcp('127.0.0.1', port), 'refused')
  })

  it('without a name that anybody knows (RFC 6761 §6.4)', async () => {
    assert.equal(await checkTcp('kabber.invalid', 4001), 'no-name')
  })
})
