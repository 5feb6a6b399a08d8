import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Gateway } from '../../src/gateway/gateway.ts'
import type { Element } from '../../src/xml/element.ts'
import { parseElement } from '../../src/xml/parser.ts'
import { serialize } from '../../src/xml/serializer.ts'
import { capsVersion } from '../../src/xmpp/caps.ts'
import { ClientOf, gatewayOf } from '../support/gateway-people.ts'
import { befriend, type Person, type VirtualStage, virtualStage } from '../support/people.ts'
import { items, publish } from '../support/personal-world.ts'

const DEVICES = 'eu.siacs.conversations.axolotl.devicelist'
const BUNDLE = 'eu.siacs.conversations.axolotl.bundles:42'
const OPEN = { 'pubsub#access_model': 'open' }
const LIST = "<item id='current'><list xmlns='eu.siacs.conversations.axolotl'><device id='42'/></list></item>"
const PREKEYS = Array.from({ length: 100 }, (_, i) => `<preKeyPublic preKeyId='${i}'>${'A'.repeat(44)}</preKeyPublic>`)
const KEYS = `<item id='current'><bundle xmlns='eu.siacs.conversations.axolotl'><prekeys>${PREKEYS.join('')}</prekeys></bundle></item>`
const INFO = `<query xmlns='http://jabber.org/protocol/disco#info'><feature var='${DEVICES}+notify'/></query>`
const CAPS = `<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:test' ver='${capsVersion(parseElement(INFO))}'/>`

async function play(
  act: (stage: VirtualStage, gateways: Map<Person, Gateway>, romeo: Person, juliet: Person) => Promise<void>,
): Promise<void> {
  const stage = virtualStage()
  const gateways = new Map<Person, Gateway>()
  try {
    const [juliet, romeo] = [await stage.person('Juliet'), await stage.person('Romeo')]
    for (const person of [juliet, romeo]) {
      gateways.set(person, gatewayOf(person))
    }
    await befriend(stage, romeo, juliet)
    await act(stage, gateways, romeo, juliet)
  } finally {
    for (const gateway of gateways.values()) {
      await stage.run(gateway.stop())
    }
    await stage.close()
  }
}

/** A client that answers for its capabilities. */
async function client(stage: VirtualStage, gateway: Gateway | undefined, person: Person): Promise<ClientOf> {
  assert.ok(gateway)
  const made = new ClientOf(stage, { gateway, account: person.address, resource: 'x' })
  await made.write(`<presence>${CAPS}</presence>`)
  const question = (): Element | undefined => made.stanzas.find(({ attributes }) => attributes.type === 'get')
  await stage.clock.runUntil(() => question() !== undefined)
  const { id, from } = question()?.attributes ?? {}
  const node = question()?.elements()[0]?.attribute('node')
  await made.write(`<iq type='result' id='${id}' to='${from}'>${INFO.replace('<query', `<query node='${node}'`)}</iq>`)
  return made
}

function answer(to: ClientOf, id: string): Element | undefined {
  return to.stanzas.find(({ name, attributes }) => name === 'iq' && attributes.id === id)
}

function events(at: ClientOf, from: Person): string[] {
  return at.stanzas
    .filter(({ name, attributes }) => name === 'message' && attributes.from === from.address)
    .map((message) => serialize(message))
}

test('a contact’s client is told of new devices, and asks for the whole bundle', async () => {
  await play(async (stage, gateways, romeo, juliet) => {
    const garden = await client(stage, gateways.get(romeo), romeo)
    const balcony = await client(stage, gateways.get(juliet), juliet)
    await stage.clock.advance(2_000)
    await balcony.write(publish(BUNDLE, KEYS, OPEN).replace('<iq', "<iq id='b'"))
    await balcony.write(publish(DEVICES, LIST, OPEN).replace('<iq', "<iq id='d'"))
    await stage.clock.runUntil(() => events(garden, juliet).length === 1)
    assert.match(events(garden, juliet)[0] ?? '', /type="headline".*<device id="42"\/>/)
    await garden.write(items(BUNDLE).replace('<iq', `<iq id='q' to='${juliet.address}'`))
    await stage.clock.runUntil(() => answer(garden, 'q') !== undefined)
    assert.equal(serialize(answer(garden, 'q') as Element).match(/preKeyId/g)?.length, 100)
  })
})

test('a contact who comes online later is told of the devices that were published before', async () => {
  await play(async (stage, gateways, romeo, juliet) => {
    const balcony = await client(stage, gateways.get(juliet), juliet)
    await balcony.write(publish(DEVICES, LIST).replace('<iq', "<iq id='d'"))
    const garden = await client(stage, gateways.get(romeo), romeo)
    await stage.clock.runUntil(() => events(garden, juliet).length === 1)
    assert.match(events(garden, juliet)[0] ?? '', /<device id="42"\/>/)
  })
})

test('devices and bundle of a contact whose node is gone come from the account record', async () => {
  await play(async (stage, gateways, romeo, juliet) => {
    const balcony = await client(stage, gateways.get(juliet), juliet)
    await balcony.write(publish(BUNDLE, KEYS, OPEN).replace('<iq', "<iq id='b'"))
    await balcony.write(publish(DEVICES, LIST, OPEN).replace('<iq', "<iq id='d'"))
    const shown = async (): Promise<number> => {
      const profile = romeo.account.publicProfile(juliet.address, new AbortController().signal)
      return (await stage.run(profile))?.items.length ?? 0
    }
    for (let minute = 0; minute < 30 && (await shown()) < 2; minute++) {
      await stage.clock.advance(60_000)
    }
    assert.equal(await shown(), 2)
    await stage.run(gateways.get(juliet)?.stop() ?? Promise.resolve())
    gateways.delete(juliet)
    await juliet.stop()
    const garden = await client(stage, gateways.get(romeo), romeo)
    for (const [id, node, expected] of [
      ['q1', DEVICES, /<device id="42"\/>/],
      ['q2', BUNDLE, /<preKeyPublic /],
    ] as const) {
      await garden.write(items(node).replace('<iq', `<iq id='${id}' to='${juliet.address}'`))
      await stage.clock.runUntil(() => answer(garden, id) !== undefined)
      assert.match(serialize(answer(garden, id) as Element), expected)
    }
  })
})
