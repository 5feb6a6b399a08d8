import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { newestMessages } from '../../../cli/commands/history.ts'
import { ControlClient } from '../../../cli/control/client.ts'
import { MAX_LINE_BYTES } from '../../../cli/control/messages.ts'
import { controlMethods } from '../../../cli/control/methods.ts'
import { DeliveryWatch, sendMessage } from '../../../cli/control/send-and-wait.ts'
import { ControlServer, type ControlServerInit } from '../../../cli/control/server.ts'
import { type ArchivedMessage, element } from '../../../src/index.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { ALICE, BOB, FakeAccount, fakeNode } from './fake-node.ts'

let folder = ''
let sockets = 0

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kabber-control-'))
})

after(async () => {
  await rm(folder, { recursive: true })
})

interface Door {
  readonly account: FakeAccount
  readonly path: string
  client(): Promise<ControlClient>
  raw(): Promise<Socket>
}

async function openDoor(t: TestContext, options: Partial<ControlServerInit> = {}): Promise<Door> {
  const account = new FakeAccount()
  const path = join(folder, `${++sockets}.sock`)
  const methods = controlMethods(fakeNode(account))
  const server = new ControlServer({ path, methods, logger: new RecordingLogger(), ...options })
  await server.start()
  t.after(() => server.stop())
  return {
    account,
    path,
    client: async () => {
      const client = await ControlClient.connect({ path: folder, controlSocketPath: path, exists: () => true })
      t.after(() => client.close())
      return client
    },
    raw: async () => {
      const socket = connect(path)
      socket.on('error', () => {})
      t.after(() => socket.destroy())
      // Closed at once if more wait at the door than the system lets.
      await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
      return socket
    },
  }
}

/** Everything the socket receives until the other end closes it. */
async function received(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString()
  })
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}

function archived(index: number, body: string): ArchivedMessage {
  const stanza = element('message', 'jabber:client')
  const id = `m${index}`
  return { id, peer: BOB, direction: 'in', from: BOB, to: ALICE, body, stampMs: index, state: 'received', stanza }
}

describe('the control socket', () => {
  it('belongs to its owner alone', async (t) => {
    const { path } = await openDoor(t)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  it('replaces the file that a killed node left behind', async (t) => {
    await writeFile(join(folder, `${sockets + 1}.sock`), '')
    const { client } = await openDoor(t)
    assert.equal((await (await client()).request<{ peerId: string }>('status')).peerId, '12D3KooWFake')
  })

  it('tells a client without a node how to start one', async () => {
    const home = { path: '/some/home', controlSocketPath: join(folder, 'nobody.sock') }
    const withAccount = ControlClient.connect({ ...home, exists: () => true })
    await assert.rejects(withAccount, { exitCode: 3, message: /kabber --home \/some\/home start/ })
    const without = ControlClient.connect({ ...home, exists: () => false })
    await assert.rejects(without, { exitCode: 3, message: /kabber --home \/some\/home init/ })
  })

  it('sends a message to an address and tells when it was delivered', async (t) => {
    const { account, client } = await openDoor(t)
    account.onSend = (_message, id) => account.emit({ type: 'message-state', id, peer: BOB, state: 'delivered' })
    const connected = await client()
    const watch = await DeliveryWatch.open(connected)
    const sent = await sendMessage(connected, BOB, 'hi & bye')
    assert.deepEqual(await watch.settled(sent, 60_000), { id: sent.id, state: 'delivered' })
    assert.equal(account.sent[0]?.attribute('to'), BOB)
    assert.equal(account.sent[0]?.child('body')?.text(), 'hi & bye')
  })

  it('leaves a message queued when its time is over', async (t) => {
    const { client } = await openDoor(t)
    const connected = await client()
    const watch = await DeliveryWatch.open(connected)
    const sent = await sendMessage(connected, BOB, 'hi')
    assert.deepEqual(await watch.settled(sent, 1), { id: sent.id, state: 'queued' })
  })

  it('tells with how many custodians a message is stored, which is not yet delivered', async (t) => {
    const { account, client } = await openDoor(t)
    account.onSend = (_message, id) =>
      account.emit({ type: 'message-state', id, peer: BOB, state: 'stored', receipts: 6, of: 10 })
    const connected = await client()
    const watch = await DeliveryWatch.open(connected)
    const sent = await sendMessage(connected, BOB, 'hi')
    const stored = { id: sent.id, state: 'stored', receipts: 6, of: 10 }
    assert.deepEqual(await watch.settled(sent, 60_000, 'stored'), stored)
    assert.deepEqual(await watch.settled(sent, 1, 'delivered'), stored)
    const delivery = watch.settled(sent, 60_000, 'delivered')
    account.emit({ type: 'message-state', id: sent.id, peer: BOB, state: 'delivered' })
    assert.equal((await delivery).state, 'delivered')
  })

  it('a message that is delivered at once need not be stored, and one that failed never will be', async (t) => {
    const { account, client } = await openDoor(t)
    for (const state of ['delivered', 'failed'] as const) {
      account.onSend = (_message, id) => account.emit({ type: 'message-state', id, peer: BOB, state })
      const connected = await client()
      const watch = await DeliveryWatch.open(connected)
      const settled = await watch.settled(await sendMessage(connected, BOB, 'hi'), 60_000, 'stored')
      assert.equal(settled.state, state)
    }
  })

  it('finds a contact by name, and refuses names that two have', async (t) => {
    const { account, client } = await openDoor(t)
    const connected = await client()
    await connected.request('contact-add', { address: BOB, name: 'Bob' })
    await sendMessage(connected, 'bob', 'hi')
    assert.equal(account.sent[0]?.attribute('to'), BOB)
    account.entries.push({ jid: ALICE, name: 'BOB', subscription: 'both', ask: false, pendingIn: false })
    await assert.rejects(sendMessage(connected, 'bob', 'hi'), { exitCode: 1, message: /2 contacts are called/ })
  })

  it('refuses an address with a wrong character as wrong input', async (t) => {
    const { client } = await openDoor(t)
    const connected = await client()
    for (const address of [BOB.replace('3d40', '2d40'), `xmpp:${BOB}?roster;check=aaaaa`, 'nobody', `${BOB}x`, '@']) {
      await assert.rejects(sendMessage(connected, address, 'hi'), { exitCode: 2, condition: 'jid-malformed' }, address)
    }
  })

  it('gives the whole history, oldest first, over as many answers as it needs', async (t) => {
    const { account, client } = await openDoor(t)
    for (let index = 0; index < 1_500; index++) {
      account.messages.push(archived(index, index % 500 === 0 ? 'ü'.repeat(200_000) : `text ${index}`))
    }
    const connected = await client()
    const all = await newestMessages(connected, BOB, 1_000_000)
    assert.deepEqual(
      all.map(({ id }) => id),
      account.messages.map(({ id }) => id),
    )
    const newest = await newestMessages(connected, BOB, 2)
    assert.deepEqual(
      newest.map(({ body }) => body),
      ['text 1498', 'text 1499'],
    )
  })

  it('shows its owner as available while somebody chats, else as away', async (t) => {
    const { account, client } = await openDoor(t)
    const shows = (): (string | undefined)[] => account.presences.map((presence) => presence?.child('show')?.text())
    const [first, second] = [await client(), await client()]
    await first.request('subscribe', { available: true })
    await second.request('subscribe', { available: true })
    first.close()
    await first.closed
    assert.deepEqual(shows(), ['away', undefined])
    second.close()
    // The node learns of the end when it reads it: by the next request it surely has.
    const third = await client()
    while (account.listenerCount > 0) {
      await third.request('status')
    }
    assert.deepEqual(shows(), ['away', undefined, 'away'])
  })

  it('answers requests of which it knows nothing, and lives on', async (t) => {
    const { client } = await openDoor(t)
    const connected = await client()
    await assert.rejects(connected.request('toString'), { exitCode: 1 })
    await assert.rejects(connected.request('send', { address: 5 }), { exitCode: 2 })
    await connected.request('status')
  })
})

describe('bad input on the control socket', () => {
  for (const [what, bytes] of [
    ['no JSON', Buffer.from('hello\n')],
    ['JSON of another shape', Buffer.from('[1,2]\n')],
    ['a request without id', Buffer.from('{"method":"status"}\n')],
    ['null', Buffer.from('null\n')],
    ['what is not UTF-8', Buffer.from([0xff, 0xfe, 0x0a])],
    ['an endless line', Buffer.alloc(MAX_LINE_BYTES + 1, 0x61)],
  ] as const) {
    it(`${what} closes that connection with a reason, and no other`, async (t) => {
      const { client, raw } = await openDoor(t)
      const other = await client()
      const socket = await raw()
      const answer = received(socket)
      socket.write(bytes)
      assert.match(await answer, /"condition":"bad-request"/)
      await other.request('status')
    })
  }

  it('a reader that stops reading is cut off instead of filling memory', async (t) => {
    const { account, raw } = await openDoor(t)
    const socket = await raw()
    socket.write('{"id":1,"method":"subscribe"}\n')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.pause()
    const message = archived(1, 'x'.repeat(100_000))
    for (let index = 0; index < 200 && account.listenerCount > 0; index++) {
      account.emit({ type: 'message', message })
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(account.listenerCount, 0)
  })

  it('a thousand silent connections are bounded, and gone after a while', async (t) => {
    const { client, raw } = await openDoor(t, { idleTimeoutMs: 50 })
    const silent = await Promise.all(Array.from({ length: 1_000 }, raw))
    await Promise.all(
      silent.map((socket) => socket.closed || new Promise((resolve) => socket.resume().once('close', resolve))),
    )
    await (await client()).request('status')
  })
})
