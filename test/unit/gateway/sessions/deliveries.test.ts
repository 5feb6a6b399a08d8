import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deliveredTable } from '../../../../src/gateway/tables/delivered.ts'
import { HubWorld, ROMEO, type TestClient } from './hub-world.ts'

const message = (body: string, to = 'romeo@net'): string =>
  `<message from='juliet@net/x' to='${to}' type='chat'><body>${body}</body></message>`

function bodies(client: TestClient): string[] {
  return client.read().flatMap((xml) => /^<message.*?<body>(.*?)<\/body>/.exec(xml)?.[1] ?? [])
}

function remembered(world: HubWorld): string | undefined {
  return world.store.read.get(deliveredTable, [ROMEO])?.archive_id
}

test('messages wait for a client and come in order, with their time', async () => {
  const world = new HubWorld()
  world.hear(message('one'))
  world.hear(message('two'))
  const garden = world.bind('garden')
  await garden.write('<presence/>')
  await world.settle()
  const stanzas = garden.read().filter((xml) => xml.startsWith('<message'))
  assert.equal(
    stanzas[0],
    '<message from="juliet@net/x" to="romeo@net" type="chat"><body>one</body>' +
      '<stanza-id xmlns="urn:xmpp:sid:0" id="100" by="romeo@net"/>' +
      '<delay xmlns="urn:xmpp:delay" from="romeo@net" stamp="2026-01-01T00:00:00.000Z"/></message>',
  )
  assert.equal(stanzas.length, 2)
  world.hear(message('three'))
  assert.doesNotMatch(garden.read()[0]!, /delay/)
})

test('a client of negative priority gets nothing that waits, until its priority rises', async () => {
  const world = new HubWorld()
  world.hear(message('one'))
  const garden = await world.online('garden', { priority: -1 })
  world.hear(message('to you', 'romeo@net/garden'))
  assert.deepEqual(bodies(garden), ['to you'])
  await garden.write('<presence/>')
  await world.settle()
  assert.deepEqual(bodies(garden), ['one'])
})

test('what was delivered once does not come again, also after a restart', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  world.hear(message('one'))
  world.hear(message('two'))
  await world.clock.advance(1_000)
  assert.equal(remembered(world), '101')
  garden.bound.ended()
  world.hear(message('three'))
  const again = await world.online('garden')
  again.port.acknowledges = true
  await world.settle()
  await world.hub.stop()
  assert.equal(remembered(world), '102')
  const restarted = new HubWorld({ account: world.account, store: world.store })
  const home = restarted.bind('home')
  await home.write('<presence/>')
  await restarted.settle()
  assert.deepEqual(bodies(home), [])
})

test('what a client never acknowledged comes again, in order, without what others have had', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  garden.port.acknowledges = false
  for (const body of ['one', 'two', 'three']) {
    world.hear(message(body))
  }
  garden.port.settle('delivered', 1)
  garden.bound.ended()
  garden.port.settle('lost')
  assert.deepEqual(bodies(garden), ['one', 'two', 'three'])
  world.hear(message('four'))
  const home = world.bind('home')
  await home.write('<presence/>')
  await world.settle()
  assert.deepEqual(bodies(home), ['two', 'three', 'four'])
})

test('a message that one of two clients has is not lost with the other', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const home = await world.online('home')
  garden.port.acknowledges = false
  bodies(home)
  world.hear(message('one'))
  await world.settle()
  garden.bound.ended()
  garden.port.settle('lost')
  await world.clock.advance(1_000)
  assert.deepEqual(bodies(home), ['one'])
  assert.equal(remembered(world), '100')
})

test('a client that takes nothing any more gets what waits when it does, and is not asked meanwhile', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  garden.port.isFull = true
  world.hear(message('one'))
  world.hear(message('two'))
  await world.clock.advance(10_000)
  assert.deepEqual(bodies(garden), [])
  garden.port.isFull = false
  await world.clock.advance(1_000)
  assert.deepEqual(bodies(garden), ['one', 'two'])
})

test('a thousand messages that wait go out a window at a time, each once', async () => {
  const world = new HubWorld()
  const expected = Array.from({ length: 1_000 }, (_, index) => `message ${index}`)
  for (const body of expected) {
    world.hear(message(body))
  }
  const garden = world.bind('garden')
  garden.port.acknowledges = false
  await garden.write('<presence/>')
  const heard = bodies(garden)
  assert.equal(heard.length, 128)
  while (heard.length < expected.length) {
    garden.port.settle('delivered', 100)
    await world.settle()
    const more = bodies(garden)
    assert.ok(more.length > 0)
    heard.push(...more)
  }
  assert.deepEqual(heard, expected)
})

test('nothing is remembered that no client has', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  garden.port.acknowledges = false
  for (const body of ['one', 'two', 'three']) {
    world.hear(message(body))
  }
  garden.port.settle('delivered', 2)
  await world.clock.advance(1_000)
  assert.equal(remembered(world), '101')
})

test('a message of which every client dies does not keep the others from arriving', async () => {
  const world = new HubWorld()
  world.hear(message('deadly'))
  world.hear(message('harmless'))
  const heard: string[] = []
  for (let login = 0; login < 65; login++) {
    const garden = world.bind('garden')
    garden.port.acknowledges = false
    await garden.write('<presence/>')
    heard.push(bodies(garden).join(' '))
    garden.bound.ended()
    garden.port.settle('lost')
  }
  assert.deepEqual(heard, [...Array(64).fill('deadly harmless'), 'harmless'])
})

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('hear' as const) }) },
  fc.record({ do: fc.constant('come' as const), client: fc.nat(2) }),
  fc.record({ do: fc.constant('go' as const), client: fc.nat(2) }),
  fc.record({ do: fc.constant('settle' as const), client: fc.nat(2), count: fc.nat(4) }),
  fc.record({ do: fc.constant('fill' as const), client: fc.nat(2), isFull: fc.boolean() }),
  fc.record({ do: fc.constant('crash' as const) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(10, 300, 1_500) }),
)

test('whatever clients do and however often the node dies, every message reaches one in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      let world = new HubWorld()
      let heard = 0
      const all: TestClient[] = []
      const clients = new Map<number, TestClient>()
      const leave = (client: TestClient | undefined): void => {
        client?.bound.ended()
        client?.port.settle('lost')
      }
      for (const action of steps) {
        const client = 'client' in action ? clients.get(action.client) : undefined
        if (action.do === 'hear') {
          world.hear(message(String(heard++)))
        } else if (action.do === 'wait') {
          await world.clock.advance(action.ms)
        } else if (action.do === 'crash') {
          world = new HubWorld({ account: world.account, store: world.store.crash() })
          clients.clear()
        } else if (action.do === 'come') {
          const arrived = world.bind(`client ${action.client}`)
          arrived.port.acknowledges = false
          clients.set(action.client, arrived)
          all.push(arrived)
          await arrived.write('<presence/>')
          leave(client)
        } else if (action.do === 'go') {
          clients.delete(action.client)
          leave(client)
        } else if (client !== undefined && action.do === 'fill') {
          client.port.isFull = action.isFull
        } else if (client !== undefined && action.do === 'settle') {
          client.port.settle('delivered', action.count)
        }
      }
      for (const client of clients.values()) {
        leave(client)
      }
      all.push(world.bind('last'))
      await all.at(-1)!.write('<presence/>')
      await world.clock.advance(2_000)
      const reached = new Set(all.flatMap(({ port }) => port.acknowledged.map((had) => had.child('body')?.text())))
      for (let body = 0; body < heard; body++) {
        assert.ok(reached.has(String(body)), `message ${body} reached nobody`)
      }
    }),
    { numRuns: 100 },
  )
})
