/** What each account of the home shows to everybody who knows its address. */
export const publicProfilesTable = {
  name: 'public_profiles',
  since: 3,
  columns: {
    account: { type: 'text' },
    nickname: { type: 'text' },
    /** JSON list of PEP items: node, id and the payload as XML text. */
    items: { type: 'text' },
    updated_ms: { type: 'integer' },
  },
  key: ['account'],
  indexes: {},
} as const
