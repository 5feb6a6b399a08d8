/** One row: the key from which the SCRAM salts of this home are derived, of accounts that exist and of others. */
export const scramSecretTable = {
  name: 'scram_secret',
  since: 3,
  columns: { id: { type: 'integer' }, secret: { type: 'bytes' } },
  key: ['id'],
  indexes: {},
} as const
