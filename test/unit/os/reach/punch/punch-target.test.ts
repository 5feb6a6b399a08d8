import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { isPunchable } from '../../../../../src/os/reach/punch/punch-addresses.ts'
import { choosePunch } from '../../../../../src/os/reach/punch/punch-target.ts'

const OWN4 = { family: 'ip4', localPort: 50_000, address: multiaddr('/ip4/9.9.9.9/tcp/50000'), relay: 'r' } as const
const OWN6 = {
  family: 'ip6',
  localPort: 50_001,
  address: multiaddr('/ip6/2001:4860::1/tcp/50001'),
  relay: 'r',
} as const

async function chosen(own: readonly (typeof OWN4 | typeof OWN6)[], named: string[], refused: string[] = []) {
  const allowed = async (address: { toString(): string }) => !refused.includes(address.toString())
  const target = await choosePunch(
    own,
    named.map((text) => multiaddr(text)),
    allowed,
  )
  return target?.address.toString()
}

test('only unicast TCP addresses of other machines can be punched', () => {
  const table: Record<string, boolean> = {
    '/ip4/9.8.7.6/tcp/4001': true,
    '/ip4/192.168.1.7/tcp/4001': true,
    '/ip4/100.64.1.7/tcp/4001': true,
    '/ip6/2001:4860::8888/tcp/4001': true,
    '/ip6/fd00::7/tcp/4001': true,
    '/ip4/127.0.0.1/tcp/4001': false,
    '/ip4/0.0.0.0/tcp/4001': false,
    '/ip4/169.254.1.1/tcp/80': false,
    '/ip4/224.0.0.251/tcp/5353': false,
    '/ip4/255.255.255.255/tcp/80': false,
    '/ip4/240.0.0.1/tcp/80': false,
    '/ip6/::1/tcp/4001': false,
    '/ip6/::ffff:127.0.0.1/tcp/4001': false,
    '/ip6/fe80::1/tcp/4001': false,
    '/ip6/ff02::1/tcp/4001': false,
    '/ip4/9.8.7.6/tcp/0': false,
    '/ip4/9.8.7.6/udp/4001': false,
    '/ip4/9.8.7.6/udp/4001/quic-v1': false,
    '/ip4/9.8.7.6/tcp/4001/ws': false,
    '/dns4/victim.example/tcp/4001': false,
    '/ip4/9.8.7.6/tcp/4001/p2p/12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba/p2p-circuit': false,
  }
  assert.deepEqual(Object.fromEntries(Object.keys(table).map((text) => [text, isPunchable(multiaddr(text))])), table)
})

test('the first address of a family that both sides have is chosen, IPv6 before IPv4', async () => {
  const both = ['/ip4/8.8.8.8/tcp/1', '/ip6/2001:4860::2/tcp/2']
  assert.equal(await chosen([OWN4, OWN6], both), both[1])
  assert.equal(await chosen([OWN4], both), both[0])
  assert.equal(await chosen([OWN6], [both[0] as string]), undefined)
  assert.equal(await chosen([OWN4], []), undefined)
})

test('addresses of other transports are passed over, and the peer id at the end does not matter', async () => {
  const id = '/p2p/12D3KooWRndVhVZPCiQwHBBBdg769GyrPUW13zxwqQyf9r3ANaba'
  assert.equal(
    await chosen([OWN4], ['/ip4/8.8.8.8/udp/1/quic-v1', '/dns4/a.example/tcp/1', `/ip4/8.8.8.8/tcp/1${id}`]),
    '/ip4/8.8.8.8/tcp/1',
  )
})

test('no more than four addresses are looked at, so that a long list finds no gap in the rules', async () => {
  const named = [1, 2, 3, 4, 5].map((port) => `/ip4/8.8.8.8/tcp/${port}`)
  assert.equal(await chosen([OWN4], named, named.slice(0, 3)), named[3])
  assert.equal(await chosen([OWN4], named, named.slice(0, 4)), undefined)
})

test('a node is not dialled at its own endpoint', async () => {
  assert.equal(await chosen([OWN4], [OWN4.address.toString()]), undefined)
})
