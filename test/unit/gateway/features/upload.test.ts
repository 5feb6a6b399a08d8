import assert from 'node:assert/strict'
import { test } from 'node:test'
import { discoFeature } from '../../../../src/gateway/features/disco.ts'
import { uploadFeature } from '../../../../src/gateway/features/upload/upload.ts'
import { FeatureWorld } from '../../../support/feature-world.ts'
import { MemoryFileStore } from '../../../support/memory-file-store.ts'

const NS_UPLOAD = 'urn:xmpp:http:upload:0'
const MIB = 1_048_576

function worldOfUploads(): FeatureWorld {
  const world = new FeatureWorld()
  world.make([discoFeature, uploadFeature], { files: new MemoryFileStore() })
  return world
}

function request(attributes: string): string {
  return `<iq type='get' to='upload.id.internal'><request xmlns='${NS_UPLOAD}' ${attributes}/></iq>`
}

test('the server lists the upload service, which tells the largest size', async () => {
  const world = worldOfUploads()
  const balcony = world.bind('balcony')
  assert.equal(
    await world.ask(
      balcony,
      `<iq type='get' to='id.internal'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
    ),
    '<iq type="result"><query xmlns="http://jabber.org/protocol/disco#items"><item jid="upload.id.internal" name="HTTP File Upload"/></query></iq>',
  )
  const info = await world.ask(
    balcony,
    `<iq type='get' to='upload.id.internal'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  )
  assert.match(info, /<identity category="store" type="file" name="HTTP File Upload"\/>/)
  assert.match(info, /<feature var="urn:xmpp:http:upload:0"\/>/)
  assert.match(
    info,
    /<value>urn:xmpp:http:upload:0<\/value><\/field><field var="max-file-size"><value>67108864<\/value>/,
  )
  await world.stop()
})

test('a slot has two unguessable addresses on the web port of the client, with the name of the file', async () => {
  const world = worldOfUploads()
  const slot = await world.ask(
    world.bind('balcony'),
    request(`filename='très (cool).jpg' size='23456' content-type='image/jpeg'`),
  )
  const base = 'http://127.0.0.1:5280/upload'
  const match = slot.match(/<put url="([^"]+)"\/><get url="([^"]+)"\/>/)
  const id = match?.[2]?.split('/')[4]
  const token = match?.[1]?.split('/')[5]
  assert.match(id ?? '', /^[0-9a-f]{32}$/)
  assert.match(token ?? '', /^[0-9a-f]{32}$/)
  assert.notEqual(id, token)
  const name = 'tr%C3%A8s%20%28cool%29.jpg'
  assert.equal(
    slot,
    `<iq type="result"><slot xmlns="${NS_UPLOAD}"><put url="${base}/${id}/${token}/${name}"/><get url="${base}/${id}/${name}"/></slot></iq>`,
  )
  await world.stop()
})

test('a file that is too large is refused with the largest size', async () => {
  const world = worldOfUploads()
  const answer = await world.ask(world.bind('balcony'), request(`filename='a' size='${64 * MIB + 1}'`))
  assert.match(answer, /<error type="modify"><not-acceptable /)
  assert.match(
    answer,
    /<file-too-large xmlns="urn:xmpp:http:upload:0"><max-file-size>67108864<\/max-file-size><\/file-too-large><\/error>/,
  )
  await world.stop()
})

const REFUSED = [
  `size='1'`,
  `filename='' size='1'`,
  `filename='..' size='1'`,
  `filename='../a' size='1'`,
  `filename='a\\b' size='1'`,
  `filename='a&#10;b' size='1'`,
  `filename='a&#x202e;gpj.exe' size='1'`,
  `filename='${'é'.repeat(128)}' size='1'`,
  `filename='a'`,
  `filename='a' size=''`,
  `filename='a' size='0'`,
  `filename='a' size='-1'`,
  `filename='a' size='1e3'`,
  `filename='a' size='${'9'.repeat(400)}'`,
  `filename='a' size='1' content-type='image'`,
  `filename='a' size='1' content-type='image/png&#13;&#10;X: y'`,
]

for (const attributes of REFUSED) {
  test(`a slot for ${attributes.slice(0, 60)} is refused`, async () => {
    const world = worldOfUploads()
    assert.match(await world.ask(world.bind('balcony'), request(attributes)), /<bad-request /)
    await world.stop()
  })
}

test('after 512 MiB in a day there is no room, until a day later', async () => {
  const world = worldOfUploads()
  const balcony = world.bind('balcony')
  // Slots that are never used count too, as long as they are there.
  for (let i = 0; i < 8; i++) {
    assert.match(await world.ask(balcony, request(`filename='a' size='${64 * MIB}'`)), /<slot/)
  }
  const answer = await world.ask(balcony, request(`filename='a' size='1'`))
  assert.match(answer, /<error type="wait"><resource-constraint /)
  assert.match(answer, /<retry xmlns="urn:xmpp:http:upload:0" stamp="2026-11-23T12:00:00.000Z"\/>/)
  await world.stop()
})

test('slots that were not used within five minutes are forgotten and give their room back', async () => {
  const world = worldOfUploads()
  const balcony = world.bind('balcony')
  for (let i = 0; i < 8; i++) {
    await world.ask(balcony, request(`filename='a' size='${64 * MIB}'`))
  }
  await world.clock.advance(600_000)
  assert.match(await world.ask(balcony, request(`filename='a' size='${64 * MIB}'`)), /<slot/)
  await world.stop()
  assert.equal(world.clock.pendingTimers, 0)
})

test('nobody else gets a slot, and nobody where there is no web port', async () => {
  const world = worldOfUploads()
  assert.match(await world.ask('romeo@montague.net', request(`filename='a' size='1'`)), /<forbidden/)
  await world.stop()
  const without = new FeatureWorld()
  without.make([discoFeature, uploadFeature])
  const balcony = without.bind('balcony')
  assert.match(await without.ask(balcony, request(`filename='a' size='1'`)), /<service-unavailable/)
  assert.doesNotMatch(
    await without.ask(
      balcony,
      `<iq type='get' to='id.internal'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
    ),
    /upload/,
  )
})
