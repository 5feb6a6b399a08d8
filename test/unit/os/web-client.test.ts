import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { webClient } from '../../../src/os/web-client.ts'

function request(remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage {
  const all = { host: '192.0.2.1:5280', ...headers }
  const headersDistinct = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]]))
  return { socket: { remoteAddress }, headers: all, headersDistinct } as unknown as IncomingMessage
}

test('where there is a certificate, only this machine may speak in clear', () => {
  assert.equal(webClient(request('192.0.2.7'), new Set(), true).isAllowed, false)
  assert.equal(webClient(request('127.0.0.1'), new Set(), true).isAllowed, true)
  assert.equal(webClient(request('192.0.2.7'), new Set(), false).isAllowed, true)
})

test('who comes through a proxy on this machine is not local', () => {
  assert.equal(webClient(request('::1'), new Set(), false).isLocal, true)
  for (const header of ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']) {
    assert.equal(webClient(request('::1', { [header]: '203.0.113.9' }), new Set(), false).isLocal, false)
  }
  assert.equal(webClient(request('192.0.2.7'), new Set(), false).isLocal, false)
})
