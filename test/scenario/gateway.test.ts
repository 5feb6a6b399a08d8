import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Gateway } from '../../src/gateway/gateway.ts'
import { ClientOf, gatewayOf } from '../support/gateway-people.ts'
import { befriend, type Person, type VirtualStage, virtualStage } from '../support/people.ts'

interface Play {
  readonly stage: VirtualStage
  readonly romeo: Person
  readonly juliet: Person
  /** A client of a person, whose gateway is started if need be; available unless said otherwise. */
  client(person: Person, resource: string, presence?: string): Promise<ClientOf>
  leave(person: Person): Promise<void>
  kill(person: Person): Promise<void>
}

async function play(act: (play: Play) => Promise<void>): Promise<void> {
  const stage = virtualStage()
  const gateways = new Map<Person, Gateway>()
  const close = async (person: Person): Promise<void> => {
    const gateway = gateways.get(person)
    gateways.delete(person)
    await stage.run(gateway?.stop() ?? Promise.resolve())
  }
  try {
    const juliet = await stage.person('Juliet')
    const romeo = await stage.person('Romeo')
    await act({
      stage,
      romeo,
      juliet,
      async client(person, resource, presence = '<presence/>') {
        const gateway = gateways.get(person) ?? gatewayOf(person)
        gateways.set(person, gateway)
        const client = new ClientOf(stage, { gateway, account: person.address, resource })
        if (presence !== '') {
          await client.write(presence)
        }
        return client
      },
      async leave(person) {
        await close(person)
        await person.stop()
      },
      async kill(person) {
        gateways.delete(person)
        await person.kill()
      },
    })
  } finally {
    for (const person of [...gateways.keys()]) {
      await close(person)
    }
    await stage.close()
  }
}

const chat = (to: Person | string, body: string): string =>
  `<message to='${typeof to === 'string' ? to : to.address}' type='chat'><body>${body}</body></message>`

test('two people add each other with their clients, see each other come and go, and talk', async () => {
  await play(async ({ stage, romeo, juliet, client }) => {
    const [garden, balcony] = [await client(romeo, 'garden'), await client(juliet, 'balcony')]
    for (const one of [garden, balcony]) {
      await one.write("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
    }
    await garden.write(`<presence type='subscribe' to='${juliet.address}'/>`)
    const asked = (): boolean => balcony.stanzas.some((stanza) => stanza.attribute('type') === 'subscribe')
    await stage.until(juliet, asked)
    await balcony.write(`<presence type='subscribed' to='${romeo.address}'/>`)
    await balcony.write(`<presence type='subscribe' to='${romeo.address}'/>`)
    await stage.until(romeo, () => garden.stanzas.some((stanza) => stanza.attribute('type') === 'subscribe'))
    await garden.write(`<presence type='subscribed' to='${juliet.address}'/>`)
    const sees = (one: ClientOf, from: string): boolean =>
      one.stanzas.some((stanza) => stanza.name === 'presence' && stanza.attribute('from') === from)
    await stage.until(romeo, () => sees(garden, `${juliet.address}/balcony`))
    await stage.until(juliet, () => sees(balcony, `${romeo.address}/garden`))
    assert.ok(romeo.account.rosterItem(juliet.address)?.subscription === 'both')

    await garden.write(chat(juliet, 'I take thee at thy word'))
    await stage.until(juliet, () => balcony.heard.length === 1)
    await balcony.write(chat(`${romeo.address}/garden`, 'What man art thou?'))
    await stage.until(romeo, () => garden.heard.length === 1)

    await balcony.write("<presence type='unavailable'><status>Nurse calls</status></presence>")
    await stage.until(romeo, () =>
      garden.stanzas.some(
        (stanza) => stanza.attribute('type') === 'unavailable' && stanza.child('status') !== undefined,
      ),
    )
  })
})

test('all clients of both sides have the whole conversation', async () => {
  await play(async ({ stage, romeo, juliet, client }) => {
    await befriend(stage, romeo, juliet)
    const garden = await client(romeo, 'garden')
    const street = await client(romeo, 'street')
    const balcony = await client(juliet, 'balcony')
    const orchard = await client(juliet, 'orchard', '<presence><priority>-1</priority></presence>')
    for (const one of [garden, street, balcony, orchard]) {
      one.bound.setCarbons(true)
    }
    await garden.write(chat(juliet, 'one'))
    await stage.until(juliet, () => balcony.heard.length === 1)
    await balcony.write(chat(`${romeo.address}/garden`, 'two'))
    await stage.until(romeo, () => garden.heard.length === 1)
    assert.deepEqual([balcony.heard, orchard.copied, street.copied], [['one'], ['one', 'two'], ['one', 'two']])
    assert.deepEqual([garden.copied, balcony.copied], [[], []])
  })
})

test('a message waits for a client, on a node that dies meanwhile', async () => {
  await play(async ({ stage, romeo, juliet, client, kill }) => {
    await befriend(stage, romeo, juliet)
    const garden = await client(romeo, 'garden')
    const balcony = await client(juliet, 'balcony')
    await garden.write(chat(juliet, 'heard'))
    await stage.until(juliet, () => balcony.heard.length === 1)
    await stage.clock.advance(2_000)
    balcony.bound.ended()
    await garden.write(chat(juliet, 'waits'))
    await stage.until(juliet, () => juliet.events.filter((event) => event.type === 'message').length === 2)
    await kill(juliet)
    await juliet.start()
    const orchard = await client(juliet, 'orchard')
    await stage.until(juliet, () => orchard.heard.length > 0)
    assert.deepEqual(orchard.heard, ['waits'])
    assert.ok(orchard.stanzas.some((stanza) => stanza.child('delay', 'urn:xmpp:delay') !== undefined))
  })
})

test('a client that never confirmed is repeated to after kill -9, under the same stanza id', async () => {
  await play(async ({ stage, romeo, juliet, client, kill }) => {
    await befriend(stage, romeo, juliet)
    const garden = await client(romeo, 'garden')
    const balcony = await client(juliet, 'balcony')
    balcony.port.acknowledges = false
    await garden.write(chat(juliet, 'perhaps'))
    await stage.until(juliet, () => balcony.heard.length === 1)
    await kill(juliet)
    await juliet.start()
    const again = await client(juliet, 'balcony')
    await stage.until(juliet, () => again.heard.length === 1)
    const idOf = (one: ClientOf): string | undefined =>
      one.stanzas
        .map((stanza) => stanza.elements('stanza-id').find((id) => id.attribute('by') === juliet.address))
        .find(Boolean)
        ?.attribute('id')
    assert.ok(idOf(balcony) !== undefined)
    assert.equal(idOf(again), idOf(balcony))
  })
})

test('clients of two people ask each other, strangers learn nothing', async () => {
  await play(async ({ stage, romeo, juliet, client }) => {
    const garden = await client(romeo, 'garden')
    const balcony = await client(juliet, 'balcony')
    const ask = async (id: string, to: string): Promise<void> =>
      await garden.write(`<iq type='get' id='${id}' to='${to}'><query xmlns='jabber:iq:version'/></iq>`)
    const answer = (id: string) => garden.stanzas.find((stanza) => stanza.attribute('id') === id)
    // The nodes know of each other before their owners do.
    await garden.write(chat(juliet, 'Pray, who is there?'))
    await stage.until(juliet, () => balcony.heard.length === 1)
    await ask('stranger', `${juliet.address}/balcony`)
    await ask('nobody', `${juliet.address}/nowhere`)
    await stage.until(romeo, () => answer('stranger') !== undefined && answer('nobody') !== undefined)
    for (const id of ['stranger', 'nobody']) {
      assert.ok(
        answer(id)
          ?.child('error')
          ?.elements()
          .some((child) => child.name === 'service-unavailable'),
        id,
      )
    }
    await befriend(stage, romeo, juliet)
    await ask('friend', `${juliet.address}/balcony`)
    const asked = () => balcony.stanzas.find((stanza) => stanza.name === 'iq')
    await stage.until(juliet, () => asked() !== undefined)
    const { id, from } = asked()!.attributes
    await balcony.write(`<iq type='result' id='${id}' to='${from}'><query xmlns='jabber:iq:version'/></iq>`)
    await stage.until(romeo, () => answer('friend') !== undefined)
    assert.equal(answer('friend')?.attribute('from'), `${juliet.address}/balcony`)
    assert.equal(answer('friend')?.attribute('type'), 'result')
  })
})

const ROSTER = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"
/** Roster items and presence, in the order in which a client was given them. */
const seen = (client: ClientOf, from: number): string[] =>
  client.stanzas.slice(from).flatMap((stanza) => {
    const item = stanza.child('query', 'jabber:iq:roster')?.elements()[0]
    const kind = stanza.name === 'presence' ? (stanza.attribute('type') ?? 'available') : undefined
    return item === undefined ? (kind ?? []) : [`item ${item.attribute('subscription')}`]
  })

test('an approval is told before the presence that it allows, and so is the roster (RFC 6121 §3.1.6)', async () => {
  await play(async ({ stage, romeo, juliet, client }) => {
    const [garden, balcony] = [await client(romeo, 'garden', ROSTER), await client(juliet, 'balcony', ROSTER)]
    await balcony.write('<presence/>')
    await garden.write(`<presence type='subscribe' to='${juliet.address}'/>`)
    await stage.until(juliet, () => seen(balcony, 0).includes('subscribe'))
    const before = garden.stanzas.length
    await balcony.write(`<presence type='subscribed' to='${romeo.address}'/>`)
    await garden.write('<presence/>')
    await stage.until(romeo, () => seen(garden, before).includes('item to'))
    await stage.clock.advance(100)
    const told = seen(garden, before).filter((what) => what !== 'available')
    assert.deepEqual(told, ['subscribed', 'item to'])
    const presence = garden.stanzas.findIndex((stanza) => stanza.attribute('from') === `${juliet.address}/balcony`)
    const push = garden.stanzas.findLastIndex((stanza) => stanza.child('query', 'jabber:iq:roster') !== undefined)
    assert.ok(presence > push, `presence was stanza ${presence}, the push ${push}`)
  })
})

test('a request that is refused makes no roster item, and a removal is one push', async () => {
  await play(async ({ stage, romeo, juliet, client }) => {
    const [garden, balcony] = [await client(romeo, 'garden', ROSTER), await client(juliet, 'balcony', ROSTER)]
    await balcony.write('<presence/>')
    await garden.write(`<presence type='subscribe' to='${juliet.address}'/>`)
    await stage.until(juliet, () => seen(balcony, 0).includes('subscribe'))
    await balcony.write(`<presence type='unsubscribed' to='${romeo.address}'/>`)
    await stage.until(romeo, () => seen(garden, 0).includes('unsubscribed'))
    assert.deepEqual(
      seen(balcony, 0).filter((what) => what.startsWith('item')),
      [],
    )

    await befriend(stage, romeo, juliet)
    await stage.clock.advance(1_000)
    const before = garden.stanzas.length
    const item = `<item jid='${juliet.address}' subscription='remove'/>`
    await garden.write(`<iq type='set' id='rm'><query xmlns='jabber:iq:roster'>${item}</query></iq>`)
    assert.deepEqual(
      seen(garden, before).filter((what) => what.startsWith('item')),
      ['item remove'],
    )
  })
})

test('presence of a stranger reaches the resource it is directed to, and goes with that client', async () => {
  await play(async ({ stage, romeo, juliet, client }) => {
    const [garden, balcony] = [await client(romeo, 'garden'), await client(juliet, 'balcony')]
    await garden.write(`<presence type='subscribe' to='${juliet.address}'/>`)
    await stage.until(juliet, () => seen(balcony, 0).includes('subscribe'))
    await stage.until(romeo, () => romeo.account.isReachable(juliet.address))
    const own = seen(balcony, 0)
    await garden.write(`<presence to='${juliet.address}'/>`)
    await garden.write(`<presence to='${juliet.address}/nowhere'/>`)
    await garden.write(`<presence to='${juliet.address}/balcony'><show>chat</show></presence>`)
    await stage.until(juliet, () => seen(balcony, 0).length > own.length)
    assert.equal(balcony.stanzas.at(-1)?.child('show')?.text(), 'chat')
    garden.bound.ended()
    await stage.until(juliet, () => seen(balcony, 0).length > own.length + 1)
    assert.deepEqual(seen(balcony, 0).slice(own.length), ['available', 'unavailable'])
  })
})

test('groupchat is for a resource or for nobody (RFC 6121 §8.5.2.1.1, §8.5.3.1)', async () => {
  await play(async ({ stage, romeo, juliet, client }) => {
    await befriend(stage, romeo, juliet)
    const [garden, balcony] = [await client(romeo, 'garden'), await client(juliet, 'balcony')]
    const all = (to: string): string => `<message to='${to}' type='groupchat' id='g'><body>all</body></message>`
    await garden.write(all(`${juliet.address}/balcony`))
    await stage.until(juliet, () => balcony.heard.length === 1)
    await garden.write(all(juliet.address))
    const refused = () => garden.stanzas.find((stanza) => stanza.attribute('id') === 'g')
    await stage.until(romeo, () => refused() !== undefined)
    assert.equal(refused()?.child('error')?.elements()[0]?.name, 'service-unavailable')
    assert.equal(balcony.heard.length, 1)
  })
})

test('what nobody can ever take is refused at once', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['nosuch@id.internal', 'service-unavailable'],
    [`00${'ff'.repeat(32)}@id.internal`, 'service-unavailable'],
    ['juliet@example.org/balcony', 'remote-server-not-found'],
    ['example.org', 'remote-server-not-found'],
  ]
  await play(async ({ romeo, client }) => {
    const garden = await client(romeo, 'garden')
    for (const [to, condition] of cases) {
      for (const xml of [
        `<message to='${to}' id='x'><body>x</body></message>`,
        `<iq type='get' to='${to}' id='x'><ping xmlns='urn:xmpp:ping'/></iq>`,
        `<presence type='subscribe' to='${to}' id='x'/>`,
        `<presence to='${to}' id='x'/>`,
      ]) {
        await garden.write(xml)
        const answer = garden.stanzas.at(-1)
        assert.equal(answer?.attribute('from'), to, xml)
        assert.equal(answer?.child('error')?.elements()[0]?.name, condition, xml)
      }
    }
    assert.deepEqual(romeo.account.roster(), [])
  })
})
