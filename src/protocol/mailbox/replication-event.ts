import type { PeerIdText } from '../../system/network.ts'
import type { Candidate } from './placement.ts'

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
  | { readonly type: 'due'; readonly nowMs: number }
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
