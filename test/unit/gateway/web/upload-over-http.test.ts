import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { GatewayParts } from '../../../../src/gateway/features/feature.ts'
import { uploadFeature } from '../../../../src/gateway/features/upload/upload.ts'
import { uploadHandler } from '../../../../src/gateway/web/upload-handler.ts'
import { FolderFileStore } from '../../../../src/os/folder-file-store.ts'
import { WebListener } from '../../../../src/os/web-listener.ts'
import { FeatureWorld } from '../../../support/feature-world.ts'

test('a file goes over a real web port to a real disk and back, with the name that the client gave it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kabber-upload-'))
  t.after(() => rm(folder, { recursive: true }))
  const files = new FolderFileStore(join(folder, 'uploads'))
  const world = new FeatureWorld()
  world.make([uploadFeature], { files })
  t.after(() => world.stop())
  const handler = uploadHandler({
    clock: world.clock,
    store: world.store,
    gateway: { files } as unknown as GatewayParts,
  })
  const listener = new WebListener({ host: '127.0.0.1', port: 0, handlers: [handler], logger: world.logger })
  await listener.start((connection) => connection.destroy())
  t.after(() => listener.stop())
  const content = world.random.bytes(300_000)
  const slot = await world.ask(
    world.bind('balcony'),
    `<iq type='get' to='upload.id.internal'><request xmlns='urn:xmpp:http:upload:0' filename='très (100%) cool.jpg' size='300000' content-type='image/jpeg'/></iq>`,
  )
  const [, put = '', get = ''] =
    slot.match(/<put url="http:\/\/127.0.0.1:5280([^"]+)"\/><get url="[^"]+:5280([^"]+)"\/>/) ?? []
  const base = `http://127.0.0.1:${listener.port}`

  const short = await fetch(base + put, {
    method: 'PUT',
    body: content.slice(1),
    headers: { 'content-type': 'image/jpeg' },
  })
  assert.equal(short.status, 413)
  const created = await fetch(base + put, { method: 'PUT', body: content, headers: { 'content-type': 'image/jpeg' } })
  assert.equal(created.status, 201)
  const again = await fetch(base + put, { method: 'PUT', body: content })
  assert.equal(again.status, 409)

  const head = await fetch(base + get, { method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), '300000')
  const got = await fetch(base + get)
  assert.equal(got.headers.get('content-type'), 'image/jpeg')
  assert.deepEqual(new Uint8Array(await got.arrayBuffer()), content)
  assert.equal((await fetch(`${base}${get.replace(/[0-9a-f]{32}/, '0'.repeat(32))}`)).status, 404)
})
