import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { formatHostPort, isLoopbackHost, parseHostPort } from '../../../cli/host-port.ts'
import { readAccountsFile } from '../../../cli/node/accounts-file.ts'
import { readClientOptions } from '../../../cli/node/client-options.ts'
import { startAtDefault } from '../../../cli/node/start-listener.ts'
import { temporaryFolder } from '../../support/kabber-process.ts'

describe('an address to listen on', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:5222', '127.0.0.1', 5_222],
    ['localhost:0', '127.0.0.1', 0],
    ['0.0.0.0:65535', '0.0.0.0', 65_535],
    ['[::1]:443', '::1', 443],
  ] as const) {
    it(`is read from ${text}`, () => {
      const read = parseHostPort('--xmpp', text)
      assert.deepEqual(read, { host, port })
      assert.equal(formatHostPort(read), text.replace('localhost', '127.0.0.1'))
    })
  }

  for (const text of [
    '',
    '5222',
    ':5222',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:443',
    '[127.0.0.1]:1',
    'a.example:1',
    '1.2.3:4',
  ]) {
    it(`is not read from '${text}'`, () => {
      assert.throws(() => parseHostPort('--xmpp', text), { condition: 'usage' })
    })
  }

  it('is on this machine alone when it is loopback', () => {
    assert.deepEqual(['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', '::', '192.0.2.1'].map(isLoopbackHost), [
      ...[true, true, true],
      ...[false, false, false],
    ])
  })
})

describe('the options of start about clients', () => {
  it('open the usual doors when nothing is said', () => {
    assert.deepEqual(readClientOptions({}), {
      ...{ xmpp: 'default', xmpps: 'default', web: 'default' },
      ...{ certificate: undefined, accounts: undefined },
    })
  })

  it('close TLS with TCP, unless it is asked for', () => {
    assert.equal(readClientOptions({ xmpp: false }).xmpps, 'none')
    assert.deepEqual(readClientOptions({ xmpp: false, xmpps: '127.0.0.1:1' }).xmpps, { host: '127.0.0.1', port: 1 })
    assert.equal(readClientOptions({ web: false }).web, 'none')
  })

  it('take certificate and key together', () => {
    assert.deepEqual(readClientOptions({ cert: 'c', key: 'k' }).certificate, { cert: 'c', key: 'k' })
    assert.throws(() => readClientOptions({ cert: 'c' }), { condition: 'usage' })
    assert.throws(() => readClientOptions({ key: 'k' }), { condition: 'usage' })
  })
})

describe('a file of accounts', () => {
  function read(t: TestContext, text: string): ReturnType<typeof readAccountsFile> {
    const path = join(temporaryFolder(t), 'f')
    writeFileSync(path, text)
    return readAccountsFile(path)
  }

  it('has a name and a password a line', (t) => {
    assert.deepEqual(read(t, '# users\r\n\r\nromeo\tmontague\r\n  juliet   capulet  \n'), [
      { name: 'romeo', password: 'montague' },
      { name: 'juliet', password: 'capulet' },
    ])
  })

  for (const [text, words] of [
    ['romeo', /f, line 1: a name and a password/],
    ['a b\nromeo montague x', /f, line 2: a name and a password/],
    ['Romeo montague', /f, line 1: a name has/],
    [`00${'ab'.repeat(32)} x`, /f, line 1: a name has/],
    ['a b\na c', /f, line 2: 'a' stands there twice/],
    ['a b\nromeo x\0y', /f, line 2: a password has up to 256/],
    [`romeo ${'x'.repeat(257)}`, /f, line 1: a password has up to 256/],
    ['# nobody', /has 0 accounts/],
    ['x'.repeat(300_000), /is larger than/],
  ] as const) {
    it(`is refused when it says '${text.slice(0, 80).replace('\n', '⏎')}'`, (t) => {
      assert.throws(() => read(t, text), words)
    })
  }
})

describe('a door at its usual port', () => {
  const usual = { host: '127.0.0.1', port: 5_222 }

  /** What is tried when the first `taken` ports are not to be had. */
  async function tried(taken: number, code = 'EADDRINUSE'): Promise<readonly number[]> {
    const ports: number[] = []
    const start = async ({ port }: { port: number }): Promise<number> => {
      ports.push(port)
      if (ports.length <= taken) {
        throw Object.assign(new Error(code), { code })
      }
      return port
    }
    await startAtDefault(usual, 'home', start)
    return ports
  }

  it('is there when it is free', async () => {
    assert.deepEqual(await tried(0), [5_222])
  })

  it('moves to the port that follows from the home, always the same one', async () => {
    const [first, second] = [await tried(1), await tried(1)]
    assert.deepEqual(first, second)
    assert.ok((first[1] ?? 0) >= 16_384 && (first[1] ?? 0) < 32_768)
  })

  it('moves to any port when that is taken too', async () => {
    assert.equal((await tried(2)).at(-1), 0)
  })

  it('stays closed for any other reason', async () => {
    await assert.rejects(tried(1, 'EACCES'), { code: 'EACCES' })
  })
})
