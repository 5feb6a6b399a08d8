/** Stanzas on their way out: accepted, on disk, and not yet acknowledged by a node of the recipient. */
export const outboxTable = {
  name: 'outbox',
  columns: {
    /** Bare JID of the recipient. */
    recipient: { type: 'text' },
    /** The order of sending; grows with every row of the home. */
    position: { type: 'integer' },
    account: { type: 'text' },
    /** The sending node's id of the stanza. */
    id: { type: 'text' },
    accepted_ms: { type: 'integer' },
    expires_ms: { type: 'integer' },
    stanza: { type: 'text' },
  },
  key: ['recipient', 'position'],
  indexes: { by_position: ['position'], by_expiry: ['expires_ms'] },
} as const
