import { DatabaseSync } from 'node:sqlite'

/** How many rows of a program's own database fit; 0 while it has no such table. */
export function countRows(file: string, query: string, ...parameters: string[]): number {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { readOnly: true })
    const row = database.prepare(query).get(...parameters)
    return Number(Object.values(row ?? { none: 0 })[0])
  } catch {
    // Not there yet, or its owner is writing.
    return 0
  } finally {
    database?.close()
  }
}
