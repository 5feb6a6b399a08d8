import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { candidateAddresses, portToMap } from '../../../../../src/os/reach/reachability/candidate-addresses.ts'

const all = (...addresses: string[]) => addresses.map((address) => multiaddr(address))
const text = (node: Parameters<typeof candidateAddresses>[0]): string[] => candidateAddresses(node).map(String)

test('candidates are own public addresses, the mapped port, and observed hosts with the port listened on', () => {
  const listening = all('/ip4/127.0.0.1/tcp/4001', '/ip4/192.168.1.2/tcp/4001', '/ip6/2a00::1/tcp/4002')
  const mapped = multiaddr('/ip4/9.9.9.9/tcp/20001')
  assert.deepEqual(text({ listening, mapped, observedHosts: ['/ip4/9.9.9.9', '/ip6/2a00::1'] }), [
    '/ip6/2a00::1/tcp/4002',
    '/ip4/9.9.9.9/tcp/20001',
    '/ip4/9.9.9.9/tcp/4001',
  ])
})

test('who listens on loopback alone, or through relays, has no candidates', () => {
  const relayed = '/ip4/8.8.8.8/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit'
  assert.deepEqual(
    text({ listening: all('/ip4/127.0.0.1/tcp/1', relayed), mapped: undefined, observedHosts: ['/ip4/9.9.9.9'] }),
    [],
  )
})

test('a router is asked for the port of private IPv4 addresses and for no other', () => {
  assert.deepEqual(portToMap(all('/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/4001', '/ip4/192.168.1.2/tcp/4001')), {
    port: 4_001,
    addresses: ['10.0.0.2', '192.168.1.2'],
  })
  assert.equal(portToMap(all('/ip4/127.0.0.1/tcp/1', '/ip6/fd00::1/tcp/4001', '/ip4/9.9.9.9/tcp/4001')), undefined)
})
