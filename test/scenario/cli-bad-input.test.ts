import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { findHome } from '../../cli/find-home.ts'
import { type CommandResult, kabber, RunningKabber, temporaryFolder } from '../support/kabber-process.ts'

const START = ['start', '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']

async function newHome(t: TestContext): Promise<{ home: string; self: Record<string, unknown> }> {
  const home = join(temporaryFolder(t), 'home')
  const { json, exitCode, stderr } = await kabber(['--home', home, '--json', 'init', '--name', 'Alice'])
  assert.equal(exitCode, 0, stderr)
  return { home, self: json[0] ?? {} }
}

/** One clear line, no stack trace, the right exit code. */
function assertRefused(result: CommandResult, exitCode: number, words: RegExp): void {
  assert.equal(result.exitCode, exitCode, result.stderr)
  assert.match(result.stderr, words)
  assert.match(result.stderr, /^kabber: [^\n]+\n$/)
}

describe('kabber init', () => {
  it('gives address, contact URI, peer id and 24 words, in a home for its owner alone', async (t) => {
    const { home, self } = await newHome(t)
    assert.match(String(self.address), /^00[0-9a-f]{64}@id\.internal$/)
    assert.match(String(self.uri), /^xmpp:00[0-9a-f]{64}@id\.internal\?roster;name=Alice;/)
    assert.match(String(self.peerId), /^12D3KooW/)
    assert.equal(String(self.recoveryPhrase).split(' ').length, 24)
    assert.deepEqual(Object.keys(self), ['address', 'uri', 'peerId', 'recoveryPhrase'])
    assert.equal(statSync(home).mode & 0o777, 0o700)
    assert.equal(statSync(findHome({ home }).storePath).mode & 0o777, 0o600)
  })

  it('never overwrites a home', async (t) => {
    const { home } = await newHome(t)
    const before = readFileSync(findHome({ home }).storePath)
    assertRefused(await kabber(['--home', home, 'init']), 1, /holds an account already/)
    assertRefused(await kabber(['--home', home, 'init', '--recover'], 'abandon'), 1, /holds an account already/)
    assert.deepEqual(readFileSync(findHome({ home }).storePath), before)
  })

  it('restores the account from its phrase, with a node key of its own', async (t) => {
    const { self } = await newHome(t)
    const home = join(temporaryFolder(t), 'restored')
    const phrase = `  ${String(self.recoveryPhrase).toUpperCase().replaceAll(' ', '\n')}\n`
    const { json, exitCode } = await kabber(['init', '--recover', '--json', '--home', home], phrase)
    assert.equal(exitCode, 0)
    assert.equal(json[0]?.address, self.address)
    assert.notEqual(json[0]?.peerId, self.peerId)
    assert.equal(json[0]?.recoveryPhrase, undefined)
  })

  it('refuses a phrase with a wrong word and leaves no home behind', async (t) => {
    const home = join(temporaryFolder(t), 'home')
    const result = await kabber(['--home', home, 'init', '--recover'], `${'abandon '.repeat(23)}abandn`)
    assertRefused(result, 2, /"abandn".*did you mean abandon/)
    assert.equal(existsSync(home), false)
  })

  it('refuses a nickname that could mislead', async (t) => {
    const home = join(temporaryFolder(t), 'home')
    assertRefused(await kabber(['--home', home, 'init', '--name', 'Al\u202eice']), 2, /nickname/)
    assert.equal(existsSync(home), false)
  })

  it('says why a home cannot be made', async (t) => {
    const file = join(temporaryFolder(t), 'file')
    writeFileSync(file, '')
    assertRefused(
      await kabber(['--home', join(file, 'home'), 'init']),
      1,
      /cannot be made: a part of the path is a file/,
    )
    // Read-only for everybody, root included.
    assertRefused(await kabber(['--home', '/proc/kabber', 'init']), 1, /\/proc\/kabber cannot be made/)
  })
})

describe('kabber start refuses', () => {
  it('a home in which a node runs', async (t) => {
    const { home } = await newHome(t)
    const node = new RunningKabber(t, ['--home', home, '--json', ...START])
    await node.line()
    assertRefused(await kabber(['--home', home, ...START]), 1, /another|in use|running/i)
    assert.equal((await kabber(['--home', home, 'status'])).exitCode, 0)
    assert.equal(await node.end('SIGTERM'), 0)
    assert.equal(existsSync(findHome({ home }).controlSocketPath), false)
  })

  it('a home without an account', async (t) => {
    assertRefused(await kabber(['--home', temporaryFolder(t), ...START]), 1, /no account.*kabber --home .* init/)
  })

  it('a corrupt home, and leaves it as it is', async (t) => {
    const { home } = await newHome(t)
    const { storePath } = findHome({ home })
    const damaged = readFileSync(storePath).fill(0x5a, 0, 4_096)
    writeFileSync(storePath, damaged)
    assertRefused(await kabber(['--home', home, ...START]), 1, /damaged|corrupt/i)
    assert.deepEqual(readFileSync(storePath), damaged)
  })

  it('a home of a newer kabber', async (t) => {
    const { home } = await newHome(t)
    const database = new DatabaseSync(findHome({ home }).storePath)
    database.exec('PRAGMA user_version = 9999')
    database.close()
    assertRefused(await kabber(['--home', home, ...START]), 1, /newer/i)
  })

  for (const [option, value, words] of [
    ['--storage', '512', /needs a unit of KiB, MiB, GiB or TiB/],
    ['--storage', 'lots', /is no size/],
    ['--listen', 'nonsense', /no address to listen on/],
    ['--listen', '/ip4/127.0.0.1/tcp/99999', /no address to listen on/],
    ['--listen', '/ip4/127.0.0.1/udp/4001', /no address to listen on/],
    ['--bootstrap', '/ip4/127.0.0.1/tcp/4001', /no address of a node/],
    ['--bootstrap', '/ip4/127.0.0.1/tcp/4001/p2p/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', /peer id/],
  ] as const) {
    it(`${option} ${value}`, async (t) => {
      assertRefused(await kabber(['--home', temporaryFolder(t), 'start', option, value]), 2, words)
    })
  }

  it('an address on which somebody listens already', async (t) => {
    const { home } = await newHome(t)
    const server = createServer()
    t.after(() => server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const result = await kabber(['--home', home, 'start', '--no-mdns', '--listen', `/ip4/127.0.0.1/tcp/${port}`])
    assertRefused(result, 1, new RegExp(`${port}.*(another program|in use)`))
  })
})

describe('a command line', () => {
  it('that needs a node says how to start one', async (t) => {
    const { home } = await newHome(t)
    for (const args of [['status'], ['contact', 'list'], ['history', 'Bob'], ['chat', 'Bob'], ['send', 'Bob', 'hi']]) {
      assertRefused(await kabber(['--home', home, ...args]), 3, new RegExp(`kabber --home ${home} start`))
    }
  })

  it('with an address that has one wrong character is refused, with and without a node', async (t) => {
    const { home, self } = await newHome(t)
    const uri = String(self.uri)
    const wrong = uri.replace(/^(xmpp:00.)(.)/, (_, head: string, digit: string) => head + (digit === 'f' ? '0' : 'f'))
    assertRefused(await kabber(['--home', home, 'contact', 'add', wrong]), 2, /checksum/)
    const node = new RunningKabber(t, ['--home', home, '--json', ...START])
    await node.line()
    assertRefused(await kabber(['--home', home, 'contact', 'add', wrong]), 2, /checksum/)
    assertRefused(await kabber(['--home', home, 'send', 'Nobody', 'hi']), 2, /no contact is called 'Nobody'/)
    assertRefused(await kabber(['--home', home, 'contact', 'add', uri]), 1, /your own address/)
    assertRefused(await kabber(['--home', home, 'contact', 'accept', uri]), 1, /your own address/)
    assertRefused(await kabber(['--home', home, 'contact', 'remove', uri]), 1, /your own address/)
    assertRefused(await kabber(['--home', home, 'send', uri, '-'], '\u0000'), 2, /U\+0000/)
  })

  for (const [args, words] of [
    [['sned', 'a', 'b'], /unknown command 'sned'; did you mean send\?/],
    [['contact', 'lst'], /unknown command 'lst'; did you mean list\?/],
    [['send', 'a', 'b', '--timout', '1s'], /unknown option '--timout'; did you mean --timeout\?/],
    [['send', 'a'], /missing required argument 'text'/],
    [['send', 'a', 'b', '--timeout', '5'], /'5' is no duration/],
    [['send', 'a', ''], /the message is empty/],
    [['history', 'a', '--limit', '-1'], /A whole number/],
  ] as const) {
    it(`kabber ${args.join(' ')}`, async () => {
      assertRefused(await kabber(['--home', '/nonexistent', ...args]), 2, words)
    })
  }

  it('tells errors to programs too, as one object on stdout', async () => {
    const { json, exitCode } = await kabber(['sned', '--json'])
    assert.equal(exitCode, 2)
    assert.deepEqual(json, [{ error: { condition: 'usage', message: "unknown command 'sned'; did you mean send?" } }])
  })
})
