import type { Churn } from '../scenario/scenario.ts'

type Trace = NonNullable<Churn['trace']>

/** A trace is split by node once, not once a node. */
const SPLIT = new WeakMap<Trace, ReadonlyMap<number, Trace>>()

/** What a trace says of one node, in order. */
export function tracedEvents(trace: Trace, node: number): Trace {
  let split = SPLIT.get(trace)
  if (split === undefined) {
    split = Map.groupBy(trace, (event) => event.node)
    SPLIT.set(trace, split)
  }
  return split.get(node) ?? []
}
