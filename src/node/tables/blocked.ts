/** JIDs with whom an account does not communicate (XEP-0191). */
export const blockedTable = {
  name: 'blocked',
  since: 3,
  columns: {
    account: { type: 'text' },
    /** A bare or full JID or a domain. */
    jid: { type: 'text' },
  },
  key: ['account', 'jid'],
  indexes: {},
} as const
