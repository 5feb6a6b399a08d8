import { dayOf } from '../../src/protocol/mailbox/letter-limits.ts'
import { IDLE_ABORT_MS } from '../../src/protocol/stanza/protocol.ts'
import { drawShare } from '../churn/draw-share.ts'
import type { Draws } from '../churn/draws.ts'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import type { ScenarioStreams } from '../workload/scenario-streams.ts'
import type { Attendance } from './attendance.ts'
import type { Custody } from './custody.ts'
import type { Place } from './id-space.ts'
import { Kernel } from './kernel.ts'
import { mailboxName, mailboxPlace, recordPlace } from './letters.ts'
import type { Paths } from './paths.ts'
import type { Person } from './person.ts'
import { Stream } from './stream.ts'
import type { Wires } from './wires.ts'
import { DROPS, type Extras, LIES, type World } from './world.ts'

/** Whose mailbox or record Sybils gather around. */
const TARGET_PERSON = 0

type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { readonly kind: Kind }>

/** The nodes that the faults of a scenario bring. */
export function extrasOf(scenario: Scenario, seed: number): Extras {
  const stream = new Stream(seed, 'sybils')
  let newcomers = 0
  const sybils: { place: Place; behaviour: number }[] = []
  for (const fault of scenario.faults) {
    if (fault.kind === 'flash-crowd') {
      newcomers += fault.nodes
    } else if (fault.kind === 'sybils') {
      const { high } = targetOf(fault, seed)
      for (let i = 0; i < fault.nodes; i++) {
        // Nearer than any honest node: 32 bits are the same.
        sybils.push({ place: { high, low: stream.bits() }, behaviour: fault.behaviour === 'drop' ? DROPS : LIES })
      }
    }
  }
  return { newcomers, sybils }
}

export interface FaultParts {
  readonly scenario: Scenario
  readonly seed: number
  readonly streams: ScenarioStreams
  readonly kernel: Kernel
  readonly world: World
  readonly paths: Paths
  readonly attendance: Attendance
  readonly custody: Custody
  readonly wires: Wires
  readonly people: readonly Person[]
}

/** Lets the faults of a scenario happen at their times. */
export function planFaults(parts: FaultParts): void {
  const { scenario, kernel, world } = parts
  let newcomer = world.regular
  let sybil = world.firstSybil
  scenario.faults.forEach((fault, index) => {
    const draws = parts.streams.fault(index)
    const firstNewcomer = newcomer
    const firstSybil = sybil
    newcomer += fault.kind === 'flash-crowd' ? fault.nodes : 0
    sybil += fault.kind === 'sybils' ? fault.nodes : 0
    kernel.schedule(fault.atMs, () => {
      switch (fault.kind) {
        case 'kill':
          kill(parts, fault, draws)
          return
        case 'partition':
          part(parts, fault, draws)
          return
        case 'flash-crowd':
          for (let i = 0; i < fault.nodes; i++) {
            kernel.schedule(draws.next() * fault.withinMs, () => parts.attendance.arrive(firstNewcomer + i))
          }
          return
        case 'sybils':
          for (let i = 0; i < fault.nodes; i++) {
            parts.attendance.arrive(firstSybil + i)
          }
          return
        case 'degrade':
          parts.paths.degrade(fault.latencyTimes, fault.loss)
          kernel.schedule(fault.forMs, () => parts.paths.degrade(1, 0))
          return
      }
    })
  })
}

function targetOf(fault: FaultOf<'sybils'>, seed: number): Place {
  const day = dayOf(Kernel.wallMsAt(fault.atMs))
  return fault.target === 'record'
    ? recordPlace(seed, TARGET_PERSON)
    : mailboxPlace(seed, mailboxName(TARGET_PERSON, day))
}

function kill({ world, attendance }: FaultParts, fault: FaultOf<'kill'>, draws: Draws): void {
  const { className } = fault
  const nodes: number[] = []
  for (let node = 0; node < world.regular; node++) {
    if (world.up[node] === 1 && (className === undefined || world.classAt(node)?.name === className)) {
      nodes.push(node)
    }
  }
  attendance.kill(drawShare(nodes, fault.share, draws), fault.returnAfterMs)
}

function part({ kernel, world, custody, wires, people }: FaultParts, fault: FaultOf<'partition'>, draws: Draws): void {
  const nodes = Array.from({ length: world.size }, (_, node) => node)
  for (const node of drawShare(nodes, fault.share, draws)) {
    world.side[node] = 1
  }
  wires.parted()
  custody.parted(IDLE_ABORT_MS)
  kernel.schedule(fault.forMs, () => {
    world.side.fill(0)
    for (const person of people) {
      if (world.up[person.node] === 1) {
        person.networkChanged()
      }
    }
  })
}
