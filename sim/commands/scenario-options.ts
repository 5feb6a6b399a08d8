import type { ReadOptions } from '../scenario/read-scenario.ts'
import { ScenarioError } from '../scenario/scenario-error.ts'

/** Options of the command line that change what a scenario file says. */
export interface ScenarioOptions {
  readonly nodes?: string
  readonly duration?: string
  readonly set?: readonly string[]
  readonly tier?: string
  readonly ci?: boolean
}

/** What `--nodes`, `--duration`, `--set`, `--tier` and `--ci` ask of the reader. */
export function readOptions(
  options: ScenarioOptions,
): ReadOptions & { readonly overrides: Readonly<Record<string, string | number>> } {
  const settings = (options.set ?? []).map(setting)
  const overrides = Object.fromEntries([
    ...settings,
    ...(options.nodes === undefined ? [] : [['population.nodes', asWritten(options.nodes)] as const]),
    ...(options.duration === undefined ? [] : [['duration', options.duration] as const]),
  ])
  const { tier } = options
  if (tier !== undefined && tier !== 'stack' && tier !== 'model') {
    throw new ScenarioError(`--tier: '${tier}' is no tier; known: stack, model`)
  }
  return { overrides, ...(tier === undefined ? {} : { tier }), ci: options.ci === true }
}

/** A whole number from 0 to 2^32 − 1. */
export function parseSeed(text: string): number {
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(seed < 2 ** 32)) {
    throw new ScenarioError(`--seed: a whole number from 0 to ${2 ** 32 - 1} is needed, not '${text}'`)
  }
  return seed
}

/** `PATH=VALUE` */
function setting(text: string): readonly [string, string | number] {
  const at = text.indexOf('=')
  if (at < 1) {
    throw new ScenarioError(`--set: PATH=VALUE is needed, such as workload.contacts=3, not '${text}'`)
  }
  return [text.slice(0, at), asWritten(text.slice(at + 1))]
}

/** As YAML would read it. */
function asWritten(text: string): string | number {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text
}
