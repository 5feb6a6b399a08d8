/** Roster items (RFC 6121 §2.1), one row a contact of an account. */
export const rosterTable = {
  name: 'roster',
  columns: {
    account: { type: 'text' },
    /** Bare JID of the contact. */
    jid: { type: 'text' },
    name: { type: 'text', nullable: true },
    /** A state of RFC 6121 appendix A.1. */
    state: { type: 'text' },
    /** 1 when the contact's subscription request is approved in advance (RFC 6121 §3.4). */
    approved: { type: 'integer' },
    /** JSON list of names. */
    groups: { type: 'text', nullable: true, since: 3 },
    /** The presence stanza of their request while it waits for an answer. */
    request: { type: 'text', nullable: true, since: 3 },
    /** 1: clients see the item; 0: the contact has only asked. Null: older than this column. */
    listed: { type: 'integer', nullable: true, since: 3 },
  },
  key: ['account', 'jid'],
  indexes: {},
} as const

/** Where nodes of a contact may be found while no account record of theirs is known; from contact URIs. */
export const contactHintsTable = {
  name: 'contact_hints',
  columns: {
    /** Bare JID of the contact. */
    jid: { type: 'text' },
    peer_id: { type: 'text' },
    /** Multiaddrs, one a line. */
    addresses: { type: 'text' },
  },
  key: ['jid', 'peer_id'],
  indexes: {},
} as const
