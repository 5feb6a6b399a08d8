import type { Assertion, MetricName } from '../scenario/scenario.ts'

/** An assertion of a scenario and what the run said to it. */
export interface AssertionOutcome {
  /** As it was written. */
  readonly text: string
  readonly metric: MetricName
  /** Null where the run has no number for it, which fails. */
  readonly value: number | null
  readonly passed: boolean
}

/** How the results of a run keep the bounds of its scenario. A metric that was not measured keeps none. */
export function assertionOutcomes(
  assertions: readonly Assertion[],
  metrics: Readonly<Record<MetricName, number>>,
): AssertionOutcome[] {
  return assertions.map((assertion) => {
    const value = metrics[assertion.metric]
    const isMeasured = Number.isFinite(value)
    return {
      text: assertion.text,
      metric: assertion.metric,
      value: isMeasured ? value : null,
      passed: isMeasured && holds(value, assertion),
    }
  })
}

function holds(value: number, { relation, value: bound }: Assertion): boolean {
  switch (relation) {
    case '<=':
      return value <= bound
    case '>=':
      return value >= bound
    case '=':
      return value === bound
  }
}
