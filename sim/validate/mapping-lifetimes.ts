import { assert } from '../../src/util/assert.ts'
import { NatBox } from '../nat/nat-box.ts'
import type { Endpoint, PacketHeader } from '../nat/packet.ts'
import { natChain } from '../nat/presets.ts'
import { SeededRandom } from '../system/seeded-random.ts'
import type { Effort, Finding, Reference } from './finding.ts'

const SECOND_MS = 1_000
/** Keepalives from 10 s to 300 s. */
const INTERVALS_S: readonly number[] = Array.from({ length: 291 }, (_, i) => i + 10)
const ROUNDS = 5

/** Preset, its published lifetime with an answer from outside and without, seconds. */
const LIFETIMES: readonly (readonly [string, string, number, number])[] = [
  ['home', 'Linux, measured', 120, 30],
  ['cgn-fixed', 'CGN of fixed lines, median', 35, 35],
  ['cgn-cellular', 'cellular CGN, median', 65, 65],
  ['port-restricted', 'RFC 4787, recommended', 300, 300],
]

const INSIDE: Endpoint = { address: '192.168.1.2', port: 4_001 }
const OUTSIDE: Endpoint = { address: '203.0.113.7', port: 4_001 }

/** R21: how long a UDP mapping lasts. */
export const MAPPING_LIFETIMES: Reference = {
  id: 'R21',
  subject: 'a UDP mapping lives exactly while the keepalive is shorter than its lifetime',
  source: "RFC 4787 §4.3; Richter et al., IMC'16; Linux measured",
  check,
}

function check({ seed }: Effort): Finding[] {
  return LIFETIMES.flatMap(([preset, about, answered, unanswered]) => [
    lifetime(preset, `${about}, answered`, answered, true, seed),
    lifetime(preset, `${about}, unanswered`, unanswered, false, seed),
  ])
}

function lifetime(preset: string, about: string, published: number, isAnswered: boolean, seed: number): Finding {
  const alive = INTERVALS_S.filter((interval) => survives(preset, interval, isAnswered, seed))
  const longest = alive.at(-1) ?? 0
  const hasNoGap = alive.length === INTERVALS_S.filter((interval) => interval <= longest).length
  // The sweep ends at 300 s, so that a lifetime of 300 s is seen as 299.
  const passes = hasNoGap && longest === Math.min(published, 301) - 1
  return {
    quantity: `${preset} (${about})`,
    published: `${published} s`,
    ours: `alive up to ${longest} s`,
    tolerance: 'exact, in steps of 1 s',
    outcome: passes ? 'pass' : 'FAIL',
    reason: passes ? '' : `the mapping ended at another keepalive than ${published} s`,
  }
}

/** Whether the outside address of a host stays open to its peer while it sends every so many seconds. */
function survives(preset: string, intervalS: number, isAnswered: boolean, seed: number): boolean {
  const behaviour = natChain(preset)?.[0]?.behaviour
  assert(behaviour !== undefined, `${preset} is a preset`)
  const box = new NatBox(behaviour, ['198.51.100.1'], new SeededRandom(seed))
  let nowMs = 0
  let external = send(box, nowMs)
  if (isAnswered) {
    receive(box, external, nowMs)
    // Linux takes a flow for lasting when it is 2 s old and has packets from both sides.
    nowMs += 3 * SECOND_MS
    external = send(box, nowMs)
    receive(box, external, nowMs)
  }
  for (let round = 0; round < ROUNDS; round++) {
    nowMs += intervalS * SECOND_MS
    if (!isAnswered && box.flowCount(nowMs) === 0) {
      return false
    }
    if (isAnswered && !receive(box, external, nowMs)) {
      return false
    }
    external = send(box, nowMs)
  }
  return true
}

function send(box: NatBox, nowMs: number): Endpoint {
  const verdict = box.outbound({ kind: 'udp', source: INSIDE, destination: OUTSIDE }, nowMs)
  assert(verdict.action === 'forward', 'a box lets its own out')
  return verdict.header.source
}

function receive(box: NatBox, destination: Endpoint, nowMs: number): boolean {
  const packet: PacketHeader = { kind: 'udp', source: OUTSIDE, destination }
  return box.inbound(packet, nowMs).action === 'forward'
}
