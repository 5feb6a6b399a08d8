/** Messages of an account, sent and received, in the order in which this node came to know them. */
export const archiveTable = {
  name: 'archive',
  columns: {
    account: { type: 'text' },
    /** Grows with every row of the home. */
    position: { type: 'integer' },
    /** The XEP-0359 stanza-id given by the sender's node. */
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
    /** 1: the message asks not to be archived (XEP-0334 §4.1); it is here for clients that have not had it. */
    hidden: { type: 'integer', since: 3 },
    /** When this node took it, never less than in the row before unless the clock was set back by a day. Null: `stamp_ms`. */
    arrived_ms: { type: 'integer', nullable: true, since: 3 },
  },
  key: ['position'],
  // Ids lead, because they grow with time: an index that is appended to costs a third of a scattered one.
  indexes: {
    by_peer: ['account', 'peer', 'position'],
    by_id: ['id', 'peer'],
    by_stanza_id: ['stanza_id'],
    by_direction: ['account', 'direction', 'hidden', 'position'],
  },
} as const
