import { classSizes } from './class-sizes.ts'
import { RESOLVED_CLASSES_MAX } from './limits.ts'
import { nearest } from './nearest.ts'
import { resolveChurn } from './resolve-churn.ts'
import type { Churn, NatChain, NodeClass } from './scenario.ts'
import type { ChurnText, ClassText, ScenarioFile } from './scenario-file.ts'
import type { ScenarioSource } from './scenario-source.ts'

/** Shares that are written with a decimal or two do not add up exactly. */
const SHARE_TOLERANCE = 1e-6

/** The text of a trace and the name by which to complain about it. */
export type TraceReader = (path: string, name: string, nodes: number) => NonNullable<Churn['trace']>

/** A class after mixtures were taken apart: the class it was written as, and what it is now. */
export interface ResolvedClass {
  readonly written: string
  readonly nodeClass: NodeClass
}

/**
 * The classes of a scenario. One with a NAT population or a mixture of churn becomes several, named `visitors/home` or
 * `visitors/2`.
 */
export function resolveClasses(file: ScenarioFile, source: ScenarioSource, readTrace: TraceReader): ResolvedClass[] {
  const names = [...file.population.classes.keys()]
  for (const name of file.churn.keys()) {
    if (!names.includes(name)) {
      source.fail(`churn.${name}`, `no class has this name${nearest(name, names)}`)
    }
  }
  const shares = resolveShares(file.population.classes, source)
  const sizes = classSizes(
    names.map((name) => ({ share: shares.get(name) ?? 0 })),
    file.population.nodes,
  )
  const resolved = [...file.population.classes].flatMap(([name, written], i) =>
    parts(name, written, file.churn.get(name), source).map(({ suffix, part, chain, churn }) => {
      const isWhole = suffix === ''
      const trace = churn?.text.trace
      if (trace !== undefined && !isWhole) {
        source.fail(churn?.path ?? '', 'a trace needs a class of its own: no mixture and no NAT population')
      }
      const events = trace === undefined ? undefined : readTrace(`${churn?.path}.trace`, trace, sizes[i] ?? 0)
      return {
        written: name,
        nodeClass: {
          name: `${name}${suffix}`,
          share: (shares.get(name) ?? 0) * part,
          nat: chain,
          churn: resolveChurn(churn?.text, churn?.path ?? '', source, events),
          storageBytes: written.storage,
          people: written.people,
        },
      }
    }),
  )
  if (resolved.length > RESOLVED_CLASSES_MAX) {
    source.fail(
      'population.classes',
      `with NAT populations and mixtures taken apart these are ${resolved.length} classes; at most ${RESOLVED_CLASSES_MAX}`,
    )
  }
  return resolved
}

function resolveShares(classes: ReadonlyMap<string, ClassText>, source: ScenarioSource): Map<string, number> {
  const path = 'population.classes'
  const written = [...classes].map(([name, { share }]) => ({ name, share }))
  const rests = written.filter(({ share }) => share === 'rest')
  if (rests.length > 1) {
    source.fail(`${path}.${rests[1]?.name}.share`, `'rest' can stand once; class ${rests[0]?.name} has it`)
  }
  const sum = written.reduce((total, { share }) => total + (share === 'rest' ? 0 : share), 0)
  const isTooMuch = sum > 1 + SHARE_TOLERANCE
  if (isTooMuch || (rests.length === 0 && sum < 1 - SHARE_TOLERANCE)) {
    source.fail(path, `the shares add to ${percent(sum)}, not 100 %`)
  }
  const rest = Math.max(0, 1 - sum)
  return new Map(written.map(({ name, share }) => [name, share === 'rest' ? rest : share]))
}

interface Part {
  readonly suffix: string
  readonly part: number
  readonly chain: NatChain
  readonly churn: { readonly text: ChurnText; readonly path: string } | undefined
}

function parts(
  name: string,
  written: ClassText,
  mixture: readonly ChurnText[] | undefined,
  source: ScenarioSource,
): Part[] {
  const path = `churn.${name}`
  const isMixture = (mixture?.length ?? 0) > 1
  checkMixture(mixture ?? [], path, source)
  const churns = (mixture ?? [undefined]).map((text, i) => ({
    suffix: isMixture ? `/${i + 1}` : '',
    part: text?.share ?? 1,
    churn: text === undefined ? undefined : { text, path: isMixture ? `${path}.${i}` : path },
  }))
  return churns.flatMap((one) =>
    written.nat.map(({ share, chain }) => ({
      suffix: `${one.suffix}${written.nat.length > 1 ? `/${chain.map((box) => box.preset).join('+') || 'open'}` : ''}`,
      part: one.part * share,
      chain,
      churn: one.churn,
    })),
  )
}

function checkMixture(mixture: readonly ChurnText[], path: string, source: ScenarioSource): void {
  if (mixture.length === 1 && (mixture[0]?.share ?? 1) !== 1) {
    source.fail(path, 'one way of coming and going needs no share')
  }
  const unshared = mixture.findIndex(({ share }) => share === undefined)
  if (mixture.length > 1 && unshared !== -1) {
    source.fail(`${path}.${unshared}`, "'share' is missing: the part of the class in this mixture")
  }
  const sum = mixture.reduce((total, { share }) => total + (share ?? 0), 0)
  if (mixture.length > 1 && Math.abs(sum - 1) > SHARE_TOLERANCE) {
    source.fail(path, `the shares of the mixture add to ${percent(sum)}, not 100 %`)
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(4))} %`
}
