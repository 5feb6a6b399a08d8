/** SCRAM keys (RFC 5802 §3) of the passwords of client apps; never a password. */
export const clientPasswordsTable = {
  name: 'client_passwords',
  since: 3,
  columns: {
    /** Bare JID. */
    account: { type: 'text' },
    /** What its owner calls the client app. */
    name: { type: 'text' },
    created_ms: { type: 'integer' },
    used_ms: { type: 'integer', nullable: true },
    /** From then on it is refused. */
    expires_ms: { type: 'integer', nullable: true },
    iterations: { type: 'integer' },
    /** Of all passwords of the account; see `ClientPasswords`. */
    sha1_salt: { type: 'bytes' },
    sha1_stored_key: { type: 'bytes' },
    sha1_server_key: { type: 'bytes' },
    sha256_salt: { type: 'bytes' },
    sha256_stored_key: { type: 'bytes' },
    sha256_server_key: { type: 'bytes' },
  },
  key: ['account', 'name'],
  indexes: {},
} as const
