import { drawsOf } from '../churn/draws.ts'
import { sessionPlan } from '../churn/session-plan.ts'
import { absencePlan } from '../workload/absence-plan.ts'
import type { Attendance } from './attendance.ts'
import { playPlan } from './plan-player.ts'
import type { StackWorld } from './world.ts'

/** Between two nodes that are there at the start, at most: whoever opens a network does so one after the other. */
const START_SPACING_MAX_MS = 200
/** Of the warm-up, in which they all join. */
const START_SHARE = 1 / 3

/** Lets nodes come and go, and people take theirs with them, until `isOver`. */
export function playArrivals(world: StackWorld, isOver: () => boolean): void {
  const { scenario, time } = world
  const inClass = new Map<string, number>()
  for (const attendance of world.attendances) {
    const { home } = attendance
    const { churn, name } = home.nodeClass
    const indexInClass = inClass.get(name) ?? 0
    inClass.set(name, indexInClass + 1)
    // Off until its plan says otherwise.
    attendance.refuse('churn', 'leave')
    const draws = drawsOf(world.random.fork(`churn/${home.index}`))
    playPlan(
      time,
      sessionPlan(churn, draws, indexInClass),
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
  for (const person of world.people) {
    const attendance = world.attendances[person.home] as Attendance
    const draws = drawsOf(world.random.fork(`absence/${person.index}`))
    playPlan(time, absencePlan(scenario, draws), ({ kind }) => {
      if (kind === 'away') {
        attendance.refuse('away', 'leave')
      } else {
        attendance.allow('away')
      }
    })
  }
  open(world)
}

/** The first node that can be dialled is the first there; the others follow one by one. */
function open(world: StackWorld): void {
  const spacingMs = Math.min(START_SPACING_MAX_MS, (world.scenario.warmupMs * START_SHARE) / world.attendances.length)
  const isPublic = ({ home }: Attendance): boolean => home.publicAddresses.length > 0
  const inOrder = [
    ...world.attendances.filter(isPublic),
    ...world.attendances.filter((attendance) => !isPublic(attendance)),
  ]
  inOrder.forEach((attendance, place) => {
    world.time.schedule(place * spacingMs, () => attendance.allow('not-yet'))
  })
}
