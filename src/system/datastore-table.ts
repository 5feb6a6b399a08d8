/**
 * What the network keeps of its own between runs, peers above all: a cache, which may lose its newest or its oldest
 * rows. A table of every node's schema, because one file has one schema.
 */
export const datastoreTable = {
  name: 'network_datastore',
  columns: {
    /** A path, as in `/peers/bafz…`. */
    key: { type: 'text' },
    value: { type: 'bytes' },
    /** Wall clock, ms; the oldest row goes when there are too many. */
    written_ms: { type: 'integer' },
  },
  key: ['key'],
  indexes: { by_written: ['written_ms'] },
} as const
