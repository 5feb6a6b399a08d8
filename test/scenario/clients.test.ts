import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { connectSecurely, connectSocket, socketClient, type TestClient } from '../support/client-sockets.ts'
import { kabber, kabberJson, RunningKabber, temporaryFolder } from '../support/kabber-process.ts'

const START = ['start', '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']
const DOORS = ['--xmpp', '127.0.0.1:0', '--xmpps', '127.0.0.1:0', '--web', '127.0.0.1:0']
const HEADER =
  "<?xml version='1.0'?><stream:stream to='id.internal' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"

/** The ready line of a node. */
interface Ready {
  readonly address: string
  readonly clients: { readonly xmpp: string; readonly xmpps: string; readonly web: string }
}

async function newHome(t: TestContext): Promise<string> {
  const home = join(temporaryFolder(t), 'home')
  await kabberJson(home, 'init', '--name', 'Alice')
  return home
}

async function start(
  t: TestContext,
  home: string,
  ...options: string[]
): Promise<{ node: RunningKabber; ready: Ready }> {
  const node = new RunningKabber(t, ['--json', '--home', home, ...START, ...options])
  return { node, ready: (await node.line()) as unknown as Ready }
}

function portOf(endpoint: string): number {
  return Number(endpoint.split(':').at(-1))
}

/** Logs in with PLAIN (RFC 4616) and binds; gives what the server said. */
async function logIn(client: TestClient, user: string, password: string): Promise<string> {
  client.send(HEADER)
  await client.until('</stream:features>')
  const message = Buffer.from(`\0${user}\0${password}`).toString('base64')
  client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${message}</auth>`)
  // Success or failure, each behind the features, which name the namespace too.
  await Promise.race([client.until('<success'), client.until('</failure>')])
  if (client.received().includes('<failure')) {
    return client.received()
  }
  client.send(`${HEADER}<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`)
  await client.until('</jid>')
  return client.received()
}

describe('kabber client', () => {
  it('gives a password with which an XMPP client logs in over TCP, and takes it back', async (t) => {
    const home = await newHome(t)
    const { ready } = await start(t, home, ...DOORS)
    const [access] = await kabberJson(home, 'client', 'add', 'my phone')
    assert.equal(access?.jid, ready.address)
    assert.equal(access?.xmpp, ready.clients.xmpp)
    assert.match(String(access?.uri), /^xmpp:00[0-9a-f]{64}@id\.internal\?login;password=/)
    const port = portOf(ready.clients.xmpp)
    const byAlias = socketClient(await connectSocket({ host: '127.0.0.1', port }))
    assert.match(await logIn(byAlias, 'alice', String(access?.password)), new RegExp(`<jid>${ready.address}/`))

    assert.deepEqual(
      (await kabberJson(home, 'client', 'list')).map(({ name }) => name),
      ['my phone'],
    )
    const again = await kabber(['--home', home, 'client', 'add', 'my phone'])
    assert.equal(again.exitCode, 1)
    await kabberJson(home, 'client', 'revoke', 'my phone')
    await byAlias.closed
    const late = socketClient(await connectSocket({ host: '127.0.0.1', port }))
    assert.match(await logIn(late, 'alice', String(access?.password)), /<not-authorized/)
    late.close()
  })

  it('works on a home whose node does not run, with the certificate that the node then shows', async (t) => {
    const home = await newHome(t)
    const [access] = await kabberJson(home, 'client', 'add', 'laptop')
    assert.equal(access?.xmpp, '127.0.0.1:5222')
    const certificate = readFileSync(join(home, 'tls/certificate.pem'), 'utf8')
    assert.equal(statSync(join(home, 'tls/key.pem')).mode & 0o777, 0o600)
    assert.equal(new X509Certificate(certificate).fingerprint256, access?.fingerprint)
    const { ready } = await start(t, home, ...DOORS)
    const socket = await connectSecurely({ host: '127.0.0.1', port: portOf(ready.clients.xmpps), ca: certificate })
    assert.equal(socket.getPeerX509Certificate()?.fingerprint256, access?.fingerprint)
    const client = socketClient(socket)
    const [localpart = ''] = ready.address.split('@')
    assert.match(await logIn(client, localpart, String(access?.password)), new RegExp(`<jid>${ready.address}/`))
    client.close()
  })

  it('tells of the certificate that the owner has brought', async (t) => {
    const [home, other] = [await newHome(t), await newHome(t)]
    const own = ['--cert', join(other, 'tls/certificate.pem'), '--key', join(other, 'tls/key.pem')]
    const { ready } = await start(t, home, ...DOORS, ...own)
    const [access] = await kabberJson(home, 'client', 'add', 'laptop')
    const ca = readFileSync(join(other, 'tls/certificate.pem'), 'utf8')
    const socket = await connectSecurely({ host: '127.0.0.1', port: portOf(ready.clients.xmpps), ca })
    assert.equal(socket.getPeerX509Certificate()?.fingerprint256, access?.fingerprint)
    socket.destroy()
    const wrong = [...own.slice(0, 3), join(home, 'tls/key.pem')]
    const refused = await kabber(['--home', other, ...START, ...wrong])
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /the private key does not belong to the certificate/)
  })

  it('refuses a name that is not there, and a home without an account', async (t) => {
    const home = await newHome(t)
    const unknown = await kabber(['--home', home, 'client', 'revoke', 'nothing'])
    assert.equal(unknown.exitCode, 1)
    assert.match(unknown.stderr, /^kabber: no client is called 'nothing'\n$/)
    const nowhere = await kabber(['--home', join(temporaryFolder(t), 'none'), 'client', 'list'])
    assert.equal(nowhere.exitCode, 3)
  })
})

describe('kabber start for clients', () => {
  it('takes other ports where the usual ones are taken, and says so', async (t) => {
    const taken = await Promise.all([5_222, 5_223, 5_280].map((port) => take(t, port)))
    assert.equal(taken.length, 3)
    const { ready } = await start(t, await newHome(t))
    for (const [endpoint, usual] of [
      [ready.clients.xmpp, 5_222],
      [ready.clients.xmpps, 5_223],
      [ready.clients.web, 5_280],
    ] as const) {
      assert.notEqual(portOf(endpoint), usual)
    }
  })

  it('fails when the port that was asked for is taken', async (t) => {
    const home = await newHome(t)
    const port = await take(t, 0)
    for (const option of ['--xmpp', '--xmpps', '--web']) {
      const result = await kabber(['--home', home, ...START, option, `127.0.0.1:${port}`])
      assert.equal(result.exitCode, 1, result.stderr)
      assert.match(result.stderr, new RegExp(`kabber: .*${port}.*another program listens there already\n$`))
    }
  })

  it('opens no door that was closed', async (t) => {
    const home = await newHome(t)
    const { ready } = await start(t, home, '--no-xmpp', '--no-web')
    assert.deepEqual(ready.clients, {})
    const web = await kabber(['--home', home, 'web'])
    assert.equal(web.exitCode, 1)
    assert.match(web.stderr, /without a web port/)
  })

  for (const [options, words] of [
    [['--xmpp', '5222'], /--xmpp needs an IP address and a port/],
    [['--xmpps', 'example.com:5223'], /--xmpps needs an IP address and a port/],
    [['--web', '127.0.0.1:99999'], /--web needs an IP address and a port/],
    [['--cert', 'a.pem'], /--cert and --key are given together/],
  ] as const) {
    it(`refuses ${options.join(' ')}`, async (t) => {
      const result = await kabber(['--home', temporaryFolder(t), ...START, ...options])
      assert.equal(result.exitCode, 2)
      assert.match(result.stderr, words)
    })
  }

  it('serves the accounts of a file, with the passwords it has now', async (t) => {
    const home = await newHome(t)
    const file = join(temporaryFolder(t), 'accounts')
    writeFileSync(file, '# for tests\nromeo  montague\njuliet capulet\n')
    const first = await start(t, home, ...DOORS, '--accounts', file)
    const romeo = socketClient(await connectSocket({ host: '127.0.0.1', port: portOf(first.ready.clients.xmpp) }))
    const [, jid = ''] = /<jid>(00[0-9a-f]{64}@id\.internal)\//.exec(await logIn(romeo, 'romeo', 'montague')) ?? []
    assert.notEqual(jid, '')
    assert.equal(await first.node.end('SIGTERM'), 0)

    writeFileSync(file, 'romeo changed\n')
    const second = await start(t, home, ...DOORS, '--accounts', file)
    const port = portOf(second.ready.clients.xmpp)
    const old = socketClient(await connectSocket({ host: '127.0.0.1', port }))
    assert.match(await logIn(old, 'romeo', 'montague'), /<not-authorized/)
    old.close()
    const changed = socketClient(await connectSocket({ host: '127.0.0.1', port }))
    assert.match(await logIn(changed, 'romeo', 'changed'), new RegExp(`<jid>${jid}/`), 'the same account')
    changed.close()
  })
})

/** Listens on `port` until the test ends. Another test's node there is waited for; a program that stays has it taken for us. */
async function take(t: TestContext, port: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening', { signal: t.signal })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
        throw error
      }
      await setTimeout(50, undefined, { signal: t.signal })
      continue
    }
    t.after(() => server.close())
    const address = server.address()
    return typeof address === 'object' ? (address?.port ?? port) : port
  }
  return port
}
