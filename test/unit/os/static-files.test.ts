import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { staticFiles } from '../../../src/os/static-files.ts'
import type { WebHandler, WebRequest, WebResponse } from '../../../src/system/web.ts'

function site(t: TestContext): { handler: WebHandler; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'kabber-static-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'page', 'images'), { recursive: true })
  mkdirSync(join(folder, 'library'))
  mkdirSync(join(folder, 'page-other'))
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(folder, 'page-other', 'secret.txt'), 'secret')
  writeFileSync(join(folder, 'page', 'index.html'), '<!doctype html>')
  writeFileSync(join(folder, 'page', '.hidden'), 'hidden')
  writeFileSync(join(folder, 'page', 'images', 'é x.png'), 'png')
  writeFileSync(join(folder, 'page', 'inner.js'), 'inner()')
  writeFileSync(join(folder, 'library', 'library.js'), 'x'.repeat(200_000))
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'page', 'out.txt'))
  symlinkSync(join(folder, 'page-other'), join(folder, 'page', 'out'))
  symlinkSync(join(folder, 'page', 'inner.js'), join(folder, 'page', 'alias.js'))
  const mounts = { '/chat/': join(folder, 'page'), '/chat/library/': join(folder, 'library') }
  return { handler: staticFiles(mounts, { headers: { 'content-security-policy': "default-src 'self'" } }), folder }
}

function get(handler: WebHandler, path: string, extra: Partial<WebRequest> = {}): Promise<WebResponse | undefined> {
  const body = (): never => assert.fail('nobody reads it')
  return handler({ method: 'GET', path, headers: {}, base: 'http://127.0.0.1', body, ...extra })
}

async function text(response: WebResponse | undefined): Promise<string> {
  let whole = ''
  assert.ok(typeof response?.body === 'object' && Symbol.asyncIterator in response.body)
  for await (const chunk of response.body) {
    whole += Buffer.from(chunk).toString()
  }
  return whole
}

test('files are served with their type, length, tag and the headers of the page', async (t) => {
  const { handler } = site(t)
  const page = await get(handler, '/chat/')
  assert.equal(page?.status, 200)
  assert.equal(page?.headers?.['content-type'], 'text/html; charset=utf-8')
  assert.equal(page?.headers?.['content-length'], '15')
  assert.equal(page?.headers?.['content-security-policy'], "default-src 'self'")
  assert.equal(await text(page), '<!doctype html>')
  assert.equal(await text(await get(handler, '/chat/images/é x.png')), 'png')
  assert.equal(await text(await get(handler, '/chat/alias.js')), 'inner()')
  assert.equal((await text(await get(handler, '/chat/library/library.js'))).length, 200_000)
})

test('who has a file already is told so', async (t) => {
  const { handler, folder } = site(t)
  const etag = (await get(handler, '/chat/inner.js'))?.headers?.etag ?? ''
  assert.match(etag, /^"[^"]+"$/)
  for (const known of [etag, `"other", ${etag}`, `W/${etag}`]) {
    const again = await get(handler, '/chat/inner.js', { headers: { 'if-none-match': known } })
    assert.deepEqual([again?.status, again?.body], [304, undefined])
  }
  writeFileSync(join(folder, 'page', 'inner.js'), 'changed()')
  const changed = await get(handler, '/chat/inner.js', { headers: { 'if-none-match': etag } })
  assert.equal(changed?.status, 200)
})

test('a mount without its slash is redirected, so that relative links work', async (t) => {
  const { handler } = site(t)
  const answer = await get(handler, '/chat')
  assert.deepEqual([answer?.status, answer?.headers?.location], [308, '/chat/'])
})

test('only GET and HEAD', async (t) => {
  const { handler } = site(t)
  assert.equal((await get(handler, '/chat/', { method: 'HEAD' }))?.status, 200)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'get']) {
    assert.equal((await get(handler, '/chat/', { method }))?.status, 405)
  }
})

test('nothing outside the folder, nothing hidden and no listing', async (t) => {
  const { handler } = site(t)
  const paths = [
    '/other',
    '/chatter',
    '/chat/nothing',
    '/chat/images',
    '/chat/images/',
    '/chat/.hidden',
    '/chat/out.txt',
    '/chat/out/secret.txt',
    '/chat/../secret.txt',
    '/chat/images/../../secret.txt',
    '/chat/inner.js/',
    '/chat//secret.txt',
    '/chat/a\u0000b',
    `/chat/${'a'.repeat(1_000)}`,
  ]
  for (const path of paths) {
    assert.equal(await get(handler, path), undefined, path)
  }
})

test('a file that shrinks after its length was told breaks the answer', async (t) => {
  const { handler, folder } = site(t)
  const answer = await get(handler, '/chat/library/library.js')
  writeFileSync(join(folder, 'library', 'library.js'), 'short')
  await assert.rejects(text(answer), /shorter/)
})
