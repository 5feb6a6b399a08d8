/** How far the messages of an account have reached its clients, one row an account. */
export const deliveredTable = {
  name: 'delivered',
  since: 3,
  columns: {
    account: { type: 'text' },
    /** Every message received up to this archive id has reached a client. */
    archive_id: { type: 'text' },
  },
  key: ['account'],
  indexes: {},
} as const
