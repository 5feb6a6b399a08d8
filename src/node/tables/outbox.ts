/** Stanzas on their way out: accepted, on disk, and not yet acknowledged by a node of the recipient. */
export const outboxTable = {
  name: 'outbox',
  columns: {
    /** The order of sending; grows with every row of the home. Of a message: its position in the archive. */
    position: { type: 'integer' },
    /** Bare JID of the recipient. */
    recipient: { type: 'text' },
    account: { type: 'text' },
    /** The sending node's id of the stanza. */
    id: { type: 'text' },
    /** `delivered`: it leaves when the recipient's node has it. `stored`: also when enough custodians have it. */
    ends: { type: 'text' },
    accepted_ms: { type: 'integer' },
    expires_ms: { type: 'integer' },
    stanza: { type: 'text' },
  },
  key: ['position'],
  indexes: { by_recipient: ['recipient', 'position'], by_id: ['id'], by_expiry: ['expires_ms'] },
} as const
