import { findScenario, shippedScenarios } from '../scenario/find-scenario.ts'
import { readScenario } from '../scenario/read-scenario.ts'

/** `kabber sim list`: the shipped scenarios, each with a sentence, its source and what it asserts. */
export function list(write: (line: string) => void): number {
  for (const name of shippedScenarios()) {
    const { scenario, tier } = readScenario(findScenario(name))
    const asserted = scenario.assertions.map(({ text }) => text).join(', ')
    write(`${name}\n  ${scenario.about}`)
    write(`  ${scenario.nodes} nodes, ${tier} tier. Source: ${scenario.source}`)
    write(`  Asserts: ${asserted === '' ? 'nothing' : asserted}\n`)
  }
  return 0
}
