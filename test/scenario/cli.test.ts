import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { NodeClient } from '../../cli/client/node-client.ts'
import { Outgoing } from '../../cli/client/outgoing.ts'
import { until } from '../../cli/demo/deadline.ts'
import { findHome } from '../../cli/find-home.ts'
import { type CommandResult, kabber, RunningKabber, temporaryFolder } from '../support/kabber-process.ts'

/** Long enough for a busy machine; a scenario fails by what it finds, not by how long it takes. */
const LIMIT_MS = 60_000

const LISTEN = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']

interface Somebody {
  readonly home: string
  readonly address: string
  readonly uri: string
  run(...args: string[]): Promise<CommandResult>
  start(...args: string[]): Promise<{ node: RunningKabber; at: string }>
}

async function somebody(t: TestContext, folder: string, name: string): Promise<Somebody> {
  const home = join(folder, name)
  const { json, exitCode } = await kabber(['init', '--name', name, '--home', home, '--json'])
  assert.equal(exitCode, 0)
  const { address, uri } = json[0] as { address: string; uri: string }
  return {
    home,
    address,
    uri,
    run: async (...args) => {
      const result = await kabber(['--home', home, '--json', ...args])
      t.diagnostic(
        `${name}: kabber ${args[0]} ${args[0] === 'contact' ? args[1] : ''} ${result.durationMs.toFixed(0)} ms`,
      )
      return result
    },
    start: async (...args) => {
      const node = new RunningKabber(t, ['--json', '--home', home, 'start', ...LISTEN, ...args])
      const { addresses } = await node.line(({ event }) => event === 'ready')
      return { node, at: (addresses as string[])[0] ?? '' }
    },
  }
}

async function history(of: Somebody, withWhom: Somebody): Promise<readonly Record<string, unknown>[]> {
  return (await kabber(['--home', of.home, 'history', withWhom.address, '--json'])).json
}

it('Alice and Bob meet with nothing but the commands, and talk both ways', async (t) => {
  const folder = temporaryFolder(t)
  const [alice, bob] = [await somebody(t, folder, 'Alice'), await somebody(t, folder, 'Bob')]
  const alicesNode = await alice.start()
  const bobsNode = await bob.start('--bootstrap', alicesNode.at)

  assert.equal((await alice.run('contact', 'add', bob.uri)).exitCode, 0)
  await bobsNode.node.line(({ event, from }) => event === 'contact-request' && from === alice.address)
  assert.equal((await bob.run('contact', 'accept', alice.address)).exitCode, 0)
  await until('for the two to be contacts', LIMIT_MS, async () => {
    const [contact] = (await alice.run('contact', 'list')).json
    return contact?.subscription === 'both' ? contact : undefined
  })

  const hello = await alice.run('send', bob.address, 'Hi <Bob> & all', '--wait', 'delivered', '--timeout', '60s')
  assert.equal(hello.exitCode, 0, hello.stderr)
  assert.equal(hello.json[0]?.state, 'delivered')
  const answer = await bob.run('send', alice.address, 'Hi Alice 🔑', '--wait', 'delivered', '--timeout', '60s')
  assert.equal(answer.exitCode, 0, answer.stderr)

  const said = [
    { from: alice.address, to: bob.address, body: 'Hi <Bob> & all' },
    { from: bob.address, to: alice.address, body: 'Hi Alice 🔑' },
  ]
  for (const [of, withWhom] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const shown = await history(of, withWhom)
    assert.deepEqual(
      shown.map(({ from, to, body }) => ({ from, to, body })),
      said,
    )
    assert.deepEqual(
      shown.map(({ direction }) => direction),
      of === alice ? ['out', 'in'] : ['in', 'out'],
    )
    assert.deepEqual(
      shown.map(({ state }) => state),
      of === alice ? ['delivered', 'received'] : ['received', 'delivered'],
    )
    assert.ok(shown.every(({ stamp }) => !Number.isNaN(Date.parse(String(stamp)))))
  }
  assert.equal((await alice.run('status')).exitCode, 0)
  assert.deepEqual(await Promise.all([alicesNode.node.end('SIGTERM'), bobsNode.node.end('SIGINT')]), [0, 0])
})

it('100 messages for Bob, who was killed, arrive once and in order though Alice is killed too', async (t) => {
  const folder = temporaryFolder(t)
  const [alice, bob] = [await somebody(t, folder, 'Alice'), await somebody(t, folder, 'Bob')]
  const alicesNode = await alice.start()
  const bobsNode = await bob.start('--bootstrap', alicesNode.at)
  assert.equal((await bob.run('contact', 'add', alice.uri)).exitCode, 0)
  assert.equal((await alice.run('contact', 'add', bob.uri)).exitCode, 0)
  const first = await alice.run('send', bob.uri, 'first', '--wait', 'delivered', '--timeout', '60s')
  assert.equal(first.exitCode, 0, first.stderr)

  await bobsNode.node.end('SIGKILL')
  const client = await NodeClient.connect(findHome({ home: alice.home }))
  const outgoing = await Outgoing.open(client)
  const texts = Array.from({ length: 100 }, (_, index) => `message ${index}`)
  for (const text of texts) {
    await outgoing.send(bob.address, text)
  }
  client.close()
  await alicesNode.node.end('SIGKILL')
  const orphan = await alice.run('send', bob.address, 'nobody hears this')
  assert.equal(orphan.exitCode, 3, 'the socket of a killed node is no running node')

  const restarted = await alice.start()
  await bob.start('--bootstrap', restarted.at)
  await until('for all messages to arrive', LIMIT_MS, async () => {
    return (await history(bob, alice)).length >= 101 ? true : undefined
  })
  const bodies = (await history(bob, alice)).map(({ body }) => body)
  assert.deepEqual(bodies, ['first', ...texts])
  await until('for Alice to know of it', LIMIT_MS, async () => {
    const shown = await history(alice, bob)
    return shown.every(({ state }) => state === 'delivered') ? shown : undefined
  })
})

it('a message to somebody who is not there stays queued, and waiting for it ends with 4', async (t) => {
  const folder = temporaryFolder(t)
  const [alice, bob] = [await somebody(t, folder, 'Alice'), await somebody(t, folder, 'Bob')]
  await alice.start()
  const sent = await alice.run('send', bob.address, 'are you there?')
  assert.equal(sent.exitCode, 0)
  assert.equal(sent.json[0]?.state, 'queued')
  const waited = await alice.run('send', bob.address, 'hello?', '--wait', 'delivered', '--timeout', '200ms')
  assert.equal(waited.exitCode, 4)
  assert.equal(waited.json[0]?.state, 'queued')
  assert.match(waited.stderr, /^kabber: not delivered within 0.2 s; the message stays queued\n$/)
})

it('two people chat over pipes: history on entry, presence, delivery marks, /quit', async (t) => {
  const folder = temporaryFolder(t)
  const [alice, bob] = [await somebody(t, folder, 'Alice'), await somebody(t, folder, 'Bob')]
  const alicesNode = await alice.start()
  await bob.start('--bootstrap', alicesNode.at)
  await bob.run('contact', 'add', alice.uri)
  await alice.run('contact', 'add', bob.uri)
  await alice.run('send', bob.uri, 'from before', '--wait', 'delivered', '--timeout', '60s')

  const bobsChat = new RunningKabber(t, ['--home', bob.home, '--json', 'chat', 'Alice'])
  await bobsChat.line(({ event, body }) => event === 'history' && body === 'from before')
  const alicesChat = new RunningKabber(t, ['--home', alice.home, '--json', 'chat', bob.address])
  await alicesChat.line(({ event, presence }) => event === 'presence' && presence === 'available')
  alicesChat.write('one\ntwo\n/nonsense\n//slash\n')
  const { id } = await alicesChat.line(({ event }) => event === 'sent')
  await alicesChat.line((line) => line.event === 'message-state' && line.id === id && line.state === 'delivered')
  await bobsChat.line(({ event, body }) => event === 'message' && body === '/slash')
  bobsChat.write('bye\n/quit\n')
  assert.equal(await bobsChat.ended, 0)
  await alicesChat.line(({ event, body }) => event === 'message' && body === 'bye')
  await alicesChat.line(({ event, presence }) => event === 'presence' && presence === 'unavailable')
  alicesChat.endInput()
  assert.equal(await alicesChat.ended, 0)
  const bodies = (await history(alice, bob)).map(({ body }) => body)
  assert.deepEqual(bodies, ['from before', 'one', 'two', '/slash', 'bye'])

  const piped = await kabber(['--home', alice.home, 'chat', 'Bob'], 'the last word\n')
  assert.equal(piped.exitCode, 0)
  assert.match(piped.stdout, /<me> the last word\n {3}✓ delivered: the last word/)
})

it('a contact URI is enough to meet, without bootstrap', async (t) => {
  const folder = temporaryFolder(t)
  const [alice, bob] = [await somebody(t, folder, 'Alice'), await somebody(t, folder, 'Bob')]
  await alice.start()
  await bob.start()
  const { uri } = (await alice.run('whoami')).json[0] as { uri: string }
  assert.equal((await bob.run('contact', 'add', uri)).exitCode, 0)
  const sent = await bob.run('send', 'alice', 'Hi!', '--wait', 'delivered', '--timeout', '60s')
  assert.equal(sent.exitCode, 0, sent.stderr)
  const answer = await alice.run('send', bob.address, 'Hi Bob!', '--wait', 'delivered', '--timeout', '60s')
  assert.equal(answer.exitCode, 0, answer.stderr)
})

it('whoever waits for a delivery hears when the node stops', async (t) => {
  const folder = temporaryFolder(t)
  const [alice, bob] = [await somebody(t, folder, 'Alice'), await somebody(t, folder, 'Bob')]
  const { node } = await alice.start()
  const waiting = alice.run('send', bob.address, 'hello?', '--wait', 'delivered', '--timeout', '10m')
  await until('for the message to be queued', LIMIT_MS, async () => {
    return (await history(alice, bob)).length === 1 ? true : undefined
  })
  assert.equal(await node.end('SIGTERM'), 0)
  const { exitCode, stderr } = await waiting
  assert.equal(exitCode, 1)
  assert.match(stderr, /the node stopped; the message is on its disk/)
})
