import type { VirtualTime } from '../time/virtual-time.ts'

/** Plays a plan that is drawn as it is read: each step at its time, until `isOver`. */
export function playPlan<Step extends { readonly atMs: number }>(
  time: VirtualTime,
  plan: Iterator<Step, undefined, undefined>,
  act: (step: Step) => void,
  isOver: () => boolean = () => false,
): void {
  const next = plan.next()
  if (next.done === true) {
    return
  }
  time.schedule(next.value.atMs - time.now(), () => {
    if (!isOver()) {
      act(next.value)
      playPlan(time, plan, act, isOver)
    }
  })
}
