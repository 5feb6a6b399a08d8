import type { NatCell, RunResult, Violation } from '../results/results.ts'
import { METRIC_NAMES, type MetricName, type Scenario } from '../scenario/scenario.ts'
import type { AssertionOutcome } from './assertion-outcomes.ts'
import { type RunCommand, repeatCommand } from './repeat-command.ts'

/** Violations that are written out; all are counted. */
const VIOLATIONS_MAX = 1_000

/** What a run took of the machine. */
export interface RunResources {
  readonly cpu_s: number
  readonly peak_memory_bytes: number
}

/** What stands in `run.json`; `format` changes when a key changes its meaning. */
export interface RunSummary {
  readonly format: 1
  readonly scenario: string
  readonly about: string
  readonly source: string
  readonly version: string
  readonly tier: 'stack' | 'model'
  readonly seed: number
  /** The one command that repeats the run. */
  readonly command: string
  readonly overrides: Readonly<Record<string, string | number>>
  readonly isPartial: boolean
  readonly simulated_ms: number
  readonly events: number
  readonly traceHash: string
  /** Null where the run has no number. */
  readonly metrics: Readonly<Partial<Record<MetricName, number | null>>>
  readonly assertions: readonly AssertionOutcome[]
  readonly violations: readonly Violation[]
  readonly natMatrix: readonly NatCell[]
  readonly resources: RunResources
  /** Every parameter, units resolved and presets filled in. */
  readonly parameters: Omit<Scenario, 'text'>
  /** The file as it was read. */
  readonly scenarioText: string
}

interface Head {
  readonly scenario: Scenario
  readonly command: RunCommand
  readonly version: string
}

/** What is known before the first event. */
export function unfinishedSummary({ scenario, command, version }: Head): RunSummary {
  const { text, ...parameters } = scenario
  return {
    format: 1,
    scenario: scenario.name,
    about: scenario.about,
    source: scenario.source,
    version,
    tier: command.tier,
    seed: command.seed,
    command: repeatCommand(command),
    overrides: command.overrides,
    isPartial: true,
    simulated_ms: 0,
    events: 0,
    traceHash: '',
    metrics: {},
    assertions: [],
    violations: [],
    natMatrix: [],
    resources: { cpu_s: 0, peak_memory_bytes: 0 },
    parameters,
    scenarioText: text,
  }
}

/** What is known after the last one. */
export function runSummary(
  head: Head,
  result: RunResult,
  assertions: readonly AssertionOutcome[],
  resources: RunResources,
): RunSummary {
  const metrics = METRIC_NAMES.map((name) => {
    const value = result.metrics[name]
    return [name, Number.isFinite(value) ? value : null] as const
  })
  return {
    ...unfinishedSummary(head),
    isPartial: result.isPartial,
    simulated_ms: result.simulatedMs,
    events: result.events,
    traceHash: result.traceHash,
    metrics: Object.fromEntries(metrics),
    assertions,
    violations: result.violations.slice(0, VIOLATIONS_MAX),
    natMatrix: result.natMatrix,
    resources,
  }
}
