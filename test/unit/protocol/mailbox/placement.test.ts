import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Candidate,
  compareDistance,
  custodiansOf,
  isCustodian,
  nearestFirst,
  xorDistance,
} from '../../../../src/protocol/mailbox/placement.ts'
import { networksOf } from '../../../../src/util/ip-network.ts'

function candidate(name: number, networks: readonly string[] = [], storage = true): Candidate {
  return { peerId: `peer-${name}`, kadId: Uint8Array.of(name >> 8, name & 0xff), networks, storage }
}

const ids = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('distance is the XOR metric: zero to itself, symmetric, in the order of the XOR as a number', () => {
  fc.assert(
    fc.property(ids, ids, ids, (target, one, other) => {
      const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
      const difference = number(xorDistance(target, one)) - number(xorDistance(target, other))
      assert.equal(Math.sign(compareDistance(target, one, other)), difference === 0n ? 0 : difference < 0n ? -1 : 1)
      assert.deepEqual(xorDistance(one, other), xorDistance(other, one))
      assert.equal(number(xorDistance(one, one)), 0n)
    }),
  )
})

test('a network is the /24 of a public IPv4 address and the /48 of a public IPv6 one', () => {
  const cases: [string, readonly string[]][] = [
    ['/ip4/203.0.113.9/tcp/4001', ['203.0.113.0/24']],
    ['/ip4/100.63.0.1/tcp/1', ['100.63.0.0/24']],
    ['/ip4/172.32.0.1/tcp/1', ['172.32.0.0/24']],
    ['/ip6/2001:db8:7::1/tcp/4001', ['2001:db8:7::/48']],
    ['/ip6/2001:DB8::/tcp/4001', ['2001:db8:0::/48']],
    ['/ip6/::ffff:203.0.113.9/tcp/1', ['203.0.113.0/24']],
    ['/ip6/::ffff:cb00:7109/tcp/1', ['203.0.113.0/24']],
    ['/ip6/64:ff9b::203.0.113.9/tcp/1', ['203.0.113.0/24']],
    ['/ip6/2002:cb00:7109::1/tcp/1', ['203.0.113.0/24']],
    ['/ip4/203.0.113.9/tcp/1/p2p/12D3/p2p-circuit', ['203.0.113.0/24']],
    ['/dns4/one.example/tcp/443/wss', ['dns']],
  ]
  for (const [address, networks] of cases) {
    assert.deepEqual(networksOf([address]), networks, address)
  }
})

test('private, loopback, link-local and carrier addresses, and what is no address, count for no network', () => {
  const hosts = ['10.1.2.3', '127.0.0.1', '169.254.1.1', '172.16.0.1', '172.31.9.9', '192.168.1.1', '100.64.0.1']
  const hosts6 = [
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'fc00:1::',
    '::ffff:10.0.0.1',
    '2002:a00:1::',
    '1:2',
    ':::',
    'g::1',
  ]
  const addresses = [...hosts.map((host) => `/ip4/${host}/tcp/1`), ...hosts6.map((host) => `/ip6/${host}/tcp/1`)]
  for (const address of [...addresses, '/ip4/1.2.3/tcp/1', '/ip4/1.2.3.256/tcp/1', '/memory/1', '']) {
    assert.deepEqual(networksOf([address]), [], address)
  }
  assert.deepEqual(networksOf([]), [])
})

test('names count only where no address is known, and a peer counts for four networks at most', () => {
  assert.deepEqual(networksOf(['/dns4/a.example/tcp/1', '/ip4/203.0.113.1/tcp/1']), ['203.0.113.0/24'])
  assert.equal(networksOf(Array.from({ length: 9 }, (_, index) => `/ip4/203.0.${index}.1/tcp/1`)).length, 4)
})

test('any text is taken for an address without harm', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.ipV6(), (texts, ip6) => {
      assert.ok(networksOf([...texts, `/ip6/${ip6}/tcp/1`]).length <= 4)
    }),
  )
})

test('custodians are the nearest that keep letters, at most ten, one a network; in small networks all', () => {
  const all = Array.from({ length: 40 }, (_, index) => candidate(index))
  assert.deepEqual(custodiansOf(all), all.slice(0, 10))
  assert.deepEqual(custodiansOf(all.slice(0, 3)), all.slice(0, 3))
  const clients = all.map((peer, index) => ({ ...peer, storage: index % 2 === 0 }))
  assert.deepEqual(custodiansOf(clients), clients.filter(({ storage }) => storage).slice(0, 10))
  const crowded = all.map((peer, index) => ({ ...peer, networks: [`net-${index >> 2}`] }))
  assert.deepEqual(
    custodiansOf(crowded).map(({ peerId }) => peerId),
    Array.from({ length: 10 }, (_, index) => `peer-${4 * index}`),
  )
})

test('identities without number in one network take one place', () => {
  const sybils = Array.from({ length: 1_000 }, (_, index) => candidate(index, ['198.51.100.0/24']))
  const honest = Array.from({ length: 9 }, (_, index) => candidate(2_000 + index, [`203.0.${index}.0/24`]))
  assert.deepEqual(custodiansOf([...sybils, ...honest]), [sybils[0], ...honest])
})

test('custodians keep the order, the spread and the bound, and nobody nearer is passed over without a reason', () => {
  const peer = fc.record({
    networks: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 2 }),
    storage: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(peer, { maxLength: 40 }), (peers) => {
      const all = peers.map(({ networks, storage }, index) => candidate(index, networks, storage))
      const chosen = custodiansOf(all)
      const networks = chosen.flatMap((one) => [...new Set(one.networks)])
      assert.equal(new Set(networks).size, networks.length)
      assert.ok(chosen.length <= 10 && chosen.every(({ storage }) => storage))
      const last = chosen.length < 10 ? all.length : all.indexOf(chosen[9] as Candidate)
      for (const other of all.slice(0, last)) {
        assert.ok(chosen.includes(other) || !other.storage || other.networks.some((one) => networks.includes(one)))
      }
    }),
  )
})

test('a node is custodian exactly when it is among the custodians of all that are known', () => {
  const target = Uint8Array.of(0, 0)
  const others = Array.from({ length: 30 }, (_, index) => candidate(index * 2))
  assert.equal(isCustodian(candidate(17), target, others), true)
  assert.equal(isCustodian(candidate(21), target, others), false)
  assert.equal(isCustodian(candidate(17, [], false), target, others), false)
  assert.equal(isCustodian(candidate(4), target, others), true)
  assert.deepEqual(nearestFirst(target, [...others].reverse()), others)
})
