/** Private halves of the prekeys that account records publish, at most 8 an account. Deleting a row destroys its key. */
export const prekeysTable = {
  name: 'prekeys',
  since: 2,
  columns: {
    /** Bare JID. */
    account: { type: 'text' },
    prekey_id: { type: 'bytes' },
    /** 32 bytes, X-Wing. */
    seed: { type: 'bytes' },
    created_ms: { type: 'integer' },
    /** When a newer one took its place; null for the current one. */
    replaced_ms: { type: 'integer', nullable: true },
  },
  key: ['account', 'prekey_id'],
  indexes: {},
} as const

/** Private halves of the single-use prekeys that contacts were given. Deleting a row destroys its key. */
export const singleUsePrekeysTable = {
  name: 'single_use_prekeys',
  since: 2,
  columns: {
    account: { type: 'text' },
    prekey_id: { type: 'bytes' },
    /** Bare JID of whoever may use it. */
    contact: { type: 'text' },
    seed: { type: 'bytes' },
    created_ms: { type: 'integer' },
  },
  key: ['account', 'prekey_id'],
  indexes: { by_contact: ['account', 'contact'], by_age: ['created_ms'] },
} as const

/** What this node gave a contact and knows of it, one row a contact. */
export const contactKeysTable = {
  name: 'contact_keys',
  since: 2,
  columns: {
    account: { type: 'text' },
    contact: { type: 'text' },
    /** The last day for which the contact has permits of ours; 0 before the first. */
    permits_through: { type: 'integer' },
  },
  key: ['account', 'contact'],
  indexes: {},
} as const

/** A contact's nodes of which single-use prekeys came. */
export const contactNodesTable = {
  name: 'contact_nodes',
  since: 2,
  columns: {
    account: { type: 'text' },
    contact: { type: 'text' },
    peer_id: { type: 'text' },
    /** Of the newest bundle, by that node's clock: an older one does not bring used prekeys back. */
    issued_ms: { type: 'integer' },
  },
  key: ['account', 'contact', 'peer_id'],
  indexes: {},
} as const

/** Contacts' single-use prekeys, to seal with; deleted when used. */
export const contactPrekeysTable = {
  name: 'contact_prekeys',
  since: 2,
  columns: {
    account: { type: 'text' },
    contact: { type: 'text' },
    peer_id: { type: 'text' },
    prekey_id: { type: 'bytes' },
    public_key: { type: 'bytes' },
    created_ms: { type: 'integer' },
  },
  key: ['account', 'contact', 'peer_id', 'prekey_id'],
  indexes: { by_age: ['created_ms'] },
} as const

/** Contacts' permits, to deposit with, one a day. */
export const contactPermitsTable = {
  name: 'contact_permits',
  since: 2,
  columns: {
    account: { type: 'text' },
    contact: { type: 'text' },
    /** Days since 1970-01-01 UTC. */
    day: { type: 'integer' },
    permit_id: { type: 'bytes' },
    signature: { type: 'bytes' },
  },
  key: ['account', 'contact', 'day'],
  indexes: { by_day: ['day'] },
} as const

/** How far an account's mailboxes were collected by this node. */
export const collectionsTable = {
  name: 'collections',
  since: 2,
  columns: {
    account: { type: 'text' },
    /** The last day of which all was collected. */
    through_day: { type: 'integer' },
    /** When. */
    collected_ms: { type: 'integer' },
  },
  key: ['account'],
  indexes: {},
} as const
