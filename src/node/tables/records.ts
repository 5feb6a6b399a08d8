/**
 * Why a record is kept; a row each, since each has its own bounds. `own`: of an account served here. `cached`: met or
 * looked up. `custody`: kept for others as one of the closest nodes.
 */
export type RecordRole = 'own' | 'cached' | 'custody'

/** Account records. */
export const accountRecordsTable = {
  name: 'account_records',
  columns: {
    /** A `RecordRole`. */
    role: { type: 'text' },
    public_key: { type: 'bytes' },
    sequence: { type: 'integer' },
    /** When it is deleted; its own expiry or sooner. */
    expires_ms: { type: 'integer' },
    /** When it was last known to be current. */
    seen_ms: { type: 'integer' },
    /** XOR of the Kademlia ids of its place and of this node, 32 bytes: how far this node is from being a custodian. */
    distance: { type: 'bytes' },
    bytes: { type: 'bytes' },
  },
  key: ['role', 'public_key'],
  indexes: {
    by_expiry: ['role', 'expires_ms'],
    by_seen: ['role', 'seen_ms'],
    by_distance: ['role', 'distance'],
  },
} as const

/** How much there is of each role, written together with the records. */
export const recordTotalsTable = {
  name: 'record_totals',
  columns: {
    role: { type: 'text' },
    records: { type: 'integer' },
    bytes: { type: 'integer' },
  },
  key: ['role'],
  indexes: {},
} as const
