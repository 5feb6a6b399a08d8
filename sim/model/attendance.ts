import { IDLE_ABORT_MS } from '../../src/protocol/stanza/protocol.ts'
import { type SessionEvent, sessionPlan } from '../churn/session-plan.ts'
import type { RunObserver } from '../results/results.ts'
import { classSizes } from '../scenario/class-sizes.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { type AbsenceEvent, absencePlan } from '../workload/absence-plan.ts'
import type { ScenarioStreams } from '../workload/scenario-streams.ts'
import type { Custody } from './custody.ts'
import { CHURN, type Kernel } from './kernel.ts'
import type { Person } from './person.ts'
import type { RoutingTables } from './routing-tables.ts'
import type { SleepingLinks } from './sleeping-links.ts'
import type { Wires } from './wires.ts'
import type { World } from './world.ts'

/** Why a node is off; it runs when there is no reason. */
const CHURNED = 1
const AWAY = 2
const KILLED = 4
const UNBORN = 8

/** Of a departure in good order the others hear this much later. */
const GOODBYE_MS = 100

/** As in the stack tier, who is there at the start does not begin at once. */
const START_SPACING_MAX_MS = 200
const START_SHARE = 1 / 3

export interface AttendanceParts {
  readonly scenario: Scenario
  readonly streams: ScenarioStreams
  readonly kernel: Kernel
  /** Told of every start and crash. */
  readonly tell: RunObserver['trace']
  readonly world: World
  readonly tables: RoutingTables
  readonly custody: Custody
  readonly wires: Wires
  readonly sleepers: SleepingLinks
  readonly people: readonly Person[]
  /** Person at each node. */
  readonly personAt: ReadonlyMap<number, Person>
}

/** Who is there: churn of nodes, absences of people, and faults, which add up. */
export class Attendance {
  readonly #parts: AttendanceParts
  readonly #reasons: Uint8Array
  /** The disk is lost at the next start. */
  readonly #diskLost: Uint8Array
  readonly #plans = new Map<number, { readonly events: Iterator<SessionEvent>; next: SessionEvent }>()

  constructor(parts: AttendanceParts) {
    this.#parts = parts
    this.#reasons = new Uint8Array(parts.world.size).fill(UNBORN, parts.world.regular)
    this.#diskLost = new Uint8Array(parts.world.size)
  }

  /** Everybody who is there at the beginning comes, and the rest is planned. */
  begin(): void {
    const { scenario, world } = this.#parts
    let node = 0
    classSizes(scenario.classes, scenario.nodes).forEach((size, index) => {
      for (let inClass = 0; inClass < size; inClass++, node++) {
        this.#planNode(node, index, inClass)
      }
    })
    this.#parts.people.forEach((person) => {
      this.#planAbsence(person)
    })
    for (let other = 0; other < world.regular; other++) {
      if (this.#reasons[other] === 0) {
        world.come(other, 0)
        this.#parts.tell({ t_ms: 0, kind: 'starting', node: other })
      }
    }
    const { kernel, people } = this.#parts
    const spacingMs = Math.min(START_SPACING_MAX_MS, (scenario.warmupMs * START_SHARE) / world.regular)
    for (const person of people) {
      if (world.up[person.node] === 1) {
        const { upSinceMs } = world
        kernel.schedule(person.node * spacingMs, () => {
          if (world.up[person.node] === 1 && upSinceMs[person.node] === 0 && world.sessions[person.node] === 1) {
            person.start(true)
          }
        })
      }
    }
  }

  /** The next event of a node's plan. */
  churn(node: number): void {
    const plan = this.#plans.get(node)
    if (plan === undefined) {
      return
    }
    const { kind, disk } = plan.next
    if (kind === 'join') {
      this.#diskLost[node] = disk || this.#parts.world.sessions[node] === 0 ? (this.#diskLost[node] as number) : 1
      this.#clear(node, CHURNED)
    } else {
      this.#set(node, CHURNED, kind === 'crash')
    }
    this.#planNext(node, plan)
  }

  /** Nodes die at once; those that come back have their disks. */
  kill(nodes: readonly number[], returnAfterMs: number | undefined): void {
    for (const node of nodes) {
      this.#set(node, KILLED, true)
    }
    if (returnAfterMs !== undefined) {
      this.#parts.kernel.schedule(returnAfterMs, () => {
        for (const node of nodes) {
          this.#clear(node, KILLED)
        }
      })
    }
  }

  /** People's nodes come back, save those that were killed for good, and stay. */
  recall(): void {
    for (const { node } of this.#parts.people) {
      this.#plans.delete(node)
      this.#clear(node, CHURNED)
      this.#clear(node, AWAY)
    }
  }

  /** A node that was not there before. */
  arrive(node: number): void {
    this.#clear(node, UNBORN)
  }

  #planNode(node: number, classIndex: number, inClass: number): void {
    const { scenario, streams } = this.#parts
    const churn = scenario.classes[classIndex]?.churn
    if (churn === undefined || (churn.session === undefined && churn.trace === undefined)) {
      return
    }
    const events = sessionPlan(churn, streams.churn(node), inClass)
    const first = events.next()
    this.#reasons[node] = CHURNED
    if (first.done !== true) {
      const plan = { events, next: first.value }
      this.#plans.set(node, plan)
      if (first.value.atMs === 0) {
        this.#reasons[node] = 0
        this.#planNext(node, plan)
      } else {
        this.#parts.kernel.add(first.value.atMs, CHURN, node)
      }
    }
  }

  #planNext(node: number, plan: { readonly events: Iterator<SessionEvent>; next: SessionEvent }): void {
    const { kernel } = this.#parts
    const following = plan.events.next()
    if (following.done === true) {
      this.#plans.delete(node)
      return
    }
    plan.next = following.value
    kernel.add(following.value.atMs - kernel.nowMs, CHURN, node)
  }

  #planAbsence(person: Person): void {
    const { scenario, streams, kernel } = this.#parts
    const events = absencePlan(scenario, streams.absence(person.index))
    const follow = (event: AbsenceEvent | undefined): void => {
      if (event === undefined) {
        return
      }
      const happen = (): void => {
        if (event.kind === 'away') {
          this.#set(person.node, AWAY, false)
        } else {
          this.#clear(person.node, AWAY)
        }
        follow(events.next().value)
      }
      if (event.atMs === 0 && event.kind === 'away') {
        this.#reasons[person.node] = (this.#reasons[person.node] as number) | AWAY
        follow(events.next().value)
      } else {
        kernel.schedule(event.atMs - kernel.nowMs, happen)
      }
    }
    follow(events.next().value)
  }

  #set(node: number, reason: number, isCrash: boolean): void {
    const { world, custody, wires, personAt, kernel } = this.#parts
    const before = this.#reasons[node] as number
    this.#reasons[node] = before | reason
    if (before !== 0) {
      return
    }
    if (isCrash) {
      this.#parts.tell({ t_ms: Math.round(kernel.nowMs), kind: 'crash', node })
    } else {
      custody.leaving(node)
    }
    world.go(node, kernel.nowMs)
    const person = personAt.get(node)
    if (person !== undefined) {
      person.stop()
      wires.stopped(person.index, isCrash)
    }
    custody.stopped(node, isCrash ? IDLE_ABORT_MS : GOODBYE_MS)
  }

  #clear(node: number, reason: number): void {
    const { world, custody, tables, personAt, kernel } = this.#parts
    const before = this.#reasons[node] as number
    this.#reasons[node] = before & ~reason
    if ((before & reason) === 0 || this.#reasons[node] !== 0) {
      return
    }
    const disk = this.#diskLost[node] === 0
    this.#diskLost[node] = 0
    if (!disk) {
      tables.forget(node)
    }
    world.come(node, kernel.nowMs)
    this.#parts.tell({ t_ms: Math.round(kernel.nowMs), kind: 'starting', node })
    custody.started(node, disk)
    personAt.get(node)?.start(disk)
    this.#parts.sleepers.came(node)
  }
}
