import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { webPages } from '../../../cli/node/web-page.ts'
import type { WebRequest, WebResponse } from '../../../src/system/web.ts'

async function get(path: string, base = 'http://127.0.0.1:5280'): Promise<WebResponse | undefined> {
  const body: WebRequest['body'] = () => {
    throw new Error('nobody reads it')
  }
  return await webPages()({ method: 'GET', path, base, headers: {}, body })
}

async function textOf(response: WebResponse | undefined): Promise<string> {
  let text = ''
  for await (const chunk of (response?.body ?? []) as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk)
  }
  return text
}

/** The directives of the Content-Security-Policy. */
function policyOf(response: WebResponse | undefined): Record<string, string> {
  const policy = response?.headers?.['content-security-policy'] ?? ''
  return Object.fromEntries(policy.split('; ').map((directive) => directive.split(/ (.*)/, 2) as [string, string]))
}

describe('the page of the web chat', () => {
  it('lets nothing in and nothing out but this port', async () => {
    const policy = policyOf(await get('/'))
    assert.equal(policy['default-src'], "'none'")
    assert.equal(policy['script-src'], "'self'")
    assert.equal(policy['connect-src'], "'self' ws://127.0.0.1:5280")
    assert.ok(!policy['style-src']?.includes('unsafe'))
    for (const directive of ['base-uri', 'form-action', 'frame-ancestors']) {
      assert.equal(policy[directive], "'none'")
    }
    assert.equal(policyOf(await get('/app.js', 'https://192.0.2.1:443'))['connect-src'], "'self' wss://192.0.2.1:443")
  })

  it('has no script and no style of its own in it, and names only files that are there', async () => {
    const page = await textOf(await get('/'))
    assert.match(page, /kabber web/)
    assert.ok(!/<script(?![^>]* src=)|<style|style=|\son[a-z]+=|https?:/.test(page))
    for (const [, path] of page.matchAll(/(?:href|src)="([^"]+)"/g)) {
      assert.equal((await get(`/${path}`))?.status, 200, path)
    }
  })

  it('leaves what it does not have to others', async () => {
    assert.equal(await get('/login'), undefined)
    assert.equal(await get('/upload/x'), undefined)
  })
})
