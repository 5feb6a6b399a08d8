import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { newestMessages } from '../../../cli/client/archive.ts'
import { incomingEvents } from '../../../cli/client/incoming.ts'
import { NodeClient } from '../../../cli/client/node-client.ts'
import { Outgoing } from '../../../cli/client/outgoing.ts'
import { type Element, element, NS_CLIENT, NS_OWNER, StreamParser, serialize } from '../../../src/client.ts'
import { DEFAULT_XML_LIMITS } from '../../../src/xml/xml-limits.ts'
import { temporaryFolder } from '../../support/kabber-process.ts'

const ALICE = `00${'aa'.repeat(32)}@id.internal`
const BOB = `00${'bb'.repeat(32)}@id.internal`
const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='id.internal' id='1' version='1.0'>`

/** The node's side of the socket, played by a test: logs everybody in, then leaves stanzas to `answer`. */
class FakeNode {
  answer: (stanza: Element) => void = () => {}
  readonly heard: Element[] = []
  #socket: Socket | undefined

  async connect(t: TestContext): Promise<NodeClient> {
    const folder = temporaryFolder(t)
    const path = join(folder, 'control.sock')
    const server = createServer((socket) => this.#serve(socket))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    t.after(() => {
      this.#socket?.destroy()
      server.close()
    })
    const client = await NodeClient.connect({ path: folder, controlSocketPath: path, exists: () => true })
    t.after(() => client.close())
    return client
  }

  say(xml: string): void {
    this.#socket?.write(xml)
  }

  result(iq: Element, payload = ''): void {
    this.say(`<iq type='result' id='${iq.attribute('id')}'>${payload}</iq>`)
  }

  hangUp(): void {
    this.#socket?.destroy()
  }

  #serve(socket: Socket): void {
    this.#socket = socket
    const parser = new StreamParser(DEFAULT_XML_LIMITS)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      parser.push(chunk)
      for (let event = parser.next(); event !== undefined; event = parser.next()) {
        if (event.type === 'header') {
          this.say(`${HEADER}<stream:features/>`)
        } else if (event.type === 'element' && event.element.name === 'auth') {
          parser.restart()
          this.say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
        } else if (event.type === 'element') {
          this.#hear(event.element)
        }
      }
    })
  }

  #hear(stanza: Element): void {
    if (stanza.attribute('id') === 'bind') {
      this.result(stanza, `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>${ALICE}/cli</jid></bind>`)
      return
    }
    this.heard.push(stanza)
    this.answer(stanza)
  }
}

const WHOAMI = element('whoami', NS_OWNER)

describe('a command as a client of its node', () => {
  it('logs in as the owner and learns its address', async (t) => {
    const client = await new FakeNode().connect(t)
    assert.equal(client.jid, `${ALICE}/cli`)
    assert.equal(client.address, ALICE)
  })

  it('says that no node runs where nobody listens', async (t) => {
    const path = temporaryFolder(t)
    const home = { path, controlSocketPath: join(path, 'control.sock'), exists: () => true }
    await assert.rejects(NodeClient.connect(home), { condition: 'no-node', exitCode: 3 })
  })

  it('gets the payload of a result, and the error of an error', async (t) => {
    const node = new FakeNode()
    const client = await node.connect(t)
    node.answer = (iq) => node.result(iq, `<whoami xmlns='${NS_OWNER}' address='x'/>`)
    assert.equal((await client.query('get', WHOAMI))?.attribute('address'), 'x')
    const error = (condition: string): string =>
      `<error type='cancel'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>why</text></error>`
    node.answer = (iq) => node.say(`<iq type='error' id='${iq.attribute('id')}'>${error('conflict')}</iq>`)
    await assert.rejects(client.query('get', WHOAMI), { condition: 'conflict', message: 'why', exitCode: 1 })
    node.answer = (iq) => node.say(`<iq type='error' id='${iq.attribute('id')}'>${error('bad-request')}</iq>`)
    await assert.rejects(client.query('get', WHOAMI), { condition: 'bad-request', exitCode: 2 })
  })

  it('hears that the node is gone, also when it says so in the stream', async (t) => {
    const node = new FakeNode()
    const client = await node.connect(t)
    node.answer = () => node.say('<stream:error/></stream:stream>')
    await assert.rejects(client.query('get', WHOAMI), { condition: 'service-unavailable' })
    await client.closed
    await assert.rejects(client.query('get', WHOAMI), { condition: 'service-unavailable' })
  })

  it('leaves when the node sends no XML', async (t) => {
    const node = new FakeNode()
    const client = await node.connect(t)
    node.answer = () => node.say('<a></b>')
    await assert.rejects(client.query('get', WHOAMI), { condition: 'service-unavailable' })
  })

  it('answers what it is asked with service-unavailable', async (t) => {
    const node = new FakeNode()
    await node.connect(t)
    const { promise, resolve } = Promise.withResolvers<Element>()
    node.answer = resolve
    node.say(`<iq type='get' id='q' from='${BOB}/x'><ping xmlns='urn:xmpp:ping'/></iq>`)
    assert.match(serialize(await promise), /id="q" to="00bb.*type="error".*<service-unavailable/)
  })
})

describe('messages that a command sends', () => {
  const state = (attributes: string): string =>
    `<message from='${ALICE}' type='headline'><state xmlns='${NS_OWNER}' ${attributes}/></message>`

  async function open(t: TestContext): Promise<{ node: FakeNode; outgoing: Outgoing; client: NodeClient }> {
    const node = new FakeNode()
    const client = await node.connect(t)
    node.answer = (stanza) => {
      if (stanza.name === 'iq') {
        node.result(stanza)
      } else {
        node.say(state(`id='n1' peer='${BOB}' state='queued' stanza-id='${stanza.attribute('id')}'`))
      }
    }
    return { node, client, outgoing: await Outgoing.open(client) }
  }

  it('are sent when the node has them on disk, and waited for', async (t) => {
    const { node, outgoing } = await open(t)
    const sent = await outgoing.send(BOB, 'Hi <&>')
    assert.deepEqual(sent, { id: 'n1', state: 'queued' })
    assert.equal(node.heard.at(-1)?.child('body', NS_CLIENT)?.text(), 'Hi <&>')
    const stored = outgoing.settled(sent, 60_000, 'stored')
    node.say(state(`id='n1' peer='${BOB}' state='stored' receipts='6' of='10'`))
    assert.deepEqual(await stored, { id: 'n1', state: 'stored', receipts: 6, of: 10 })
    assert.equal((await outgoing.settled(sent, 0)).state, 'stored', 'time is up')
  })

  it('are refused with the reason of the node', async (t) => {
    const { node, outgoing } = await open(t)
    node.answer = (message) =>
      node.say(
        `<message type='error' id='${message.attribute('id')}'><error type='modify'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
      )
    await assert.rejects(outgoing.send(BOB, 'x'), { condition: 'policy-violation' })
  })

  it('are not believed to be delivered because somebody else says so', async (t) => {
    const { node, outgoing } = await open(t)
    const sent = await outgoing.send(BOB, 'Hi')
    node.say(state(`id='n1' peer='${BOB}' state='delivered'`).replace(ALICE, `${BOB}/x`))
    node.say(state(`id='n1' peer='${BOB}' state='stored' receipts='1' of='1'`))
    assert.equal((await outgoing.settled(sent, 60_000, 'stored')).state, 'stored')
  })

  it('are no longer waited for when the node stops', async (t) => {
    const { node, outgoing } = await open(t)
    const sent = await outgoing.send(BOB, 'Hi')
    const waiting = outgoing.settled(sent, 60_000)
    node.hangUp()
    await assert.rejects(waiting, { condition: 'service-unavailable' })
  })
})

describe('the archive as a command reads it', () => {
  const result = (query: string, id: string, body: string, from = ALICE): string =>
    `<message from='${from}'><result xmlns='urn:xmpp:mam:2' queryid='${query}' id='${id}'><forwarded xmlns='urn:xmpp:forward:0'>` +
    `<delay xmlns='urn:xmpp:delay' stamp='2026-11-22T12:00:00.123Z'/><message xmlns='jabber:client' from='${BOB}/phone' to='${ALICE}'>${body}</message></forwarded></result></message>`
  const fin = (first: string, complete: boolean): string =>
    `<fin xmlns='urn:xmpp:mam:2' complete='${complete}'><set xmlns='http://jabber.org/protocol/rsm'><first>${first}</first></set></fin>`

  it('comes page by page from its end, with ids and states; forged results and messages without text are left out', async (t) => {
    const node = new FakeNode()
    const client = await node.connect(t)
    node.answer = (iq) => {
      const [payload] = iq.elements()
      const query = payload?.attribute('queryid') ?? ''
      const before = payload?.child('set', 'http://jabber.org/protocol/rsm')?.child('before')?.text()
      if (payload?.name === 'states') {
        const states = payload.elements('message').map((message) => message.attribute('archive-id'))
        const known = states.map((id) => `<message archive-id='${id}' id='n${id}' state='received' direction='in'/>`)
        node.result(iq, `<states xmlns='${NS_OWNER}'>${known.join('')}</states>`)
      } else if (before === '') {
        node.say(result(query, '7', '<body>forged</body>', `${BOB}/x`) + result('other', '8', '<body>other</body>'))
        node.say(result(query, '5', '<body>two</body>') + result(query, '6', '<active xmlns="x"/>'))
        node.result(iq, fin('5', false))
      } else {
        assert.equal(before, '5')
        node.say(result(query, '4', '<body>one</body>'))
        node.result(iq, fin('4', true))
      }
    }
    const messages = await newestMessages(client, BOB, 10)
    assert.deepEqual(
      messages.map(({ id, archiveId, body, from, stamp }) => [id, archiveId, body, from, stamp]),
      [
        ['n4', '4', 'one', BOB, '2026-11-22T12:00:00.123Z'],
        ['n5', '5', 'two', BOB, '2026-11-22T12:00:00.123Z'],
      ],
    )
  })
})

describe('what a chat receives', () => {
  it('is told once and in order, with presence over all resources', async (t) => {
    const node = new FakeNode()
    const client = await node.connect(t)
    node.answer = (iq) => node.result(iq)
    const told: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    incomingEvents(client, '10', (event) => {
      told.push(event.event === 'message' ? event.message.body : event.presence)
      if (told.at(-1) === 'last') {
        resolve()
      }
    })
    const message = (id: string, body: string): string =>
      `<message from='${BOB}/a' to='${ALICE}' type='chat'><body>${body}</body><stanza-id xmlns='urn:xmpp:sid:0' by='${ALICE}' id='${id}'/></message>`
    node.say(message('9', 'known from the history') + message('10', 'this too') + message('11', 'new'))
    node.say(`<presence from='${BOB}/a'><show>dnd</show></presence><presence from='${BOB}/b'/>`)
    node.say(`<presence from='${BOB}/b' type='unavailable'/><presence from='${BOB}' type='subscribe'/>`)
    node.say(`<presence from='${BOB}' type='unavailable'/>`)
    node.say(`<message from='${BOB}/a'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`)
    node.say(message('12', 'last'))
    await promise
    assert.deepEqual(told, ['new', 'dnd', 'available', 'dnd', 'unavailable', 'last'])
  })
})
