import { bootstrapFindings } from './bootstrap-findings.ts'
import type { Finding, Severity } from './finding.ts'
import { machineFindings } from './machine-findings.ts'
import type { Observations } from './observations.ts'
import { reachFindings } from './reach-findings.ts'

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

/** What the doctor says of what was observed: the worst first; `ok` if there is nothing to complain about. */
export function diagnose(observations: Observations): readonly Finding[] {
  const rules = [machineFindings, bootstrapFindings, reachFindings]
  const found = rules.flatMap((rule) => rule(observations))
  if (!found.some(({ severity }) => severity !== 'info')) {
    return [
      { id: 'ok', severity: 'info', text: 'Nothing stands in the way.', advice: 'There is nothing to do.' },
      ...found,
    ]
  }
  return found.sort((a, b) => RANK[a.severity] - RANK[b.severity])
}
