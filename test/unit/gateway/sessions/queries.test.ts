import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Feature } from '../../../../src/gateway/features/feature.ts'
import { element } from '../../../../src/xml/element.ts'
import { serialize } from '../../../../src/xml/serializer.ts'
import { replyTo } from '../../../../src/xmpp/stanza.ts'
import { StanzaError } from '../../../../src/xmpp/stanza-error.ts'
import { HubWorld, JULIET, ROMEO, shorten, stanza, TYBALT } from './hub-world.ts'

const PING = "<ping xmlns='urn:xmpp:ping'/>"
const ask = async (world: HubWorld, text: string): Promise<string> =>
  shorten(serialize(await world.account.ask(stanza(text))))

/** A feature that says how it was asked. */
const echo: Feature = {
  payloads: { account: ['urn:echo'], server: ['urn:echo'], upload: ['urn:upload'] },
  handle: async ({ type, payload, from, session }) => {
    if (payload.name === 'fail') {
      throw new Error('a bug')
    }
    if (payload.name === 'forbid') {
      throw new StanzaError('forbidden')
    }
    const asker = session === undefined ? 'stranger' : 'owner'
    return payload.name === 'empty' ? undefined : element('echo', 'urn:echo', { type, asker, from: from.toString() })
  },
}

test('iqs for the server go to the feature that knows the payload at that address', async () => {
  const world = new HubWorld({ features: [() => echo] })
  const garden = world.bind('garden')
  const answer = async (text: string): Promise<string> => {
    await garden.write(text)
    return garden.read().join()
  }
  const echoed = '<echo xmlns="urn:echo" type="get" asker="owner" from="romeo@net/garden"/></iq>'
  const payload = "<echo xmlns='urn:echo'/>"
  assert.equal(
    await answer(`<iq type='get' id='1'>${payload}</iq>`),
    `<iq to="romeo@net/garden" id="1" type="result">${echoed}`,
  )
  assert.equal(
    await answer(`<iq type='get' id='2' to='romeo@net'>${payload}</iq>`),
    `<iq from="romeo@net" to="romeo@net/garden" id="2" type="result">${echoed}`,
  )
  assert.match(await answer(`<iq type='get' id='3' to='id.internal'>${payload}</iq>`), /from="id.internal".*result/)
  assert.match(
    await answer("<iq type='set' id='4' to='upload.id.internal'><empty xmlns='urn:upload'/></iq>"),
    /"result"\/>/,
  )
  assert.match(await answer(`<iq type='get' id='5' to='upload.id.internal'>${payload}</iq>`), /service-unavailable/)
  assert.match(await answer(`<iq type='get' id='6' to='id.internal/x'>${payload}</iq>`), /service-unavailable/)
  assert.match(await answer(`<iq type='get' id='7' to='rooms.id.internal'>${payload}</iq>`), /service-unavailable/)
  assert.match(await answer("<iq type='get' id='8'><unknown xmlns='urn:unknown'/></iq>"), /service-unavailable/)
  assert.match(await answer("<iq type='get' id='9'><forbid xmlns='urn:echo'/></iq>"), /forbidden/)
  assert.match(await answer("<iq type='get' id='a'><fail xmlns='urn:echo'/></iq>"), /internal-server-error/)
  assert.equal(world.account.asked.length, 0)
})

test('iqs that RFC 6120 §8.2.3 does not allow are refused', async () => {
  const world = new HubWorld()
  const garden = world.bind('garden')
  for (const text of [
    `<iq type='get'>${PING}</iq>`,
    `<iq id='1'>${PING}</iq>`,
    "<iq type='get' id='1'/>",
    `<iq type='get' id='1'>${PING}${PING}</iq>`,
    `<iq type='order' id='1'>${PING}</iq>`,
  ]) {
    await garden.write(text)
    assert.match(garden.read().join(), /type="error".*bad-request/, text)
  }
})

test('clients ask each other, and only the asked one can answer', async () => {
  const world = new HubWorld()
  const [garden, home, street] = [world.bind('garden'), world.bind('home'), world.bind('street')]
  await garden.write(`<iq type='get' id='p' to='romeo@net/home'>${PING}</iq>`)
  const [question] = home.read()
  assert.match(question!, /^<iq type="get" id="[0-9a-f]{24}" to="romeo@net\/home" from="romeo@net\/garden">/)
  const id = /id="(.*?)"/.exec(question!)![1]
  await street.write(`<iq type='result' id='${id}' to='romeo@net/garden'/>`)
  await home.write(`<iq type='result' id='${id}' to='romeo@net/street'/>`)
  await home.write("<iq type='result' id='p' to='romeo@net/garden'/>")
  assert.deepEqual(garden.read(), [])
  await home.write(`<iq type='result' id='${id}' to='romeo@net/garden'/>`)
  await home.write(`<iq type='result' id='${id}' to='romeo@net/garden'/>`)
  await world.settle()
  assert.deepEqual(garden.read(), ['<iq type="result" id="p" to="romeo@net/garden" from="romeo@net/home"/>'])
  await garden.write(`<iq type='get' id='q' to='romeo@net/nobody'>${PING}</iq>`)
  await world.settle()
  assert.match(garden.read().join(), /id="q" type="error".*service-unavailable/)
})

test('a client that does not answer, or goes, is answered for', async () => {
  const world = new HubWorld()
  const [garden, home] = [world.bind('garden'), world.bind('home')]
  await garden.write(`<iq type='get' id='1' to='romeo@net/home'>${PING}</iq>`)
  await world.clock.advance(60_000)
  assert.match(garden.read().join(), /id="1" type="error".*remote-server-timeout/)
  await garden.write(`<iq type='get' id='2' to='romeo@net/home'>${PING}</iq>`)
  home.bound.ended()
  await world.settle()
  assert.match(garden.read().join(), /id="2" type="error".*service-unavailable/)
  const street = world.bind('street')
  street.port.acknowledges = false
  await garden.write(`<iq type='get' id='3' to='romeo@net/street'>${PING}</iq>`)
  street.port.settle('lost')
  await world.settle()
  assert.match(garden.read().join(), /id="3" type="error".*service-unavailable/)
})

test('iqs to others go over the network, many at a time, and are answered under their own id', async () => {
  const world = new HubWorld()
  const garden = world.bind('garden')
  const waiting: (() => void)[] = []
  world.account.answer = (iq) =>
    new Promise((resolve) => waiting.push(() => resolve(replyTo(iq).withAttributes({ id: 'other' }))))
  await garden.write(`<iq type='get' id='1' to='juliet@net/x'>${PING}</iq>`)
  await garden.write(`<iq type='get' id='2' to='juliet@net/x'>${PING}</iq>`)
  assert.equal(world.account.asked[0]!.attribute('from'), `${ROMEO}/garden`)
  waiting[1]!()
  await world.settle()
  assert.deepEqual(garden.read(), ['<iq from="juliet@net/x" to="romeo@net/garden" id="2" type="result"/>'])
  waiting[0]!()
  await world.settle()
  assert.equal(garden.read().length, 1)
})

test('iqs to others have a time and a bound', async () => {
  const world = new HubWorld()
  const garden = world.bind('garden')
  for (let index = 0; index < 65; index++) {
    await garden.write(`<iq type='get' id='q${index}' to='juliet@net/x'>${PING}</iq>`)
  }
  await world.settle()
  assert.match(garden.read().join(), /^<iq from="juliet@net\/x" to="romeo@net\/garden" id="q64".*resource-constraint/)
  await world.clock.advance(60_000)
  const errors = garden.read()
  assert.equal(errors.length, 64)
  assert.ok(errors.every((xml) => xml.includes('remote-server-timeout')))
  await garden.write(`<iq type='get' id='again' to='juliet@net/x'>${PING}</iq>`)
  garden.bound.ended()
  await world.settle()
})

test('others ask a client only if they may see its presence', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const silent = world.bind('silent')
  const question = (resource: string): string =>
    `<iq type='get' id='n' from='juliet@net/x' to='romeo@net/${resource}'>${PING}</iq>`
  const refused = await ask(world, question('nobody'))
  assert.match(refused, /^<iq from="romeo@net\/nobody" to="juliet@net\/x" id="n" type="error">.*service-unavailable/)
  assert.equal((await ask(world, question('garden'))).replace('garden', 'nobody'), refused)
  world.account.putRosterItem({ jid: JULIET, subscription: 'from' })
  assert.equal((await ask(world, question('silent'))).replace('silent', 'nobody'), refused)
  assert.deepEqual([garden.read(), silent.read()], [[], []])
  const answer = ask(world, question('garden'))
  const [asked] = garden.read()
  await garden.write(`<iq type='result' id='${/id="(.*?)"/.exec(asked!)![1]}' to='juliet@net/x'/>`)
  assert.equal(await answer, '<iq type="result" id="n" to="juliet@net/x" from="romeo@net/garden"/>')
})

test('another account of the node may ask any client that is bound (RFC 6121 §8.5.3.1)', async () => {
  const world = new HubWorld({ neighbour: TYBALT })
  const garden = world.bind('garden')
  void world.account.ask(stanza(`<iq type='get' id='1' from='tybalt@net/x' to='romeo@net/garden'>${PING}</iq>`))
  assert.match(garden.read().join(), /^<iq type="get" [^>]*from="tybalt@net\/x"/)
  const nowhere = `<iq type='get' id='2' from='tybalt@net/x' to='romeo@net/nowhere'>${PING}</iq>`
  assert.match(await ask(world, nowhere), /service-unavailable/)
})

test('directed presence lets a stranger ask', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  await garden.write("<presence to='tybalt@net/street'/>")
  void ask(world, `<iq type='get' id='n' from='tybalt@net/street' to='romeo@net/garden'>${PING}</iq>`)
  assert.equal(garden.read().length, 1)
})

test('nobody else reads or pushes the roster', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  world.account.putRosterItem({ jid: JULIET, subscription: 'both' })
  for (const to of ['romeo@net', 'romeo@net/garden']) {
    for (const type of ['get', 'set']) {
      const roster = "<query xmlns='jabber:iq:roster'><item jid='tybalt@net' subscription='both'/></query>"
      assert.match(
        await ask(world, `<iq type='${type}' id='r' from='juliet@net/x' to='${to}'>${roster}</iq>`),
        /service-unavailable/,
      )
    }
  }
  assert.deepEqual(garden.read(), [])
})

test('others ask the account through its features', async () => {
  const world = new HubWorld({ features: [() => echo] })
  assert.match(
    await ask(world, "<iq type='get' id='f' from='juliet@net/x' to='romeo@net'><echo xmlns='urn:echo'/></iq>"),
    /^<iq from="romeo@net" to="juliet@net\/x" id="f" type="result"><echo xmlns="urn:echo" type="get" asker="stranger"/,
  )
  assert.match(
    await ask(
      world,
      "<iq type='set' id='f' from='juliet@net/x' to='romeo@net'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
    ),
    /service-unavailable/,
  )
  await world.hub.stop()
  await assert.rejects(world.account.ask(stanza("<iq type='get' id='f' from='juliet@net/x' to='romeo@net'/>")))
})

test('a client turns carbons on and off, and may ask for the session it has', async () => {
  const world = new HubWorld()
  const garden = await world.online('garden')
  const home = await world.online('home')
  await garden.write("<iq type='set' id='1'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
  garden.read()
  await home.write("<message to='juliet@net'><body>x</body></message>")
  assert.equal(garden.read().length, 1)
  await garden.write("<iq type='set' id='2'><disable xmlns='urn:xmpp:carbons:2'/></iq>")
  garden.read()
  await home.write("<message to='juliet@net'><body>x</body></message>")
  assert.deepEqual(garden.read(), [])
  await garden.write(
    "<iq type='set' id='3' to='id.internal'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
  )
  assert.deepEqual(garden.read(), ['<iq from="id.internal" to="romeo@net/garden" id="3" type="result"/>'])
})
