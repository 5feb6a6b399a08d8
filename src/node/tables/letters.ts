/** Letters kept for others, without their bytes, which are read far less often. */
export const lettersTable = {
  name: 'letters',
  since: 2,
  columns: {
    /** The order of arrival; grows with every row, so that a deposit is an append. */
    arrival: { type: 'integer' },
    /** The mailbox's public key, 32 bytes. */
    mailbox: { type: 'bytes' },
    /** SHA-256 of the sealed bytes. */
    letter_id: { type: 'bytes' },
    /** Who deposited it: `permit`, a contact of the owner; `stranger`, somebody with a proof of work. */
    kind: { type: 'text' },
    /** When a custodian first took it, by that one's clock, never later than this one's. */
    deposited_ms: { type: 'integer' },
    expires_ms: { type: 'integer' },
    /** Length of the sealed bytes. */
    size: { type: 'integer' },
    permit_id: { type: 'bytes', nullable: true },
    /** The permit's signature, or the nonce of the proof of work: other custodians want to see it. */
    credential: { type: 'bytes' },
  },
  key: ['arrival'],
  indexes: { by_id: ['mailbox', 'letter_id'], by_age: ['kind', 'expires_ms'] },
} as const

/** The sealed bytes of the letters. */
export const letterBytesTable = {
  name: 'letter_bytes',
  since: 2,
  columns: {
    /** That of the letter. */
    arrival: { type: 'integer' },
    bytes: { type: 'bytes' },
  },
  key: ['arrival'],
  indexes: {},
} as const

/** Proofs that the recipient has a letter, kept until the letter would have expired: it is not taken again. */
export const tombstonesTable = {
  name: 'tombstones',
  since: 2,
  columns: {
    mailbox: { type: 'bytes' },
    letter_id: { type: 'bytes' },
    /** The mailbox key over the letter id, 64 bytes. */
    signature: { type: 'bytes' },
    expires_ms: { type: 'integer' },
  },
  key: ['mailbox', 'letter_id'],
  indexes: { by_expiry: ['expires_ms'] },
} as const
