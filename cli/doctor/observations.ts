import type { ReachReport } from '../../src/index.ts'

/** What became of a try to write into the home. */
export type HomeState = 'ok' | 'missing' | 'no-folder' | 'read-only' | 'full' | 'unwritable'

/** What became of a connection to the host and port of a bootstrap address. */
export type TcpOutcome = 'open' | 'refused' | 'no-answer' | 'no-route' | 'no-name'

/** One bootstrap address and what came of trying it. */
export interface BootstrapObservation {
  readonly address: string
  readonly host: string
  readonly tcp: TcpOutcome
  /** What the peer there is; undefined where no connection came about. */
  readonly peer: 'ok' | 'wrong-version' | 'no-answer' | undefined
  /** How far its clock is ahead of this machine's, milliseconds. */
  readonly clockAheadMs: number | undefined
}

/** All that the doctor looks at; what it says follows from this alone. */
export interface Observations {
  readonly home: {
    readonly path: string
    readonly state: HomeState
    /** Bytes that can still be written; undefined if the system does not tell. */
    readonly freeBytes: number | undefined
    /** True if a node was ever started or made there. */
    readonly isUsed: boolean
    /** True if what lies there in place of the store is none. */
    readonly isDamaged: boolean
  }
  /** Whether the node of the home runs; `no-answer`: something runs, but does not tell. */
  readonly node: 'running' | 'not-running' | 'no-answer'
  /** A relay may be alone: others come to it. */
  readonly isRelay: boolean
  /** How the running node is reached, or a trial node in its place; undefined where there could be none. */
  readonly reach: ReachReport | undefined
  /** Of the running node, or the trial. */
  readonly connectedPeers: number
  /** Where a node would listen, and cannot; empty while it runs. */
  readonly takenPorts: readonly { readonly address: string; readonly isAsked: boolean }[]
  /** Whether this machine has an address beyond loopback. */
  readonly hasNetwork: boolean
  readonly bootstrap: readonly BootstrapObservation[]
}
