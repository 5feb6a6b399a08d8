/** Messages of an account, sent and received, in the order in which this node came to know them. */
export const archiveTable = {
  name: 'archive',
  columns: {
    account: { type: 'text' },
    /** Grows with every row of the home. */
    position: { type: 'integer' },
    /** The archive id: the XEP-0359 stanza-id given by the sender's node. */
    id: { type: 'text' },
    /** Bare JID of the other side. */
    peer: { type: 'text' },
    /** `in` or `out`. */
    direction: { type: 'text' },
    /** The `id` attribute that the sender's client gave, by which answers and errors refer to the message. */
    stanza_id: { type: 'text' },
    stamp_ms: { type: 'integer' },
    /** `queued`, `delivered`, `failed` (out) or `received` (in). */
    state: { type: 'text' },
    stanza: { type: 'text' },
    /** The error stanza that ended a failed message. */
    error: { type: 'text', nullable: true },
  },
  key: ['account', 'position'],
  indexes: {
    by_peer: ['account', 'peer', 'position'],
    by_id: ['account', 'peer', 'id'],
    by_stanza_id: ['account', 'peer', 'stanza_id'],
  },
} as const
