import { drawShare } from '../churn/draw-share.ts'
import { type Draws, drawsOf } from '../churn/draws.ts'
import { sessionPlan } from '../churn/session-plan.ts'
import type { Fault, NodeClass } from '../scenario/scenario.ts'
import { placeSybils } from './adversary/place-sybils.ts'
import { playPlan } from './plan-player.ts'
import type { StackWorld } from './world.ts'

/** A fault whose time has come. */
interface Beginning {
  readonly fault: Fault
  readonly index: number
  readonly draws: Draws
  readonly isOver: () => boolean
}

/** Makes the faults of a scenario happen at their times. */
export function playFaults(world: StackWorld, isOver: () => boolean): void {
  world.scenario.faults.forEach((fault, index) => {
    const draws = drawsOf(world.random.fork(`fault/${index}`))
    world.time.schedule(fault.atMs - world.time.now(), () => begin(world, { fault, index, draws, isOver }))
  })
}

function begin(world: StackWorld, { fault, index, draws, isOver }: Beginning): void {
  switch (fault.kind) {
    case 'kill':
      kill(world, fault, draws)
      break
    case 'partition': {
      const far = new Set(drawShare(world.homes, fault.share, draws).map(({ host }) => host))
      world.network.partition((host) => far.has(host as (typeof world.homes)[number]['host']))
      world.time.schedule(fault.forMs, () => world.network.heal())
      break
    }
    case 'degrade':
      world.network.links.degrade(fault.latencyTimes, fault.loss)
      world.time.schedule(fault.forMs, () => world.network.links.degrade(1, 0))
      break
    case 'flash-crowd':
      crowd(world, fault, draws, isOver)
      break
    case 'sybils':
      placeSybils(world, fault, world.random.fork(`sybils/${index}`))
      break
  }
}

function kill(world: StackWorld, fault: Fault & { kind: 'kill' }, draws: Draws): void {
  const alive = world.attendances.filter(
    ({ home }) => home.running !== undefined && (fault.className ?? home.nodeClass.name) === home.nodeClass.name,
  )
  for (const attendance of drawShare(alive, fault.share, draws)) {
    attendance.refuse('killed', 'crash')
    if (fault.returnAfterMs !== undefined) {
      world.time.schedule(fault.returnAfterMs, () => attendance.allow('killed'))
    }
  }
}

/** Newcomers of all classes, by their shares, which from then on come and go as their class does. */
function crowd(world: StackWorld, fault: Fault & { kind: 'flash-crowd' }, draws: Draws, isOver: () => boolean): void {
  for (let count = 0; count < fault.nodes; count++) {
    const attendance = world.addNode(drawClass(world.scenario.classes, draws))
    const joinMs = world.time.now() + draws.next() * fault.withinMs
    const churn = { ...attendance.home.nodeClass.churn, trace: undefined }
    const plan = sessionPlan(churn, drawsOf(world.random.fork(`churn/${attendance.home.index}`)), 0)
    // They come because of what happened, not by their habit.
    plan.next()
    attendance.allow('churn')
    world.time.schedule(joinMs - world.time.now(), () => attendance.allow('not-yet'))
    playPlan(
      world.time,
      shifted(plan, joinMs),
      ({ kind, disk }) => {
        if (kind === 'join') {
          attendance.allow('churn', disk)
        } else {
          attendance.refuse('churn', kind)
        }
      },
      isOver,
    )
  }
}

function* shifted<Step extends { readonly atMs: number }>(
  plan: Iterable<Step>,
  byMs: number,
): Generator<Step, undefined, undefined> {
  for (const step of plan) {
    yield { ...step, atMs: step.atMs + byMs }
  }
}

function drawClass(classes: readonly NodeClass[], draws: Draws): NodeClass {
  let left = draws.next()
  for (const nodeClass of classes) {
    left -= nodeClass.share
    if (left < 0) {
      return nodeClass
    }
  }
  return classes.at(-1) as NodeClass
}
