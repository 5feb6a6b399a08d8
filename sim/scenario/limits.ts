/** Largest scenario file, bytes. */
export const FILE_BYTES_MAX = 65_536

/** Largest churn trace, bytes, and the most events in it. */
export const TRACE_BYTES_MAX = 67_108_864
export const TRACE_EVENTS_MAX = 2_000_000

/** Most nodes: of the stack tier (0.9 MB and 0.2 to 0.4 CPU s to join each), and of all. */
export const STACK_NODES_MAX = 500
export const NODES_MAX = 1_000_000

/** Classes of a population; names of what the author names. */
export const CLASSES_MAX = 32
/** The same after NAT populations and mixtures were taken apart; the model tier counts them in a byte. */
export const RESOLVED_CLASSES_MAX = 64
export const NAME_PATTERN: RegExp = /^[a-z][a-z0-9-]{0,31}$/

/** Boxes between a node and the world: a home router, a building's, a carrier's. */
export const NAT_BOXES_MAX = 4

export const FAULTS_MAX = 100
export const ASSERTIONS_MAX = 50

/** Rows that a run keeps until its end: samples; messages and lookups that are to be expected. */
export const SAMPLES_MAX = 100_000
export const MESSAGES_MAX = 5_000_000
export const LOOKUPS_MAX = 5_000_000

/** Sessions of all nodes that are to be expected: a start costs the stack tier a tenth of a CPU second, the model microseconds. */
export const STACK_SESSIONS_MAX = 1_000_000
export const SESSIONS_MAX = 1_000_000_000

/** Parameters of a sweep, values of each in a grid, points of a list, and runs of all (points × seeds). */
export const SWEEP_AXES_MAX = 8
export const SWEEP_VALUES_MAX = 100
export const SWEEP_LIST_MAX = 1_000
export const SWEEP_RUNS_MAX = 100_000
