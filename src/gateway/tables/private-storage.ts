/** What clients keep for themselves (XEP-0049), by name and namespace of the element; also the account's vCard (XEP-0054). */
export const privateStorageTable = {
  name: 'private_storage',
  since: 3,
  columns: {
    account: { type: 'text' },
    namespace: { type: 'text' },
    name: { type: 'text' },
    /** The element as XML. */
    content: { type: 'text' },
    /** Of the content in UTF-8. */
    bytes: { type: 'integer' },
  },
  key: ['account', 'namespace', 'name'],
  indexes: {},
} as const
