import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NatBox } from '../../../../sim/nat/nat-box.ts'
import type { Endpoint, NatVerdict, PacketKind } from '../../../../sim/nat/packet.ts'
import { NAT_PRESETS } from '../../../../sim/nat/presets.ts'
import type { NatBehaviour } from '../../../../sim/scenario/scenario.ts'
import { SeededRandom } from '../../../../sim/system/seeded-random.ts'

const KINDS = ['endpoint-independent', 'address-dependent', 'address-and-port-dependent'] as const
const TEXTBOOK = NAT_PRESETS['port-restricted']!.behaviour
const PUBLIC = '45.0.0.1'
const INSIDE: Endpoint = { address: '192.168.1.2', port: 5_001 }
const PEER: Endpoint = { address: '80.0.0.1', port: 7_000 }
const PEER_OTHER_PORT: Endpoint = { address: '80.0.0.1', port: 7_001 }
const STRANGER: Endpoint = { address: '81.0.0.1', port: 7_000 }

function box(change: Partial<NatBehaviour> = {}, seed = 1): NatBox {
  return new NatBox({ ...TEXTBOOK, ...change }, [PUBLIC], new SeededRandom(seed))
}

function out(nat: NatBox, destination: Endpoint, nowMs: number, kind: PacketKind = 'udp', source = INSIDE): Endpoint {
  const verdict = nat.outbound({ kind, source, destination }, nowMs)
  assert.equal(verdict.action, 'forward')
  return (verdict as Extract<NatVerdict, { action: 'forward' }>).header.source
}

function comesIn(
  nat: NatBox,
  source: Endpoint,
  destination: Endpoint,
  nowMs: number,
  kind: PacketKind = 'udp',
): boolean {
  const verdict = nat.inbound({ kind, source, destination }, nowMs)
  if (verdict.action === 'forward') {
    assert.deepEqual(verdict.header, { kind, source, destination: INSIDE })
  }
  return verdict.action === 'forward'
}

test('mapping: what the outside endpoint depends on, for every behaviour and protocol (RFC 4787 §4.1)', () => {
  const expected = {
    'endpoint-independent': [true, true],
    'address-dependent': [true, false],
    'address-and-port-dependent': [false, false],
  }
  for (const kind of ['udp', 'syn'] as const) {
    for (const mapping of KINDS) {
      const nat = box({ mapping, ports: 'random' })
      const first = out(nat, PEER, 0, kind)
      const isSame = [PEER_OTHER_PORT, STRANGER].map((peer) => out(nat, peer, 0, kind).port === first.port)
      assert.deepEqual(isSame, expected[mapping], `${kind} ${mapping}`)
      assert.deepEqual(out(nat, PEER, 1, kind), first, 'stable')
    }
  }
})

test('filtering: the truth table for every mapping, filtering and protocol (RFC 4787 §5)', () => {
  const expected = {
    'endpoint-independent': [true, true, true],
    'address-dependent': [true, true, false],
    'address-and-port-dependent': [true, false, false],
  }
  for (const kind of ['udp', 'syn'] as const) {
    for (const mapping of KINDS) {
      for (const filtering of KINDS) {
        for (const ports of ['preserving', 'sequential', 'random'] as const) {
          const nat = box({ mapping, filtering, ports })
          const door = out(nat, PEER, 0, kind)
          const passes = [PEER, PEER_OTHER_PORT, STRANGER].map((peer) => comesIn(nat, peer, door, 1, kind))
          assert.deepEqual(passes, expected[filtering], `${kind} ${mapping} ${filtering} ${ports}`)
        }
      }
    }
  }
})

test('a UDP mapping lives until exactly its idle time, counted from the last packet that refreshes it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 299_999 }), { maxLength: 20 }), fc.boolean(), (pauses, inbound) => {
      const nat = box({ udpInboundRefresh: inbound })
      const door = out(nat, PEER, 0)
      let nowMs = 0
      let dies = TEXTBOOK.udpIdleMs
      for (const [index, pause] of pauses.entries()) {
        nowMs += pause
        const isAlive = nowMs < dies
        if (index % 2 === 0) {
          assert.equal(comesIn(nat, PEER, door, nowMs), isAlive)
          dies = isAlive && inbound ? nowMs + TEXTBOOK.udpIdleMs : dies
        } else {
          out(nat, PEER, nowMs)
          dies = nowMs + TEXTBOOK.udpIdleMs
        }
      }
      const last = Math.max(nowMs, dies - 1)
      assert.equal(nat.flowCount(last), last < dies ? 1 : 0)
      assert.equal(comesIn(nat, PEER, door, Math.max(nowMs, dies)), false)
    }),
  )
})

test('Linux forgets unanswered UDP after 30 s and a stream after 120 s', () => {
  const nat = new NatBox(NAT_PRESETS.home!.behaviour, [PUBLIC], new SeededRandom(1))
  const door = out(nat, PEER, 0)
  assert.equal(comesIn(nat, PEER, door, 30_000), false)
  out(nat, PEER, 100_000)
  assert.equal(comesIn(nat, PEER, door, 129_999), true)
  assert.equal(comesIn(nat, PEER, door, 129_999 + 119_999), true)
  assert.equal(comesIn(nat, PEER, door, 129_999 + 119_999 + 120_000), false)
})

test('TCP: opening and closing connections are forgotten early, established ones late, refused ones at once', () => {
  const { tcpOpeningMs, tcpIdleMs } = TEXTBOOK
  const plays: readonly [string, readonly ['out' | 'in', PacketKind][], number][] = [
    ['opening', [['out', 'syn']], tcpOpeningMs],
    [
      'half-open',
      [
        ['out', 'syn'],
        ['in', 'syn-ack'],
      ],
      tcpOpeningMs,
    ],
    [
      'established',
      [
        ['out', 'syn'],
        ['in', 'syn-ack'],
        ['out', 'ack'],
      ],
      tcpIdleMs,
    ],
    [
      'simultaneous',
      [
        ['out', 'syn'],
        ['in', 'syn'],
        ['out', 'syn-ack'],
        ['in', 'syn-ack'],
        ['out', 'ack'],
      ],
      tcpIdleMs,
    ],
    [
      'closing',
      [
        ['out', 'syn'],
        ['in', 'syn-ack'],
        ['out', 'ack'],
        ['in', 'fin'],
      ],
      tcpOpeningMs,
    ],
    [
      'reset',
      [
        ['out', 'syn'],
        ['in', 'syn-ack'],
        ['out', 'ack'],
        ['out', 'rst'],
      ],
      10_000,
    ],
    [
      'refused',
      [
        ['out', 'syn'],
        ['in', 'rst'],
      ],
      0,
    ],
  ]
  for (const [name, packets, lifetimeMs] of plays) {
    const nat = box()
    for (const [direction, kind] of packets) {
      if (direction === 'out') {
        out(nat, PEER, 1_000, kind)
      } else {
        assert.ok(comesIn(nat, PEER, { address: PUBLIC, port: INSIDE.port }, 1_000, kind), name)
      }
    }
    assert.equal(nat.flowCount(1_000 + lifetimeMs - 1), lifetimeMs === 0 ? nat.flowCount(999 + lifetimeMs) : 1, name)
    assert.equal(nat.flowCount(1_000 + lifetimeMs), 0, name)
  }
})

test('what nobody asked for: silence, an RST, or Linux that takes datagrams for its own', () => {
  const door = { address: PUBLIC, port: INSIDE.port }
  const answers = (unsolicited: NatBehaviour['unsolicited']): unknown[] => {
    const nat = box({ ...NAT_PRESETS.home!.behaviour, unsolicited })
    const syn = nat.inbound({ kind: 'syn', source: PEER, destination: door }, 0).action
    const udp = nat.inbound({ kind: 'udp', source: PEER, destination: door }, 0).action
    return [syn, udp, out(nat, PEER, 1, 'syn').port, out(nat, PEER, 1).port === INSIDE.port, out(nat, STRANGER, 1).port]
  }
  assert.deepEqual(answers('drop'), ['drop', 'drop', 5_001, true, 5_001])
  assert.deepEqual(answers('reset'), ['reset', 'drop', 5_001, true, 5_001])
  assert.deepEqual(answers('poison'), ['reset', 'drop', 5_001, false, 5_001])
})

test('Linux gives two hosts one port for two destinations, and two ports for one', () => {
  const nat = new NatBox(NAT_PRESETS.home!.behaviour, [PUBLIC], new SeededRandom(1))
  const second: Endpoint = { address: '192.168.1.3', port: INSIDE.port }
  assert.equal(out(nat, PEER, 0).port, 5_001)
  assert.equal(out(nat, STRANGER, 0, 'udp', second).port, 5_001)
  assert.notEqual(out(nat, PEER, 0, 'udp', second).port, 5_001)
})

test('hairpinning shows the outside endpoint of the sender; without it nothing comes back', () => {
  const nat = box({ hairpinning: true, filtering: 'endpoint-independent' })
  const second: Endpoint = { address: '192.168.1.3', port: 6_000 }
  const door = out(nat, PEER, 0)
  const verdict = nat.outbound({ kind: 'udp', source: second, destination: door }, 1)
  assert.deepEqual(verdict, {
    action: 'hairpin',
    header: { kind: 'udp', source: { address: PUBLIC, port: 6_000 }, destination: INSIDE },
  })
  assert.equal(box().outbound({ kind: 'udp', source: second, destination: door }, 1).action, 'drop')
})

test('a full table takes no new flows until old ones expire', () => {
  const nat = box({ mappingsMax: 3 })
  for (let port = 1; port <= 3; port++) {
    out(nat, { ...PEER, port }, 0)
  }
  assert.deepEqual(nat.outbound({ kind: 'udp', source: INSIDE, destination: STRANGER }, 1), {
    action: 'drop',
    reason: 'table-full',
  })
  out(nat, { ...PEER, port: 1 }, 1)
  out(nat, STRANGER, TEXTBOOK.udpIdleMs)
  assert.equal(nat.flowCount(TEXTBOOK.udpIdleMs), 2)
})

test('a firewall translates nothing and lets in only answers', () => {
  const nat = new NatBox(NAT_PRESETS.firewall!.behaviour, [], new SeededRandom(1))
  const host: Endpoint = { address: '2a01::2', port: 4_001 }
  const peer: Endpoint = { address: '2a02::2', port: 4_001 }
  assert.equal(nat.inbound({ kind: 'syn', source: peer, destination: host }, 0).action, 'drop')
  assert.deepEqual(nat.outbound({ kind: 'syn', source: host, destination: peer }, 0), {
    action: 'forward',
    header: { kind: 'syn', source: host, destination: peer },
  })
  const answer = { kind: 'syn-ack', source: peer, destination: host } as const
  assert.deepEqual(nat.inbound(answer, 0), { action: 'forward', header: answer })
})

test('a port mapped on request takes everybody until its lifetime ends', () => {
  const nat = box({ portMapping: true })
  const door = nat.mapPort('tcp', INSIDE, 60_000, 0)!
  assert.deepEqual(door, { address: PUBLIC, port: INSIDE.port })
  assert.ok(comesIn(nat, STRANGER, door, 59_999, 'syn'))
  assert.deepEqual(nat.mapPort('tcp', INSIDE, 60_000, 59_999), door)
  assert.ok(comesIn(nat, PEER, door, 119_998, 'syn'))
  assert.equal(comesIn(nat, PEER_OTHER_PORT, door, 119_999, 'syn'), false)
  assert.equal(box().mapPort('tcp', INSIDE, 60_000, 0), undefined)
})

test('no packet leaves with an inside address and none comes in but for the host that asked, whatever happens', () => {
  const behaviour = fc.record({
    mapping: fc.constantFrom(...KINDS),
    filtering: fc.constantFrom(...KINDS),
    ports: fc.constantFrom('preserving', 'sequential', 'random'),
    hairpinning: fc.boolean(),
    unsolicited: fc.constantFrom('drop', 'reset', 'poison'),
    mappingsMax: fc.integer({ min: 1, max: 30 }),
    portMapping: fc.boolean(),
  })
  const packet = fc.record({
    isOut: fc.boolean(),
    kind: fc.constantFrom<PacketKind>('udp', 'udp', 'syn', 'syn-ack', 'ack', 'fin', 'rst'),
    host: fc.integer({ min: 2, max: 4 }),
    port: fc.integer({ min: 5_000, max: 5_002 }),
    peer: fc.integer({ min: 1, max: 2 }),
    peerPort: fc.integer({ min: 7_000, max: 7_002 }),
    pauseMs: fc.constantFrom(0, 1, 1_000, 100_000, 300_000),
  })
  fc.assert(
    fc.property(behaviour, fc.array(packet, { maxLength: 80 }), fc.nat(), (kind, packets, seed) => {
      const nat = box(kind as Partial<NatBehaviour>, seed)
      const owners = new Map<string, Set<string>>()
      let nowMs = 0
      for (const { isOut, kind: packetKind, host, port, peer, peerPort, pauseMs } of packets) {
        nowMs += pauseMs
        const inside = { address: `192.168.1.${host}`, port }
        const outside = { address: `80.0.0.${peer}`, port: peerPort }
        const verdict = isOut
          ? nat.outbound({ kind: packetKind, source: inside, destination: outside }, nowMs)
          : nat.inbound({ kind: packetKind, source: outside, destination: { address: PUBLIC, port } }, nowMs)
        if (verdict.action === 'forward' && isOut) {
          assert.equal(verdict.header.source.address, PUBLIC)
          const door = `${packetKind === 'udp'}${verdict.header.source.port}`
          owners.set(door, (owners.get(door) ?? new Set()).add(JSON.stringify(inside)))
        } else if (verdict.action === 'forward') {
          const door = `${packetKind === 'udp'}${port}`
          assert.ok(owners.get(door)?.has(JSON.stringify(verdict.header.destination)), door)
        }
        assert.ok(nat.flowCount(nowMs) <= kind.mappingsMax)
      }
    }),
  )
})
