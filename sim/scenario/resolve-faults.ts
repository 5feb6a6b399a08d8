import { nearest } from './nearest.ts'
import type { ResolvedClass } from './resolve-classes.ts'
import type { Fault } from './scenario.ts'
import type { Amount, FaultText, Moment, ScenarioFile } from './scenario-file.ts'
import type { ScenarioSource } from './scenario-source.ts'

/** The faults of a scenario on the clock of the run. One that names a class which was taken apart becomes several. */
export function resolveFaults(file: ScenarioFile, classes: readonly ResolvedClass[], source: ScenarioSource): Fault[] {
  return file.faults.flatMap((fault, i) => resolveFault(fault, `faults.${i}`, { file, classes, source }))
}

interface Context {
  readonly file: ScenarioFile
  readonly classes: readonly ResolvedClass[]
  readonly source: ScenarioSource
}

function resolveFault(fault: FaultText, path: string, context: Context): Fault[] {
  const { file, source } = context
  const begin = momentMs(fault.at, file)
  /** A length of time that must be over before the scenario is. */
  const length = (key: string, moment: Moment): number => {
    const ms = momentMs(moment, file)
    if (begin + ms > file.duration) {
      source.fail(
        `${path}.${key}`,
        `this is over ${seconds(begin + ms)} after the warm-up; the duration is ${seconds(file.duration)}`,
      )
    }
    return ms
  }
  if (begin > file.duration) {
    source.fail(`${path}.at`, `${seconds(begin)} is after the end: the duration is ${seconds(file.duration)}`)
  }
  const atMs = file.warmup + begin
  switch (fault.kind) {
    case 'kill': {
      const returnAfterMs = fault.return === undefined ? undefined : length('return', fault.return)
      return classNames(fault.class, path, context).map((className) => ({
        kind: 'kill',
        atMs,
        share: fault.share,
        returnAfterMs,
        className,
      }))
    }
    case 'partition':
      return [{ kind: 'partition', atMs, forMs: length('for', fault.for), share: fault.share }]
    case 'flash-crowd':
      return [{ kind: 'flash-crowd', atMs, nodes: amount(fault.nodes, file), withinMs: length('within', fault.within) }]
    case 'sybils': {
      const { target, behaviour } = fault
      return [{ kind: 'sybils', atMs, nodes: amount(fault.nodes, file), target, behaviour }]
    }
    case 'degrade': {
      const { latency: latencyTimes, loss } = fault
      return [{ kind: 'degrade', atMs, forMs: length('for', fault.for), latencyTimes, loss }]
    }
  }
}

function classNames(name: string | undefined, path: string, { classes, source }: Context): (string | undefined)[] {
  if (name === undefined) {
    return [undefined]
  }
  const found = classes.filter(({ written }) => written === name).map(({ nodeClass }) => nodeClass.name)
  const known = [...new Set(classes.map(({ written }) => written))]
  return found.length > 0
    ? found
    : source.fail(`${path}.class`, `no class has the name '${name}'${nearest(name, known)}`)
}

function momentMs(moment: Moment, file: ScenarioFile): number {
  return 'ms' in moment ? moment.ms : Math.round(moment.share * file.duration)
}

function amount(written: Amount, file: ScenarioFile): number {
  return 'count' in written ? written.count : Math.round(written.share * file.population.nodes)
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`
}
