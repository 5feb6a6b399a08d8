import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayParts } from '../../../../src/gateway/features/feature.ts'
import { uploadFeature } from '../../../../src/gateway/features/upload/upload.ts'
import { uploadsTable } from '../../../../src/gateway/tables/uploads.ts'
import { uploadHandler } from '../../../../src/gateway/web/upload-handler.ts'
import type { WebHandler, WebResponse } from '../../../../src/system/web.ts'
import { FeatureWorld } from '../../../support/feature-world.ts'
import { MemoryFileStore } from '../../../support/memory-file-store.ts'

const BASE = 'http://127.0.0.1:5280'
const DAY_MS = 86_400_000
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47)

interface Upload {
  readonly put: string
  readonly get: string
}

class UploadWorld extends FeatureWorld {
  readonly files: MemoryFileStore = new MemoryFileStore()
  readonly handler: WebHandler

  constructor() {
    super()
    this.make([uploadFeature], { files: this.files })
    const gateway = { files: this.files } as unknown as GatewayParts
    this.handler = uploadHandler({ clock: this.clock, store: this.store, gateway })
  }

  /** Paths of a new slot. */
  async slot(type: string = 'image/png', name: string = 'rose.png'): Promise<Upload> {
    const contentType = type === '' ? '' : `content-type='${type}'`
    const answer = await this.ask(
      this.byResource('balcony') ?? this.bind('balcony'),
      `<iq type='get' to='upload.id.internal'><request xmlns='urn:xmpp:http:upload:0' filename='${name}' size='4' ${contentType}/></iq>`,
    )
    const [, put = '', get = ''] = answer.match(/<put url="([^"]+)"\/><get url="([^"]+)"\/>/) ?? []
    return { put: put.slice(BASE.length), get: get.slice(BASE.length) }
  }

  async request(
    method: string,
    path: string,
    init: { headers?: Record<string, string>; body?: Uint8Array[] } = {},
  ): Promise<WebResponse> {
    const { headers = {}, body = [] } = init
    const answer = await this.handler({ method, path: decodeURI(path), headers, base: BASE, body: () => chunks(body) })
    return answer ?? { status: 0 }
  }

  async put(path: string, headers: Record<string, string> = {}, body: Uint8Array[] = [PNG]): Promise<number> {
    return (await this.request('PUT', path, { headers: { 'content-length': '4', ...headers }, body })).status
  }

  async get(path: string): Promise<{ status: number; headers: Readonly<Record<string, string>>; bytes: number[] }> {
    const { status, headers = {}, body } = await this.request('GET', path)
    const bytes: number[] = []
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      bytes.push(...chunk)
    }
    return { status, headers, bytes }
  }
}

async function* chunks(body: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* body
}

test('a file that was put can be fetched', async () => {
  const world = new UploadWorld()
  const slot = await world.slot()
  assert.equal((await world.get(slot.get)).status, 404, 'not yet')
  assert.equal(await world.put(slot.put, { 'content-type': 'image/png' }, [PNG.slice(0, 1), PNG.slice(1)]), 201)
  const { status, headers, bytes } = await world.get(slot.get)
  assert.equal(status, 200)
  assert.deepEqual(bytes, [...PNG])
  assert.deepEqual(headers, {
    'content-type': 'image/png',
    'content-length': '4',
    'content-disposition': "inline; filename*=UTF-8''rose.png",
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, max-age=86400, immutable',
  })
  const head = await world.request('HEAD', slot.get)
  assert.equal(head.body, undefined)
  assert.deepEqual(head.headers, headers)
  await world.stop()
})

test('a slot is filled once, and by who has its secret', async () => {
  const world = new UploadWorld()
  const slot = await world.slot()
  assert.equal(await world.put(slot.get), 404, 'who may fetch may not put')
  assert.equal(await world.put(slot.put.replace(/\/[0-9a-f]{32}\/rose/, `/${'0'.repeat(32)}/rose`)), 404)
  assert.equal(await world.put(slot.put.replace(/\/[0-9a-f]{32}\/rose/, '//rose')), 404)
  assert.equal((await world.get(slot.put)).status, 404, 'the secret of putting is no address to fetch from')
  const [one, other] = await Promise.all([world.put(slot.put), world.put(slot.put)])
  assert.deepEqual([one, other], [201, 409], 'at the same time')
  assert.equal(await world.put(slot.put), 409, 'later')
  await world.stop()
})

const MISFITS: readonly (readonly [string, Record<string, string>, Uint8Array[], number])[] = [
  ['without a length', { 'content-length': undefined as unknown as string }, [PNG], 411],
  ['with another length', { 'content-length': '5' }, [PNG, Uint8Array.of(1)], 413],
  ['with fewer bytes than it says', {}, [PNG.slice(1)], 400],
  ['of another type', { 'content-type': 'text/html' }, [PNG], 415],
  ['of no type', { 'content-type': '?' }, [PNG], 415],
]

for (const [title, headers, body, status] of MISFITS) {
  test(`a file ${title} is refused, and may be put again`, async () => {
    const world = new UploadWorld()
    const slot = await world.slot()
    assert.equal(await world.put(slot.put, headers, body), status)
    assert.equal(world.files.files.size, 0)
    assert.equal(await world.put(slot.put, { 'content-type': 'IMAGE/PNG; x=y' }), 201)
    await world.stop()
  })
}

test('when the disk fails the slot stays', async () => {
  const world = new UploadWorld()
  const slot = await world.slot()
  const write = world.files.write
  world.files.write = async () => {
    throw new Error('the disk is full')
  }
  await assert.rejects(world.put(slot.put), /the disk is full/)
  world.files.write = write
  assert.equal(await world.put(slot.put), 201)
  await world.stop()
})

test('what a crash left of a file is replaced', async () => {
  const world = new UploadWorld()
  const slot = await world.slot()
  await world.put(slot.put, {}, [Uint8Array.of(1, 2, 3, 4)])
  await world.store.transaction((transaction) => {
    const [row] = transaction.list(uploadsTable)
    assert.ok(row)
    transaction.put(uploadsTable, { ...row, is_stored: 0 })
  })
  assert.equal(await world.put(slot.put), 201)
  assert.deepEqual((await world.get(slot.get)).bytes, [...PNG])
  await world.stop()
})

test('a slot ends after five minutes, whatever is still under way', async () => {
  const world = new UploadWorld()
  const [late, slow] = [await world.slot(), await world.slot()]
  const gate = Promise.withResolvers<void>()
  const write = world.files.write.bind(world.files)
  world.files.write = async (...parameters) => {
    await gate.promise
    await write(...parameters)
  }
  const arriving = world.put(slow.put)
  await world.clock.advance(600_000)
  gate.resolve()
  assert.equal(await arriving, 404)
  assert.equal(world.files.files.size, 0)
  assert.equal(await world.put(late.put), 404)
  await world.stop()
})

const TYPES: readonly (readonly [given: string, served: string, disposition: string])[] = [
  ['image/jpeg', 'image/jpeg', 'inline'],
  ['video/mp4', 'video/mp4', 'inline'],
  ['audio/ogg;codecs=opus', 'audio/ogg', 'inline'],
  ['text/plain', 'text/plain; charset=utf-8', 'inline'],
  ['image/svg+xml', 'application/octet-stream', 'attachment'],
  ['text/html', 'application/octet-stream', 'attachment'],
  ['text/xml', 'application/octet-stream', 'attachment'],
  ['application/pdf', 'application/octet-stream', 'attachment'],
  ['', 'application/octet-stream', 'attachment'],
]

for (const [given, served, disposition] of TYPES) {
  test(`a file of type '${given}' is served as ${served}, ${disposition}`, async () => {
    const world = new UploadWorld()
    const slot = await world.slot(given, 'très &quot;cool&quot;.html')
    assert.equal(await world.put(slot.put), 201)
    const { headers } = await world.get(slot.get)
    assert.equal(headers['content-type'], served)
    assert.equal(headers['content-disposition'], `${disposition}; filename*=UTF-8''tr%C3%A8s%20%22cool%22.html`)
    await world.stop()
  })
}

test('files are deleted after 31 days', async () => {
  const world = new UploadWorld()
  const slot = await world.slot()
  await world.put(slot.put)
  await world.clock.advance(30 * DAY_MS)
  assert.equal((await world.get(slot.get)).status, 200)
  await world.clock.advance(DAY_MS)
  assert.equal((await world.get(slot.get)).status, 404)
  assert.equal(world.files.files.size, 0)
  await world.stop()
})

test('a file whose row outlived it is not found', async () => {
  const world = new UploadWorld()
  const slot = await world.slot()
  await world.put(slot.put)
  world.files.files.clear()
  assert.equal((await world.get(slot.get)).status, 404)
  await world.stop()
})

test('other methods and other paths', async () => {
  const world = new UploadWorld()
  const { get } = await world.slot()
  assert.deepEqual((await world.request('OPTIONS', get)).headers?.allow, 'GET, HEAD, OPTIONS, PUT')
  assert.equal((await world.request('OPTIONS', get)).headers?.['access-control-allow-origin'], undefined)
  assert.equal((await world.request('POST', get)).status, 405)
  assert.equal((await world.request('GET', '/')).status, 0, 'left to others')
  assert.equal((await world.request('GET', '/uploads/x')).status, 0)
  for (const path of ['/upload', '/upload/', '/upload/x/y', `/upload/${'a'.repeat(32)}/y`, `${get}/more`]) {
    assert.equal((await world.request('GET', path)).status, 404, path)
  }
  await world.stop()
})
