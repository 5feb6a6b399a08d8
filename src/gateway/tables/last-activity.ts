/** When the last available client of an account left (XEP-0012). */
export const lastActivityTable = {
  name: 'last_activity',
  since: 3,
  columns: {
    account: { type: 'text' },
    left_ms: { type: 'integer' },
  },
  key: ['account'],
  indexes: {},
} as const
