/** Files that clients put on the web port for others to fetch (XEP-0363), and slots for them. */
export const uploadsTable = {
  name: 'uploads',
  since: 3,
  columns: {
    /** 32 hexadecimal digits at random: who knows them may fetch the file. Also its name in the file store. */
    id: { type: 'text' },
    account: { type: 'text' },
    /** 32 hexadecimal digits at random: who knows them may put the file. */
    token: { type: 'text' },
    file_name: { type: 'text' },
    /** Type and subtype in lower case; empty if the client named none. */
    content_type: { type: 'text' },
    bytes: { type: 'integer' },
    /** 0: a slot; 1: the file is in the file store. */
    is_stored: { type: 'integer' },
    created_ms: { type: 'integer' },
    expires_ms: { type: 'integer' },
  },
  key: ['id'],
  indexes: {
    by_account: ['account', 'created_ms'],
    by_expiry: ['account', 'expires_ms'],
  },
} as const

/** Bytes of all rows of an account in `uploads`. */
export const uploadTotalsTable = {
  name: 'upload_totals',
  since: 3,
  columns: {
    account: { type: 'text' },
    bytes: { type: 'integer' },
  },
  key: ['account'],
  indexes: {},
} as const
