import type { Assertion, Fault, Law, MetricName, NatChain } from './scenario.ts'

/** A time from the end of the warm-up, or a part of the scenario's duration, which follows `--duration`. */
export type Moment = { readonly ms: number } | { readonly share: number }

/** So many, or a part of the nodes there are, which follows `--nodes`. */
export type Amount = { readonly count: number } | { readonly share: number }

/** One NAT box: a preset, with what is different. */
export interface BoxText {
  readonly preset: string
  readonly mapping?: NatRule | undefined
  readonly filtering?: NatRule | undefined
  readonly ports?: 'preserving' | 'sequential' | 'random' | undefined
  readonly hairpinning?: boolean | undefined
  readonly unsolicited?: 'drop' | 'reset' | 'poison' | undefined
  readonly 'tcp-idle'?: number | undefined
  readonly 'tcp-opening'?: number | undefined
  readonly 'udp-idle'?: number | undefined
  readonly 'udp-unanswered'?: number | undefined
  readonly 'udp-inbound-refresh'?: boolean | undefined
  readonly mappings?: number | undefined
  readonly 'port-mapping'?: boolean | undefined
}

/** RFC 4787 §4.1, §5. */
export type NatRule = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'

/** The boxes in front of the nodes of a class: one chain, or a population's. */
export type NatText = readonly { readonly share: number; readonly chain: NatChain }[]

/** A class of nodes as written. */
export interface ClassText {
  readonly share: number | 'rest'
  readonly nat: NatText
  readonly storage: number
  readonly people: boolean
}

/** How a class comes and goes, as written. */
export interface ChurnText {
  /** In a mixture: this part of the class. */
  readonly share?: number | undefined
  readonly preset?: string | undefined
  readonly session?: Law | 'never-ends' | undefined
  readonly absence?: Law | undefined
  readonly crash?: number | undefined
  readonly disk?: number | undefined
  readonly diurnal?: number | undefined
  readonly trace?: string | undefined
}

/** A fault as written: times and numbers may be relative. */
export type FaultText = Relative<Fault>

type Relative<F> = F extends { readonly kind: infer Kind }
  ? { readonly kind: Kind; readonly at: Moment } & FaultExtras[Kind & keyof FaultExtras]
  : never

/** What each kind of fault says beside its kind and time. */
interface FaultExtras {
  readonly kill: { readonly share: number; readonly return: Moment | undefined; readonly class: string | undefined }
  readonly partition: { readonly for: Moment; readonly share: number }
  readonly 'flash-crowd': { readonly nodes: Amount; readonly within: Moment }
  readonly sybils: {
    readonly nodes: Amount
    readonly target: 'mailbox' | 'record'
    readonly behaviour: 'drop' | 'lie'
  }
  readonly degrade: { readonly for: Moment; readonly latency: number; readonly loss: number }
}

/** A scenario file, units resolved, presets and relative numbers not yet. */
export interface ScenarioFile {
  readonly about: string
  readonly source: string
  readonly tier: 'stack' | 'model'
  readonly duration: number
  readonly warmup: number
  readonly settle: number
  readonly sample: number
  readonly population: { readonly nodes: number; readonly classes: ReadonlyMap<string, ClassText> }
  readonly network: {
    readonly latency: Law
    readonly jitter: number
    readonly loss: number
    readonly bandwidth: number
  }
  /** By the name of the class; several entries: a mixture. */
  readonly churn: ReadonlyMap<string, readonly ChurnText[]>
  readonly workload: {
    readonly people: Amount
    readonly contacts: number
    readonly messages: number
    readonly size: number
    readonly offline: { readonly share: number; readonly for: Law } | undefined
    readonly lookups: number
  }
  readonly faults: readonly FaultText[]
  readonly assert: readonly Assertion[]
  readonly sweep:
    | {
        readonly seeds: number
        readonly grid: ReadonlyMap<string, readonly (string | number)[]>
        readonly list: readonly ReadonlyMap<string, string | number>[]
        readonly stop: { readonly metric: MetricName; readonly width: number } | undefined
      }
    | undefined
  /** Paths and the values they take for `--ci`. */
  readonly ci: ReadonlyMap<string, string | number>
}
