/** Nodes of an account (XEP-0163). */
export const pepNodesTable = {
  name: 'pep_nodes',
  since: 3,
  columns: {
    account: { type: 'text' },
    node: { type: 'text' },
    /** The configuration as JSON; what is missing has its default. */
    config: { type: 'text' },
    items: { type: 'integer' },
    /** Sum of the items' bytes. */
    bytes: { type: 'integer' },
  },
  key: ['account', 'node'],
  indexes: {},
} as const

/** Items of those nodes. */
export const pepItemsTable = {
  name: 'pep_items',
  since: 3,
  columns: {
    account: { type: 'text' },
    node: { type: 'text' },
    id: { type: 'text' },
    /** Order of publication in its node. */
    sequence: { type: 'integer' },
    /** The payload as XML. */
    payload: { type: 'text' },
    /** Of the payload in UTF-8. */
    bytes: { type: 'integer' },
  },
  key: ['account', 'node', 'id'],
  indexes: { by_sequence: ['account', 'node', 'sequence'] },
} as const
