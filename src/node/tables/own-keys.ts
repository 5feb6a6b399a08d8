/** The secret keys of this home: its node key and the keys of its accounts. */
export const ownKeysTable = {
  name: 'own_keys',
  columns: {
    /** `node` or `account`. */
    kind: { type: 'text' },
    /** PeerId or bare JID. */
    id: { type: 'text' },
    /** 32-byte Ed25519 seed. */
    seed: { type: 'bytes' },
    nickname: { type: 'text', nullable: true },
  },
  key: ['kind', 'id'],
  indexes: {},
} as const
