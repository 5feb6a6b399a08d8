import { equals } from 'uint8arrays/equals'
import { LETTER_RETENTION_MS } from './open-letter.ts'
import type { PrekeySecret } from './prekey.ts'

const DAY_MS = 24 * 3_600_000
/** How long a prekey is the current one. *ours* */
export const PREKEY_ROTATION_MS: number = 7 * DAY_MS
/** How long after its replacement letters for a prekey may still be under way; so 21 d after it was made. */
export const PREKEY_RETENTION_MS: number = LETTER_RETENTION_MS
/** A prekey made further in the future was made by a wrong clock and would rotate too late. */
const CLOCK_SKEW_MS = DAY_MS
/** Private halves of an account on a node: 3 with rotation on time; the oldest goes although letters may be lost. *ours* */
export const PREKEYS_KEPT_MAX = 8

/** A row of the table of published prekeys' private halves, one set for each account on a node. */
export interface PrekeyRow extends PrekeySecret {
  /** When a newer one took its place; undefined for the current one. */
  readonly replacedMs?: number
}

/** What the node knows of an account's prekeys. */
export interface PrekeyState {
  readonly prekeys: readonly PrekeyRow[]
  /** When this node last collected all mailboxes of the account, undefined before the first time. */
  readonly collectedMs?: number
}

/** What is to be done, in one transaction: first mark as replaced, then add a new one, then delete. */
export interface PrekeyPlan {
  /** Whether a new prekey is to be made, kept on disk and then published in the account record. */
  readonly create: boolean
  /** Ids of prekeys that get `replacedMs` = now. */
  readonly replace: readonly Uint8Array[]
  /** Ids of prekeys whose rows are to be deleted. */
  readonly destroy: readonly Uint8Array[]
  /** When to plan again, unless something is collected before. */
  readonly nextMs: number
}

/**
 * Rotation of one account's prekeys on one node. A private half is destroyed when no letter for it can be under way: 14 d
 * after its replacement, and not before a collection that came after that. A node that was away therefore replaces late,
 * but loses nothing.
 */
export function planPrekeys({ prekeys, collectedMs }: PrekeyState, nowMs: number): PrekeyPlan {
  const current = prekeys.filter((prekey) => prekey.replacedMs === undefined)
  const usable = current.filter(({ createdMs }) => isCurrent(createdMs, nowMs))
  const kept = newest(usable)
  const replace = current.filter((prekey) => prekey !== kept)
  const replaced = prekeys.filter((prekey) => prekey.replacedMs !== undefined)
  const unneeded = replaced.filter((prekey) => isUnneeded(prekey, nowMs, collectedMs))
  const surplus = prekeys.length + (kept === undefined ? 1 : 0) - unneeded.length - PREKEYS_KEPT_MAX
  const oldest = prekeys
    .filter((prekey) => prekey !== kept && !unneeded.includes(prekey))
    .sort((a, b) => a.createdMs - b.createdMs)
    .slice(0, Math.max(0, surplus))
  const destroyed = [...unneeded, ...oldest]
  return {
    create: kept === undefined,
    replace: ids(replace.filter((prekey) => !destroyed.includes(prekey))),
    destroy: ids(destroyed),
    nextMs: nextMs(
      kept?.createdMs ?? nowMs,
      replaced.filter((prekey) => !destroyed.includes(prekey)),
      nowMs,
    ),
  }
}

/** The row with this id. */
export function prekeyById<Row extends PrekeySecret>(rows: readonly Row[], id: Uint8Array): Row | undefined {
  return rows.find((row) => equals(row.id, id))
}

function isCurrent(createdMs: number, nowMs: number): boolean {
  return nowMs - createdMs < PREKEY_ROTATION_MS && createdMs - nowMs <= CLOCK_SKEW_MS
}

function isUnneeded({ replacedMs }: PrekeyRow, nowMs: number, collectedMs: number | undefined): boolean {
  const endMs = (replacedMs ?? Number.POSITIVE_INFINITY) + PREKEY_RETENTION_MS
  return nowMs >= endMs && collectedMs !== undefined && collectedMs >= endMs
}

function newest(prekeys: readonly PrekeyRow[]): PrekeyRow | undefined {
  return prekeys.reduce<PrekeyRow | undefined>(
    (best, prekey) => (best === undefined || prekey.createdMs > best.createdMs ? prekey : best),
    undefined,
  )
}

/** The next rotation or end; of ends already past only a collection helps. */
function nextMs(currentSinceMs: number, replaced: readonly PrekeyRow[], nowMs: number): number {
  const ends = replaced.map(({ replacedMs = nowMs }) => replacedMs + PREKEY_RETENTION_MS)
  return Math.min(currentSinceMs + PREKEY_ROTATION_MS, ...ends.filter((endMs) => endMs > nowMs))
}

function ids(prekeys: readonly PrekeyRow[]): Uint8Array[] {
  return prekeys.map(({ id }) => id)
}
