import type { Row, Schema } from '../../src/system/store.ts'

/** A table with a key of two kinds and two orders beside it. */
export const letters = {
  name: 'letters',
  columns: {
    box: { type: 'text' },
    number: { type: 'integer' },
    sender: { type: 'text' },
    day: { type: 'integer' },
    body: { type: 'text', nullable: true },
  },
  key: ['box', 'number'],
  indexes: { by_day: ['day'], by_sender: ['sender', 'day'] },
} as const

/** A table whose key and content are bytes. */
export const blobs = {
  name: 'blobs',
  columns: { id: { type: 'bytes' }, content: { type: 'bytes' }, note: { type: 'text', nullable: true } },
  key: ['id'],
  indexes: { by_content: ['content'] },
} as const

/** A table with a key of one integer. */
export const counters = {
  name: 'counters',
  columns: { id: { type: 'integer' }, value: { type: 'integer' } },
  key: ['id'],
  indexes: { by_value: ['value'] },
} as const

export const schema: Schema = { version: 1, tables: [letters, blobs, counters], upgrades: [] }

export function letter(box: string, number: number, rest: Partial<Row<typeof letters>> = {}): Row<typeof letters> {
  return { box, number, sender: 'romeo', day: 1, body: null, ...rest }
}

/** `letters` as a later version knows it, and a table that came with it. */
export const lettersOfVersion2 = {
  name: 'letters',
  columns: {
    box: { type: 'text' },
    number: { type: 'integer' },
    sender: { type: 'text' },
    day: { type: 'integer' },
    body: { type: 'text', nullable: true },
    read: { type: 'integer', since: 2 },
    seal: { type: 'bytes', since: 2 },
    folder: { type: 'text', since: 2 },
    thread: { type: 'text', nullable: true, since: 2 },
  },
  key: ['box', 'number'],
  indexes: { by_day: ['day'], by_sender: ['sender', 'day'], by_folder: ['folder', 'day'] },
} as const

export const folders = {
  name: 'folders',
  since: 2,
  columns: { name: { type: 'text' }, size: { type: 'integer' } },
  key: ['name'],
  indexes: {},
} as const

export const schemaOfVersion2: Schema = {
  version: 2,
  tables: [lettersOfVersion2, blobs, counters, folders],
  upgrades: [
    {
      to: 2,
      run: (transaction) => {
        for (const row of transaction.list(lettersOfVersion2)) {
          transaction.put(lettersOfVersion2, { ...row, folder: 'inbox' })
        }
        transaction.put(folders, { name: 'inbox', size: transaction.count(lettersOfVersion2) })
      },
    },
  ],
}
