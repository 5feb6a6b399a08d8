/** Ids of stanzas that were received and handled but not archived (subscriptions), kept for as long as their sender may repeat them. */
export const handledTable = {
  name: 'handled',
  columns: {
    account: { type: 'text' },
    /** Bare JID of the sender. */
    sender: { type: 'text' },
    id: { type: 'text' },
    expires_ms: { type: 'integer' },
  },
  key: ['account', 'sender', 'id'],
  indexes: { by_expiry: ['expires_ms'] },
} as const
