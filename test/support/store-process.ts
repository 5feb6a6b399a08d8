import { openSqliteStore } from '../../src/os/sqlite-store.ts'
import { StoreError } from '../../src/system/store.ts'
import { counters, schema } from '../contract/store-tables.ts'

/**
 * The program of a process that uses a store: `open PATH` prints why the store does not open, or `open`; `unprivileged PATH` does so
 * without root's rights; `fill PATH` puts rows until the disk or a signal stops it, printing the id of each that is
 * confirmed.
 */
export const STORE_PROCESS: string = import.meta.filename

if (process.argv[1] === STORE_PROCESS) {
  const [act = '', path = ''] = process.argv.slice(2)
  await (act === 'fill' ? fill(path) : tryToOpen(act, path))
}

async function tryToOpen(act: string, path: string): Promise<void> {
  if (act === 'unprivileged' && process.getuid?.() === 0) {
    process.setgid?.(65534)
    process.setuid?.(65534)
  }
  try {
    const store = openSqliteStore(path, schema)
    console.log('open')
    await store.close()
  } catch (error) {
    console.log(error instanceof StoreError ? `${error.failure}\n${error.message}` : error)
  }
}

async function fill(path: string): Promise<void> {
  // The signal that a process gets beside the error when a file would exceed `ulimit -f`.
  process.on('SIGXFSZ', () => {})
  const store = openSqliteStore(path, schema)
  const start = store.read.count(counters)
  let next = start
  const worker = async (): Promise<void> => {
    for (;;) {
      const id = next++
      await store.transaction((tx) => {
        tx.put(counters, { id, value: id })
        if (id % 7 === 0) {
          // Pages enough that the log is checkpointed while the rounds go on.
          tx.put(counters, { id: -id - 1, value: id })
        }
      })
      process.stdout.write(`${id}\n`)
    }
  }
  try {
    await Promise.all(Array.from({ length: 8 }, worker))
  } catch (error) {
    console.log(error instanceof StoreError ? error.failure : error)
    console.log(`rows ${store.read.count(counters, { from: 0 })}`)
  }
  await store.close()
}
