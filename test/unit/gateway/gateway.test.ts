import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import { createGateway, type Gateway } from '../../../src/gateway/gateway.ts'
import { gatewayTables } from '../../../src/gateway/schema.ts'
import type { KabberNode } from '../../../src/node/api.ts'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import { FakeAccount } from '../../support/fake-account.ts'
import { FakeClientPort } from '../../support/fake-client-port.ts'
import { MemoryClient } from '../../support/memory-client-connection.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

const XIDS = ['aa', 'bb', 'cc'].map((digits) => `00${digits.repeat(32)}`)
const ADDRESSES = XIDS.map((xid) => `${xid}@id.internal`)
const OPEN =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='id.internal' version='1.0'>"

function world(aliases: readonly (string | undefined)[]): {
  gateway: Gateway
  accounts: FakeAccount[]
  clock: VirtualClock
} {
  const clock = new VirtualClock()
  const accounts = aliases.map((alias, index) => new FakeAccount(ADDRESSES[index]!, alias))
  const node = { peerId: 'peer', accounts, status: () => assert.fail() } as unknown as KabberNode
  const store = new MemoryStore({ version: 3, tables: [...gatewayTables], upgrades: [] })
  const components = { clock, store, random: new SeededRandom('gateway'), logger: new RecordingLogger() }
  const gateway = createGateway(components, { node, version: '0.0.0', websocketPath: '/ws' })
  gateway.start()
  return { gateway, accounts, clock }
}

test('people log in by XID or alias; an alias never stands for the XID of somebody else', async () => {
  const { gateway } = world(['romeo', 'juliet', XIDS[0]])
  const names = ['romeo', 'juliet', XIDS[0]!, XIDS[2]!, 'tybalt', ''].map((name) => gateway.host.findAccount(name))
  assert.deepEqual(names, [ADDRESSES[0], ADDRESSES[1], ADDRESSES[0], ADDRESSES[2], undefined, undefined])
  assert.equal(gateway.host.ownerAccount, ADDRESSES[0])
  await gateway.stop()
})

test('streams announce roster versions, pre-approval and capabilities', async () => {
  const { gateway } = world(['romeo'])
  const features = gateway.host.features(ADDRESSES[0]!).map((feature) => serialize(feature))
  assert.deepEqual(features.slice(0, 2), [
    '<ver xmlns="urn:xmpp:features:rosterver"/>',
    '<sub xmlns="urn:xmpp:features:pre-approval"/>',
  ])
  assert.match(features[2]!, /^<c xmlns="http:\/\/jabber.org\/protocol\/caps"/)
  await gateway.stop()
})

test('accounts on one gateway know nothing of each other', async () => {
  const { gateway, accounts } = world(['romeo', 'juliet'])
  const ports = ADDRESSES.slice(0, 2).map((account) => {
    const port = new FakeClientPort()
    gateway.host.bind({ account, resource: 'same', passwordName: 'p', port })
    return port
  })
  assert.deepEqual(
    ports.map((port) => port.ended),
    [undefined, undefined],
  )
  await gateway.stop()
  assert.deepEqual(
    ports.map((port) => port.ended?.condition),
    ['system-shutdown', 'system-shutdown'],
  )
  assert.equal(accounts.length, 2)
})

/** A client that has logged in as Romeo, over a connection in memory. */
class LoggedIn {
  readonly client: MemoryClient = new MemoryClient()
  readonly #clock: VirtualClock
  #read = 0

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** Everything received since it was read last. */
  get unread(): string {
    return this.client.received.join('').slice(this.#read)
  }

  /** Sends, and waits until what comes back matches. */
  async say(xml: string, answer: RegExp): Promise<void> {
    this.#read = this.client.received.join('').length
    this.client.send(new TextEncoder().encode(xml))
    await this.#clock.runUntil(() => answer.test(this.unread))
  }

  async login(gateway: Gateway, resource: string, password: string): Promise<void> {
    gateway.accept(this.client.connection)
    await this.say(OPEN, /<mechanism>PLAIN<\/mechanism>/)
    const plain = Buffer.from(`\0romeo\0${password}`).toString('base64')
    await this.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`, /<success/)
    await this.say(OPEN, /urn:xmpp:features:rosterver/)
    const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind>`
    await this.say(`<iq type='set' id='b'>${bind}</iq>`, new RegExp(`<jid>${ADDRESSES[0]}/${resource}</jid>`))
  }
}

test('a client with a password gets from the first byte to its first message', async () => {
  const { gateway, accounts, clock } = world(['romeo'])
  const password = await clock.run(gateway.passwords.add(ADDRESSES[0]!, 'laptop'))
  const laptop = new LoggedIn(clock)
  await laptop.login(gateway, 'garden', password)
  await laptop.say('<presence/>', /<presence [^>]*garden/)
  await laptop.say(
    `<message to='${ADDRESSES[0]}' type='chat'><body>note</body></message>`,
    /<body>note<\/body><stanza-id/,
  )
  assert.equal(accounts[0]!.sent.length, 1)
  const stopped = gateway.stop()
  await clock.runUntil(() => /system-shutdown/.test(laptop.unread))
  await clock.run(stopped)
})

test('what a client never acknowledged, its connection broken, reaches the next one', async () => {
  const { gateway, accounts, clock } = world(['romeo'])
  const password = await clock.run(gateway.passwords.add(ADDRESSES[0]!, 'laptop'))
  const first = new LoggedIn(clock)
  await first.login(gateway, 'garden', password)
  await first.say("<enable xmlns='urn:xmpp:sm:3'/>", /<enabled/)
  await first.say('<presence/>', /<presence [^>]*garden/)
  const xml = `<message xmlns='jabber:client' from='${ADDRESSES[1]}/x' to='${ADDRESSES[0]}' type='chat'><body>hi</body></message>`
  accounts[0]!.hear(parseElement(xml))
  await clock.runUntil(() => /<body>hi/.test(first.unread))
  first.client.close()
  const next = new LoggedIn(clock)
  await next.login(gateway, 'home', password)
  await next.say('<presence/>', /<body>hi<\/body><stanza-id [^>]*\/><delay /)
  await clock.run(gateway.stop())
})
