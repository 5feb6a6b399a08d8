import { drawShare } from '../churn/draw-share.ts'
import type { Draws } from '../churn/draws.ts'
import { classSizes } from '../scenario/class-sizes.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** The node of every person, by the index of the person: people live on nodes of the classes that have them, one each. */
export function placePeople(scenario: Scenario, draws: Draws): number[] {
  const homes: number[] = []
  let first = 0
  classSizes(scenario.classes, scenario.nodes).forEach((size, i) => {
    if (scenario.classes[i]?.people === true) {
      for (let node = first; node < first + size; node++) {
        homes.push(node)
      }
    }
    first += size
  })
  return drawShare(homes, 1, draws).slice(0, scenario.workload.people)
}
