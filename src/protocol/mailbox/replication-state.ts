import type { PeerIdText } from '../../system/network.ts'
import type { BoundedMap } from '../../util/bounded-map.ts'
import type { DueQueue } from './due-queue.ts'
import type { Candidate } from './placement.ts'

/** A custodian's care of one mailbox. */
export interface Replica {
  readonly mailbox: string
  /** When its last letter and tombstone are over. */
  expiresMs: number
  /** Whether there are letters that nobody acknowledged; if not, there is little to care for. */
  live: boolean
  phase: 'idle' | 'waiting' | 'looking-up'
  /** When to look its custodians up again. */
  dueMs: number
  /** As last looked up, nearest first, this node included where it is one; empty before. */
  custodians: readonly PeerIdText[]
  /** Who would be custodian if this node were not. */
  successor: PeerIdText | undefined
  /** Since when this node is not among them any more. */
  formerSinceMs: number | undefined
  /** Custodians that have all of it since then. */
  handedTo: readonly PeerIdText[]
}

/** Changed in place by `stepReplication`. */
export interface ReplicationState {
  readonly self: PeerIdText
  /** By mailbox key, in text. */
  readonly replicas: Map<string, Replica>
  readonly due: DueQueue
  /** Mailboxes that are due and wait for a lookup, in order. */
  readonly waiting: Set<string>
  lookups: number
  /** Since when custodians have not answered. */
  readonly silent: BoundedMap<PeerIdText, number>
  leaving: boolean
  /** Syncs still to be answered before this node may leave. */
  handOvers: number
}

/** `jitter` and `choice` are uniform in [0, 1). */
export type ReplicationEvent =
  /** A letter or tombstone of `mailbox` is on disk: the first one, or another, or (at start) from before. */
  | {
      readonly type: 'kept'
      readonly mailbox: string
      readonly expiresMs: number
      /** From a depositor, not from another custodian. */
      readonly deposited: boolean
      readonly live: boolean
      readonly nowMs: number
      readonly jitter: number
    }
  /** Every letter of `mailbox` has been acknowledged; tombstones are left. */
  | { readonly type: 'quiet'; readonly mailbox: string }
  /** Nothing of `mailbox` is left on disk, not even a tombstone. */
  | { readonly type: 'empty'; readonly mailbox: string }
  /** Answer to `lookup`: the (at least 20, where there are) peers closest to the place, nearest first, with this node. */
  | {
      readonly type: 'closest'
      readonly mailbox: string
      readonly candidates: readonly Candidate[]
      readonly nowMs: number
      readonly jitter: number
      readonly choice: number
    }
  | { readonly type: 'lookup-failed'; readonly mailbox: string; readonly nowMs: number; readonly jitter: number }
  /** Answer to `sync`: both have the same letters and tombstones now. */
  | { readonly type: 'synced'; readonly mailbox: string; readonly peerId: PeerIdText; readonly nowMs: number }
  /** Answer to `sync`: unreachable, no answer in time, refused, broke the protocol. */
  | { readonly type: 'silent'; readonly mailbox: string; readonly peerId: PeerIdText; readonly nowMs: number }
  /** A custodian showed itself: it opened a sync with this node. */
  | { readonly type: 'heard'; readonly peerId: PeerIdText }
  /** The set of close peers has probably changed for `mailbox`, or for all: look it up now, as far as the bound allows. */
  | { readonly type: 'refresh'; readonly mailbox?: string; readonly nowMs: number }
  /** The time `nextReplicationMs` told has come. */
  | { readonly type: 'due'; readonly nowMs: number; readonly jitter: number }
  /** This node stops in good order. */
  | { readonly type: 'leaving'; readonly nowMs: number }

export type ReplicationEffect =
  /** Find the peers closest to the place; answer with `closest` or `lookup-failed`. */
  | { readonly type: 'lookup'; readonly mailbox: string }
  /** Compare digests, then move what is missing both ways, tombstones first; answer with `synced` or `silent`. */
  | {
      readonly type: 'sync'
      readonly mailbox: string
      readonly peerId: PeerIdText
      readonly reason: 'round' | 'newcomer' | 'hand-over'
    }
  /** Delete all letters and tombstones of `mailbox`: expired, or the right custodians have them. */
  | { readonly type: 'drop'; readonly mailbox: string; readonly reason: 'expired' | 'handed-over' }
  /** After `leaving`: everything is handed over as far as possible. Told once. */
  | { readonly type: 'left' }

/** A custodian without mailboxes. */
export function initialReplicationState(_self: PeerIdText): ReplicationState {
  throw new Error('TODO')
}

/** When to send `due`, by the clock that `nowMs` is of; undefined: nothing is due. */
export function nextReplicationMs(_state: ReplicationState): number | undefined {
  throw new Error('TODO')
}

/** One step; changes `state` in place. */
export function stepReplication(_state: ReplicationState, _event: ReplicationEvent): readonly ReplicationEffect[] {
  throw new Error('TODO')
}
