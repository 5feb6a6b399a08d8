import { basename, dirname, join } from 'node:path'
import { checkSize, checkSweep } from './check-size.ts'
import { FILE_BYTES_MAX, TRACE_BYTES_MAX } from './limits.ts'
import { readText } from './read-text.ts'
import { readTrace } from './read-trace.ts'
import { resolveScenario } from './resolve-scenario.ts'
import type { Scenario } from './scenario.ts'
import type { ScenarioFile } from './scenario-file.ts'
import { SCENARIO_FILE } from './scenario-kind.ts'
import { ScenarioSource } from './scenario-source.ts'
import { type Override, type ParsedYaml, parseYaml } from './yaml-place.ts'

/** What is put in the place of what the file says. */
export interface ReadOptions {
  /** Paths into the file, such as `population.nodes`, and the values they take, as they would be written there. */
  readonly overrides?: Readonly<Record<string, string | number>>
  /** Takes the values of the file's `ci` section as well; `overrides` go before them. */
  readonly ci?: boolean
  /** `--tier`; otherwise what the file says, otherwise the stack. */
  readonly tier?: Tier
}

/** A scenario and the tier it is made for. */
export interface LoadedScenario {
  readonly scenario: Scenario
  readonly tier: Tier
}

type Tier = 'stack' | 'model'

/** Options of the command line that put a value into the file; any other path by `--set`. */
const OPTION_OF_PATH: Readonly<Record<string, string>> = { 'population.nodes': '--nodes', duration: '--duration' }

/**
 * Reads a scenario file.
 *
 * @throws ScenarioError with one line that names file, line and key
 */
export function readScenario(path: string, options: ReadOptions = {}): LoadedScenario {
  const text = readText(path, FILE_BYTES_MAX)
  const asWritten = new ScenarioSource(path)
  const yaml = parseYaml(text, asWritten)
  const written = SCENARIO_FILE.read(yaml.place([], asWritten))
  if (written.sweep !== undefined && options.overrides === undefined) {
    checkSweep(written.sweep, asWritten)
    checkValues(written.sweep, yaml, asWritten)
  }
  const overrides = allOverrides(written, options, asWritten)
  const source = overrides.length === 0 ? asWritten : new ScenarioSource(path)
  const file = overrides.length === 0 ? written : SCENARIO_FILE.read(yaml.place(overrides, source))
  if (file.sweep !== undefined) {
    checkSweep(file.sweep, source)
  }
  const scenario = resolveScenario(file, source, {
    name: basename(path).replace(/\.ya?ml$/, ''),
    text,
    readTrace: (key, name, nodes) => {
      const trace = join(dirname(path), name)
      return readTrace(
        readText(trace, TRACE_BYTES_MAX, (message) => source.fail(key, message)),
        trace,
        nodes,
      )
    },
  })
  const tier = options.tier ?? file.tier
  checkSize(scenario, tier, source)
  return { scenario, tier }
}

function allOverrides(written: ScenarioFile, options: ReadOptions, source: ScenarioSource): Override[] {
  const given = Object.entries(options.overrides ?? {}).map(
    ([path, value]): Override => ({ path, value, origin: originOf(path, value, written, source) }),
  )
  const ci = options.ci === true ? [...written.ci] : []
  const fromFile = ci
    .filter(([path]) => !given.some((override) => override.path === path))
    .map(([path, value]): Override => ({ path, value, origin: source.originOf(`ci.${path}`) }))
  return [...fromFile, ...given]
}

/** A value of the sweep stands in the file; any other comes from the command line. */
function originOf(path: string, value: string | number, written: ScenarioFile, source: ScenarioSource): string {
  const inGrid = written.sweep?.grid.get(path)?.indexOf(value) ?? -1
  if (inGrid !== -1) {
    return source.originOf(`sweep.grid.${path}.${inGrid}`)
  }
  const inList = written.sweep?.list.findIndex((point) => point.get(path) === value) ?? -1
  return inList === -1 ? (OPTION_OF_PATH[path] ?? '--set') : source.originOf(`sweep.list.${inList}.${path}`)
}

/** Puts every value of a grid and every point of a list into the file: a wrong one is told before the first run. */
function checkValues(
  { grid, list }: NonNullable<ScenarioFile['sweep']>,
  yaml: ParsedYaml,
  asWritten: ScenarioSource,
): void {
  const read = (overrides: readonly Override[]): void => {
    SCENARIO_FILE.read(yaml.place([...overrides], new ScenarioSource(asWritten.file)))
  }
  for (const [path, values] of grid) {
    values.forEach((value, i) => {
      read([{ path, value, origin: asWritten.originOf(`sweep.grid.${path}.${i}`) }])
    })
  }
  list.forEach((point, i) => {
    read([...point].map(([path, value]) => ({ path, value, origin: asWritten.originOf(`sweep.list.${i}.${path}`) })))
  })
}
