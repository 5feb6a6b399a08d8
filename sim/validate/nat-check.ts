import { assert } from '../../src/util/assert.ts'
import { NatBox } from '../nat/nat-box.ts'
import type { Endpoint, PacketKind } from '../nat/packet.ts'
import { NAT_POPULATIONS } from '../nat/populations.ts'
import { natChain } from '../nat/presets.ts'
import { punchTrial } from '../network/punch-trial.ts'
import { SeededRandom } from '../system/seeded-random.ts'
import { type Effort, type Finding, near, type Reference } from './finding.ts'

const POINTS = 3
/** The peer of every box: consistent ports, silent to strangers. */
const PEER = 'port-restricted'
const ADDRESS = '198.51.100.1'
const HOSTS: readonly [Endpoint, Endpoint] = [
  { address: '192.168.1.2', port: 4_001 },
  { address: '192.168.1.3', port: 4_002 },
]
const OUTSIDE: Endpoint = { address: '203.0.113.7', port: 4_001 }
const ROUNDS = 3

/** R19: what share of boxes lets holes be punched and hairpins. */
export const NAT_CHECK: Reference = {
  id: 'R19',
  subject: 'punches and hairpins by the boxes of preset nat2005',
  source: 'Ford, Srisuresh, Kegel, USENIX 2005: 310 of 380, 184 of 286, hairpins 24 % and 13 %',
  check,
}

function check({ seed }: Effort): Finding[] {
  const share = (works: (nat: string) => boolean): number =>
    100 *
    (NAT_POPULATIONS.nat2005?.shares ?? []).reduce((sum, { nat, share: part }) => sum + (works(nat) ? part : 0), 0)
  const row = (quantity: string, published: number, works: (nat: string) => boolean): Finding =>
    near(quantity, { published, ours: share(works), within: POINTS, unit: ' %' })
  return [
    row('UDP punched', 82, (nat) => isPunched(nat, 'udp', seed)),
    row('TCP punched', 64, (nat) => isPunched(nat, 'tcp', seed)),
    row('UDP hairpins', 24, (nat) => hairpins(nat, 'udp', seed)),
    row('TCP hairpins', 13, (nat) => hairpins(nat, 'syn', seed)),
  ]
}

/** Whoever sends first: NAT Check also counts a box that answers a stranger's SYN as one that cannot be punched. */
function isPunched(nat: string, protocol: 'udp' | 'tcp', seed: number): boolean {
  return [punchTrial(nat, PEER, protocol, seed), punchTrial(PEER, nat, protocol, seed)].every(
    (outcome) => outcome === 'punched',
  )
}

/** Whether two hosts behind one box reach each other by the addresses that the outside sees. */
function hairpins(nat: string, kind: PacketKind, seed: number): boolean {
  const behaviour = natChain(nat)?.[0]?.behaviour
  assert(behaviour !== undefined, `${nat} is a preset`)
  const box = new NatBox(behaviour, [ADDRESS], new SeededRandom(seed))
  const seen = HOSTS.map((source) => {
    const verdict = box.outbound({ kind, source, destination: OUTSIDE }, 0)
    assert(verdict.action === 'forward', 'a box lets its own out')
    return verdict.header.source
  })
  const arrived = [false, false]
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [i, source] of HOSTS.entries()) {
      const destination = seen[1 - i]
      assert(destination !== undefined, 'there are two hosts')
      const verdict = box.outbound({ kind, source, destination }, round)
      if (verdict.action === 'reset') {
        return false
      }
      arrived[i] ||= verdict.action === 'hairpin'
    }
  }
  return arrived.every(Boolean)
}
