import type { PlantedBug } from '../../sim/stack/node-home.ts'
import type { MemoryStore } from '../../sim/system/memory-store.ts'
import { archiveTable } from '../../src/node/tables/archive.ts'
import { letterBytesTable } from '../../src/node/tables/letters.ts'
import { outboxTable } from '../../src/node/tables/outbox.ts'
import type { Store, Transaction } from '../../src/system/store.ts'

const SLOW_COMMIT_MS = 5_000
const GOOD_COMMIT_MS = 2

/** A store whose transactions go through `change`. */
function changed(store: MemoryStore, change: (transaction: Transaction) => Transaction): Store {
  return {
    read: store.read,
    transaction: (fn) => store.transaction((transaction) => fn(change(transaction))),
    close: () => store.close(),
  }
}

/** The bugs that the simulator's checkers are tried on, and the checker that must catch each. */
export const PLANTED_BUGS: Readonly<Record<string, { readonly checker: string; readonly bug: PlantedBug }>> = {
  /** What custodians and people acknowledge is on disk five seconds later. */
  'acknowledges-before-fsync': {
    checker: 'receipt-kept',
    bug: {
      commitDelayMs: SLOW_COMMIT_MS,
      wrapStore: (store) => ({
        read: store.read,
        close: () => store.close(),
        transaction: (fn) => {
          const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof fn>>()
          store
            .transaction((transaction) => {
              const result = fn(transaction)
              resolve(result)
              return result
            })
            .catch(reject)
          return promise
        },
      }),
    },
  },
  /** What was received is not recognised when it comes again. */
  'forgets-what-came': {
    checker: 'delivered-once',
    bug: {
      commitDelayMs: GOOD_COMMIT_MS,
      wrapStore: (store) =>
        changed(store, (transaction) => ({
          ...transaction,
          list: (table, range) =>
            (table as unknown) === archiveTable && range?.index === 'by_id' ? [] : transaction.list(table, range),
          count: (table, range) =>
            (table as unknown) === archiveTable && range?.index === 'by_id' ? 0 : transaction.count(table, range),
        })),
    },
  },
  /** One in the archive is not what was written. */
  'alters-what-came': {
    checker: 'unaltered',
    bug: {
      commitDelayMs: GOOD_COMMIT_MS,
      wrapStore: (store) =>
        changed(store, (transaction) => ({
          ...transaction,
          put: (table, row) => {
            const values = row as Record<string, unknown>
            const isArchived = (table as unknown) === archiveTable && values.direction === 'in'
            const stanza = isArchived ? { stanza: String(values.stanza).replace('letters', 'lettres') } : {}
            transaction.put(table, { ...row, ...stanza })
          },
        })),
    },
  },
  /** The outbox has lost what was accepted. */
  'loses-the-outbox': {
    checker: 'all-arrive',
    bug: {
      commitDelayMs: GOOD_COMMIT_MS,
      wrapStore: (store, home) =>
        changed(store, (transaction) => ({
          ...transaction,
          put: (table, row) => {
            const isMessage = (table as unknown) === outboxTable && String(Object(row).stanza).includes('<body')
            if (!(isMessage && home.index % 2 === 0)) {
              transaction.put(table, row)
            }
          },
        })),
    },
  },
  /** Letters without their bytes. */
  'keeps-half-a-letter': {
    checker: 'replicas-kept',
    bug: {
      commitDelayMs: GOOD_COMMIT_MS,
      wrapStore: (store, home) =>
        changed(store, (transaction) => ({
          ...transaction,
          put: (table, row) => {
            if (!((table as unknown) === letterBytesTable && home.index % 2 === 0)) {
              transaction.put(table, row)
            }
          },
        })),
    },
  },
}
