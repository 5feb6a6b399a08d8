import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnose } from '../../../../cli/doctor/diagnose.ts'
import type { FindingId, Severity } from '../../../../cli/doctor/finding.ts'
import type { BootstrapObservation, Observations } from '../../../../cli/doctor/observations.ts'
import { reachedBy } from '../../../../cli/doctor/reach-findings.ts'
import type { ReachReport } from '../../../../src/index.ts'

const PEER: BootstrapObservation = {
  address: '/ip4/192.0.2.7/tcp/4001/p2p/12D3KooW',
  host: '192.0.2.7',
  tcp: 'open',
  peer: 'ok',
  clockAheadMs: 40,
}
const ANOTHER: BootstrapObservation = { ...PEER, address: '/dns4/b.example/tcp/4001/p2p/12D3KooX', host: 'b.example' }
const DOWN = { peer: undefined, clockAheadMs: undefined } as const

const REACH: ReachReport = {
  reachability: 'public',
  mapping: 'none',
  observed: [],
  portMapping: { state: 'no-router' },
  relays: [],
  relayRefusal: undefined,
  punches: { tried: 0, succeeded: 0 },
  relaying: undefined,
}
const PRIVATE: ReachReport = { ...REACH, reachability: 'private', mapping: 'endpoint-independent' }
const RELAYS = [{ peerId: '12D3KooW', address: '/ip4/192.0.2.7/tcp/4001', expiresMs: 1 }]

const WELL: Observations = {
  home: { path: '/home/alice', state: 'ok', freeBytes: 10 ** 9, isUsed: true, isDamaged: false },
  node: 'running',
  isRelay: false,
  reach: REACH,
  connectedPeers: 3,
  takenPorts: [],
  hasNetwork: true,
  bootstrap: [PEER, ANOTHER],
}

function found(seen: Partial<Observations>): readonly string[] {
  return diagnose({ ...WELL, ...seen }).map(({ id, severity }) => `${severity} ${id}`)
}

const CASES: readonly [string, Severity, FindingId, Partial<Observations>][] = [
  ['a home that is mounted read-only', 'error', 'home-read-only', { home: { ...WELL.home, state: 'read-only' } }],
  ['a home that this user may not write', 'error', 'home-read-only', { home: { ...WELL.home, state: 'unwritable' } }],
  ['a home that is a file', 'error', 'home-read-only', { home: { ...WELL.home, state: 'no-folder' } }],
  ['a store that is none', 'error', 'store-damaged', { home: { ...WELL.home, isDamaged: true } }],
  ['a disk without a byte left', 'error', 'disk-full', { home: { ...WELL.home, state: 'full', freeBytes: 0 } }],
  ['a disk with too little left', 'error', 'disk-full', { home: { ...WELL.home, freeBytes: 1_000_000 } }],
  ['a disk that is full soon', 'warning', 'disk-full', { home: { ...WELL.home, freeBytes: 100_000_000 } }],
  ['a machine without an address', 'error', 'no-network', { hasNetwork: false, bootstrap: [], connectedPeers: 1 }],
  ['no bootstrap node at all', 'error', 'no-bootstrap', { bootstrap: [], connectedPeers: 0, reach: undefined }],
  ['no bootstrap node, and peers all the same', 'warning', 'no-bootstrap', { bootstrap: [] }],
  [
    'one bootstrap node whose machine refuses',
    'error',
    'no-bootstrap',
    { bootstrap: [{ ...PEER, ...DOWN, tcp: 'refused' }], connectedPeers: 0, reach: undefined },
  ],
  [
    'somebody else at the address of the bootstrap node',
    'warning',
    'no-bootstrap',
    { bootstrap: [{ ...PEER, peer: 'no-answer', clockAheadMs: undefined }] },
  ],
  [
    'connections that nobody answers',
    'error',
    'firewall-out',
    { bootstrap: [{ ...PEER, ...DOWN, tcp: 'no-answer' }], connectedPeers: 0, reach: undefined },
  ],
  [
    'connections that several machines refuse',
    'error',
    'firewall-out',
    {
      bootstrap: [PEER, ANOTHER].map((one) => ({ ...one, ...DOWN, tcp: 'refused' })),
      connectedPeers: 0,
      reach: undefined,
    },
  ],
  [
    'names that nobody resolves',
    'error',
    'dns-failure',
    { bootstrap: [{ ...ANOTHER, ...DOWN, tcp: 'no-name' }], reach: undefined },
  ],
  ['one name that is gone', 'warning', 'dns-failure', { bootstrap: [PEER, { ...ANOTHER, ...DOWN, tcp: 'no-name' }] }],
  [
    'bootstrap nodes of another version only',
    'error',
    'version-mismatch',
    { bootstrap: [{ ...PEER, peer: 'wrong-version', clockAheadMs: undefined }] },
  ],
  [
    'one bootstrap node of another version',
    'warning',
    'version-mismatch',
    { bootstrap: [PEER, { ...ANOTHER, peer: 'wrong-version', clockAheadMs: undefined }] },
  ],
  ['a clock that is days off', 'error', 'wrong-clock', { bootstrap: [{ ...PEER, clockAheadMs: -2 * 86_400_000 }] }],
  ['a clock that is minutes off', 'warning', 'wrong-clock', { bootstrap: [{ ...PEER, clockAheadMs: 300_000 }] }],
  ['nobody connected', 'error', 'dht-alone', { connectedPeers: 0 }],
  ['a relay to which nobody has come', 'warning', 'dht-alone', { connectedPeers: 0, isRelay: true }],
  ['a NAT that opens no port', 'error', 'nat-without-mapping', { reach: PRIVATE }],
  ['a NAT that opens no port, and relays', 'warning', 'nat-without-mapping', { reach: { ...PRIVATE, relays: RELAYS } }],
  [
    'a NAT seen before AutoNAT has said anything',
    'error',
    'nat-without-mapping',
    { reach: { ...PRIVATE, reachability: 'unknown', mapping: 'endpoint-dependent' } },
  ],
  [
    'a second NAT behind the one that opened a port',
    'error',
    'nat-without-mapping',
    { reach: { ...PRIVATE, portMapping: { state: 'mapped', address: '/ip4/10.0.0.2/tcp/1' } } },
  ],
  [
    'a router that refuses to open a port',
    'error',
    'upnp-refused',
    { reach: { ...PRIVATE, portMapping: { state: 'refused', reason: '718 ConflictInMappingEntry' } } },
  ],
  ['a firewall without NAT', 'error', 'firewall-in', { reach: { ...PRIVATE, mapping: 'none' } }],
  ['relays that have no room', 'error', 'relay-full', { reach: { ...PRIVATE, relayRefusal: 'full' } }],
  ['relays that do not answer', 'error', 'relay-silent', { reach: { ...PRIVATE, relayRefusal: 'unreachable' } }],
  ['a relay that is none any more', 'error', 'relay-silent', { reach: { ...PRIVATE, relayRefusal: 'no-relay' } }],
  [
    'a second relay that has no room',
    'warning',
    'relay-full',
    { reach: { ...PRIVATE, relays: RELAYS, relayRefusal: 'refused' } },
  ],
  [
    'a port that was asked for and is taken',
    'error',
    'port-in-use',
    { node: 'not-running', takenPorts: [{ address: '/ip4/0.0.0.0/tcp/4001', isAsked: true }] },
  ],
  [
    'the usual port that is taken',
    'warning',
    'port-in-use',
    { node: 'not-running', takenPorts: [{ address: '/ip4/0.0.0.0/tcp/20000', isAsked: false }] },
  ],
  ['a node that does not run', 'warning', 'not-running', { node: 'not-running' }],
  ['a node that does not answer', 'error', 'not-running', { node: 'no-answer' }],
]

describe('the doctor names', () => {
  for (const [what, severity, id, seen] of CASES) {
    it(`${what}: ${severity} ${id}`, () => {
      assert.ok(found(seen).includes(`${severity} ${id}`), found(seen).join(', '))
    })
  }

  it('nothing where nothing is wrong', () => {
    assert.deepEqual(found({}), ['info ok'])
    assert.deepEqual(found({ bootstrap: [{ ...PEER, clockAheadMs: -119_999 }] }), ['info ok'])
  })

  it('one cause and not what looks alike', () => {
    assert.deepEqual(found({ reach: { ...PRIVATE, portMapping: { state: 'refused' }, relays: RELAYS } }), [
      'warning upnp-refused',
    ])
    assert.deepEqual(found({ bootstrap: [{ ...ANOTHER, ...DOWN, tcp: 'no-name' }] }), ['error dns-failure'])
    assert.deepEqual(found({ bootstrap: [], isRelay: true, connectedPeers: 0 }), [
      'warning no-bootstrap',
      'warning dht-alone',
    ])
  })

  it('how to start again what does not run', () => {
    const advice = (isRelay: boolean): unknown =>
      diagnose({ ...WELL, isRelay, node: 'not-running' }).find(({ id }) => id === 'not-running')?.advice
    assert.equal(advice(false), 'Start it: kabber --home /home/alice start')
    assert.equal(advice(true), 'Start it: kabber --home /home/alice relay')
  })

  it('the worst first', () => {
    const seen = { node: 'not-running', reach: PRIVATE, home: { ...WELL.home, freeBytes: 10 ** 8 } } as const
    assert.deepEqual(found(seen), ['error nat-without-mapping', 'warning disk-full', 'warning not-running'])
  })

  it('no clock by one peer that lies against two', () => {
    const lies = { ...PEER, clockAheadMs: 10 ** 9 }
    assert.deepEqual(found({ bootstrap: [PEER, ANOTHER, lies] }), ['info ok'])
    assert.deepEqual(found({ bootstrap: [lies, PEER] }), ['info ok'])
    assert.deepEqual(found({ bootstrap: [lies, lies, PEER] }), ['error wrong-clock'])
  })

  it('a sentence and an advice for each', () => {
    for (const [, , id, seen] of CASES) {
      const finding = diagnose({ ...WELL, ...seen }).find((one) => one.id === id)
      assert.match(finding?.text ?? '', /^[A-Z].*\.$/s)
      assert.match(finding?.advice ?? '', /^[A-Z]/)
    }
  })
})

describe('the way to a node is', () => {
  for (const [way, reach, connectedPeers] of [
    ['direct', REACH, 1],
    ['mapped', { ...REACH, portMapping: { state: 'mapped' } }, 1],
    ['punched', { ...PRIVATE, relays: RELAYS }, 1],
    ['punched', { ...PRIVATE, mapping: 'unknown', relays: RELAYS, punches: { tried: 1, succeeded: 1 } }, 1],
    ['relayed', { ...PRIVATE, mapping: 'endpoint-dependent', relays: RELAYS }, 1],
    ['not-at-all', PRIVATE, 1],
    ['unknown', { ...REACH, reachability: 'unknown' }, 1],
    ['not-at-all', { ...REACH, reachability: 'unknown' }, 0],
    ['not-at-all', undefined, 0],
  ] as const) {
    it(`${way}: ${JSON.stringify(reach)?.slice(0, 60)}`, () => {
      assert.equal(reachedBy({ ...WELL, reach, connectedPeers }), way)
    })
  }

  it('unknown for the first relay of a network, to which nobody has come', () => {
    const reach = { ...REACH, reachability: 'unknown' } as const
    const seen: Observations = { ...WELL, reach, connectedPeers: 0, isRelay: true }
    assert.equal(reachedBy(seen), 'unknown')
    assert.equal(reachedBy({ ...seen, node: 'not-running' }), 'not-at-all')
  })

  it('unknown where a node runs that does not tell', () => {
    const seen: Observations = { ...WELL, node: 'no-answer', reach: PRIVATE, connectedPeers: 0 }
    assert.equal(reachedBy(seen), 'unknown')
    assert.deepEqual(found(seen), ['error not-running'])
  })
})
