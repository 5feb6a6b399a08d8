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
    /** Of a message that was sent: the `id` attribute its client gave, by which errors refer to it. Else empty. */
    stanza_id: { type: 'text' },
    stamp_ms: { type: 'integer' },
    /** `queued`, `delivered`, `failed` (out) or `received` (in). */
    state: { type: 'text' },
    stanza: { type: 'text' },
    /** The error stanza that ended a failed message. */
    error: { type: 'text', nullable: true },
  },
  key: ['position'],
  // Ids lead, because they grow with time: an index that is appended to costs a third of a scattered one.
  indexes: {
    by_peer: ['account', 'peer', 'position'],
    by_id: ['id', 'peer'],
    by_stanza_id: ['stanza_id'],
  },
} as const
