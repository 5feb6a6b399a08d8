import type { ReachReport } from '../../system/network.ts'

/** What a node tells of itself to those who run it: the part of its status that metrics and health are made of. */
export interface NodeFigures {
  readonly addresses: readonly string[]
  readonly reach: ReachReport
  readonly connectedPeers: number
  readonly accounts: readonly { readonly outboxMessages: number }[]
  readonly recordsKept: number
  readonly letters: { readonly kept: number; readonly bytes: number; readonly limitBytes: number }
  readonly refused: Readonly<Record<string, number>>
}
