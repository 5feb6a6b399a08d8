/** A law of durations or delays, in milliseconds; `constant` has no spread. */
export type Law =
  | { readonly law: 'constant'; readonly ms: number }
  | { readonly law: 'exponential'; readonly meanMs: number }
  | { readonly law: 'weibull'; readonly shape: number; readonly scaleMs: number }
  | { readonly law: 'lognormal'; readonly medianMs: number; readonly sigma: number }
  | { readonly law: 'pareto'; readonly shape: number; readonly minimumMs: number }

/** How a class of nodes comes and goes. */
export interface Churn {
  /** Time on-line and off-line; undefined session: never leaves. */
  readonly session: Law | undefined
  readonly absence: Law
  /** Share of departures without goodbye, 0 to 1. */
  readonly crashShare: number
  /** Share of returns that find their disk as it was, 0 to 1. */
  readonly diskShare: number
  /** Rate of departures by the time of day: 1 is even, 2 twice the mean at its peak. */
  readonly diurnal: number
  /** Node index inside its class, kind and time of every event, from a CSV trace, in place of the laws. */
  readonly trace:
    | readonly { readonly atMs: number; readonly node: number; readonly kind: 'join' | 'leave' | 'crash' }[]
    | undefined
}

/** What a NAT box does (RFC 4787 §4, §5, RFC 5382). */
export interface NatBehaviour {
  readonly mapping: 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'
  readonly filtering: 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'
  readonly ports: 'preserving' | 'sequential' | 'random'
  readonly hairpinning: boolean
  /**
   * What it does with a packet that nobody behind it asked for. `poison`: Linux whose own ports are open takes it as its
   * own: it answers a SYN with RST (and forgets it with that), but remembers a datagram, so that later ones from inside to
   * there leave by another port (measured, kernel 6.18).
   */
  readonly unsolicited: 'drop' | 'reset' | 'poison'
  readonly tcpIdleMs: number
  readonly tcpOpeningMs: number
  readonly udpIdleMs: number
  /** Until there was an answer, and for 2 s after the first packet. @default udpIdleMs */
  readonly udpUnansweredMs?: number
  /** Whether packets from outside keep a UDP mapping alive too (RFC 4787 REQ-6). @default true */
  readonly udpInboundRefresh?: boolean
  readonly mappingsMax: number
  /** Maps ports on request (UPnP, NAT-PMP). */
  readonly portMapping: boolean
  /** A filter without translation. */
  readonly isFirewall: boolean
}

/** Boxes from the node outward; none: a public address. */
export type NatChain = readonly { readonly preset: string; readonly behaviour: NatBehaviour }[]

/** A part of the population with one behaviour. */
export interface NodeClass {
  readonly name: string
  /** Of all nodes, 0 to 1; the shares of a scenario add to 1. */
  readonly share: number
  readonly nat: NatChain
  readonly churn: Churn
  /** Letters kept for others; 0: a client of the DHT. */
  readonly storageBytes: number
  /** Whether people live on these nodes. */
  readonly people: boolean
}

/** Something that happens once, or begins and ends. */
export type Fault =
  | {
      readonly kind: 'kill'
      readonly atMs: number
      readonly share: number
      readonly returnAfterMs: number | undefined
      readonly className: string | undefined
    }
  | { readonly kind: 'partition'; readonly atMs: number; readonly forMs: number; readonly share: number }
  | { readonly kind: 'flash-crowd'; readonly atMs: number; readonly nodes: number; readonly withinMs: number }
  | {
      readonly kind: 'sybils'
      readonly atMs: number
      readonly nodes: number
      readonly target: 'mailbox' | 'record'
      readonly behaviour: 'drop' | 'lie'
    }
  | {
      readonly kind: 'degrade'
      readonly atMs: number
      readonly forMs: number
      readonly latencyTimes: number
      readonly loss: number
    }

/** A bound that the results must keep. */
export interface Assertion {
  readonly metric: MetricName
  readonly relation: '<=' | '>=' | '='
  readonly value: number
  /** As it was written. */
  readonly text: string
}

/** Metrics that assertions, sweeps and validation name; units in the name. */
export const METRIC_NAMES = [
  'messages_sent',
  'messages_delivered',
  'messages_failed',
  'messages_pending',
  'delivered_share',
  'delivered_twice',
  'out_of_order',
  'lost',
  'delay_p50_ms',
  'delay_p90_ms',
  'delay_p99_ms',
  'stored_p50_ms',
  'letters_share',
  'lookups',
  'lookup_found_share',
  'lookup_hops_mean',
  'replicas_mean',
  'replicas_min',
  'bytes_per_node_per_s',
  'dials',
  'dials_failed_share',
  'punched_share',
  'relayed_share',
  'relay_gap_max_ms',
  'violations',
] as const
export type MetricName = (typeof METRIC_NAMES)[number]

/**
 * A scenario with all units resolved and all presets filled in. A run lasts `warmupMs + durationMs`, and at most `settleMs`
 * more while something is pending; every `atMs` counts from its start, warm-up included (in the file, times of faults count
 * from the end of the warm-up). Messages and lookups are made between warm-up and settling (sim/workload).
 */
export interface Scenario {
  readonly name: string
  /** One sentence. */
  readonly about: string
  /** The published result or design figure it comes from. */
  readonly source: string
  readonly durationMs: number
  /** Before anything is counted. */
  readonly warmupMs: number
  /** After the last fault and message: everything pending must arrive within. */
  readonly settleMs: number
  readonly sampleEveryMs: number
  readonly nodes: number
  readonly classes: readonly NodeClass[]
  readonly network: {
    /** One way, between two nodes. */
    readonly latency: Law
    readonly jitterMs: number
    /** Of packets, 0 to 1; on a stream it is delay. */
    readonly loss: number
    /** Of a node's uplink. */
    readonly bytesPerSecond: number
  }
  readonly workload: {
    readonly people: number
    readonly contactsPerPerson: number
    readonly messagesPerPersonPerHour: number
    readonly messageBytes: number
    /** People who are away (their node off) apart from churn: undefined, none. */
    readonly offline: { readonly share: number; readonly forLaw: Law } | undefined
    /** Lookups of random keys per node and hour, for measuring alone. */
    readonly lookupsPerNodePerHour: number
  }
  readonly faults: readonly Fault[]
  readonly assertions: readonly Assertion[]
  readonly sweep:
    | {
        readonly seeds: number
        /** Paths into the file and the values they take, as written; each with each. */
        readonly grid: Readonly<Record<string, readonly (string | number)[]>>
        /** Points by themselves, all with the same paths; with a grid, each of them with each of its points. */
        readonly list: readonly Readonly<Record<string, string | number>>[]
        /** Ends a point early when the interval of `metric` is at most this wide. */
        readonly stop: { readonly metric: MetricName; readonly width: number } | undefined
      }
    | undefined
  /** The file as it was read, for `run.json`. */
  readonly text: string
}
