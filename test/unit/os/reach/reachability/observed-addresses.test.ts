import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { ObservedAddresses } from '../../../../../src/os/reach/reachability/observed-addresses.ts'
import { peerIdFromSeed } from '../../../../support/peer-ids.ts'

const at = (host: string, port = 4_001) => multiaddr(`/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`)

function seen(observations: readonly (readonly [observer: string, observed: string])[]): ObservedAddresses {
  const observed = new ObservedAddresses()
  for (const [observer, host] of observations) {
    observed.note(at(observer), at(host, 1 + Math.floor(Number(observer.length) * 997)))
  }
  return observed
}

test('a host is believed when two networks agree; peers of one network have one voice, their latest', () => {
  assert.deepEqual(seen([['8.8.8.1', '9.9.9.9']]).believed(), [])
  assert.deepEqual(
    seen([
      ['8.8.8.1', '9.9.9.9'],
      ['8.8.8.2', '9.9.9.9'],
      ['8.8.8.3', '9.9.9.9'],
    ]).believed(),
    [],
  )
  assert.deepEqual(
    seen([
      ['8.8.8.1', '9.9.9.9'],
      ['8.8.4.1', '9.9.9.9'],
    ]).believed(),
    ['/ip4/9.9.9.9'],
  )
  const changed = seen([
    ['8.8.8.1', '9.9.9.9'],
    ['8.8.4.1', '9.9.9.9'],
    ['8.8.8.2', '7.7.7.7'],
  ])
  assert.deepEqual(changed.believed(), [])
  assert.deepEqual(changed.all(), [
    { address: '/ip4/9.9.9.9', observers: 1 },
    { address: '/ip4/7.7.7.7', observers: 1 },
  ])
})

test('where many networks speak two liars are not believed', () => {
  const scattered = Array.from({ length: 8 }, (_, index) => [`8.8.${index}.1`, `7.7.7.${index}`] as const)
  assert.deepEqual(seen([...scattered, ['8.8.100.1', '9.9.9.9'], ['8.8.101.1', '9.9.9.9']]).believed(), [])
  const three = [...scattered, ...[100, 101, 102].map((net) => [`8.8.${net}.1`, '9.9.9.9'] as const)]
  assert.deepEqual(seen(three).believed(), ['/ip4/9.9.9.9'])
})

test('IPv4 and IPv6 are believed apart, IPv6 observers by /48', () => {
  const observed = seen([
    ['8.8.8.1', '9.9.9.9'],
    ['8.8.4.1', '9.9.9.9'],
    ['2a00:1:1::1', '2a00:9::9'],
    ['2a00:1:1:2::1', '2a00:9::9'],
  ])
  assert.deepEqual(observed.believed(), ['/ip4/9.9.9.9'])
  observed.note(at('2a00:1:2::1'), at('2a00:9::9'))
  assert.deepEqual(observed.believed(), ['/ip4/9.9.9.9', '/ip6/2a00:9::9'])
})

test('what cannot be counts for nothing, nor what peers of private networks or behind relays see', () => {
  const observed = new ObservedAddresses()
  const absurd = [
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'ff02::1',
    'fd00::1',
    '64:ff9b::a00:1',
  ]
  for (const host of absurd) {
    assert.equal(observed.note(at('8.8.8.8'), at(host)), false, host)
    assert.equal(observed.note(at(host), at('9.9.9.9')), false, host)
  }
  assert.equal(observed.note(at('8.8.8.8'), at('9.9.9.9', 0)), false)
  assert.equal(observed.note(at('8.8.8.8'), multiaddr('/dns4/example.org/tcp/1')), false)
  const relayed = multiaddr(`/ip4/8.8.8.8/tcp/1/p2p/${peerIdFromSeed(new Uint8Array(32))}/p2p-circuit`)
  assert.equal(observed.note(relayed, at('9.9.9.9')), false)
  assert.deepEqual(observed.all(), [])
})

test('ten thousand lies leave no more than a few behind, and the latest word of the honest', () => {
  const observed = new ObservedAddresses()
  for (let lie = 0; lie < 10_000; lie++) {
    observed.note(at(`20.${lie >> 8}.${lie & 255}.1`), at(`30.${lie >> 8}.${lie & 255}.1`))
  }
  assert.equal(observed.all().length, 4)
  assert.deepEqual(observed.believed(), [])
  observed.clear()
  assert.deepEqual(observed.all(), [])
})
