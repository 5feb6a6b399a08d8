import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { announceNote, listenAddresses } from '../../../cli/listen-addresses.ts'

const PEER_ID = '12D3KooWN55HzetcfpeL5t1EtXTzwcHg3JMxf8wugaRjN2Rwy3oW'

function port(addresses: readonly string[]): number {
  return Number(addresses[0]?.split('/').at(-1))
}

describe('where a node listens when nobody says', () => {
  it('is a port that follows from its peer id', async () => {
    const addresses = await listenAddresses(PEER_ID)
    assert.deepEqual(await listenAddresses(PEER_ID), addresses)
    assert.match(String(addresses[0]), /^\/ip4\/0\.0\.0\.0\/tcp\/\d+$/)
    assert.ok(port(addresses) >= 16_384 && port(addresses) < 32_768)
    assert.notEqual(port(await listenAddresses(`${PEER_ID}x`)), port(addresses))
  })

  it('is any port when that one is taken', async (t) => {
    const taken = port(await listenAddresses(PEER_ID))
    const server = createServer()
    t.after(() => server.close())
    await new Promise<void>((resolve) => server.listen(taken, '127.0.0.1', resolve))
    assert.equal(port(await listenAddresses(PEER_ID)), 0)
  })
})

describe('an address that is announced', () => {
  it('is remarked on where it leads nowhere from the internet', () => {
    assert.match(String(announceNote('/ip4/127.0.0.1/tcp/4001')), /this machine alone/)
    assert.match(String(announceNote('/ip6/::1/tcp/4001')), /this machine alone/)
    assert.match(String(announceNote('/ip4/10.1.2.3/tcp/4001')), /private network/)
    assert.equal(announceNote('/ip4/198.100.1.2/tcp/4001'), undefined)
    assert.equal(announceNote('/dns4/relay.example/tcp/4001'), undefined)
  })
})
