import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from '../find-home.ts'
import { checkBootstrapAddress, checkListenAddresses } from '../listen-addresses.ts'
import type { NetworkOptions } from './network-options.ts'

const LAST_START_FILE = 'network.json'

/** How a home was started last: what the doctor goes by when nothing else is said. */
export interface LastStart {
  readonly isRelay: boolean
  /** Multiaddrs with the port that was used. */
  readonly listen: readonly string[]
  /** Whether somebody asked for these. */
  readonly isListenAsked: boolean
  readonly bootstrap: readonly string[]
}

/** What is remembered of a node that runs now. */
export function lastStart(
  { listen, bootstrap }: Pick<NetworkOptions, 'listen' | 'bootstrap'>,
  running: { readonly listen: readonly string[] },
  isRelay: boolean,
): LastStart {
  return { isRelay, listen: running.listen, isListenAsked: listen !== undefined, bootstrap }
}

/** Remembers a start; a home that cannot be written has greater troubles than this. */
export function writeLastStart(home: Pick<Home, 'path'>, start: LastStart): void {
  try {
    writeFileSync(join(home.path, LAST_START_FILE), `${JSON.stringify(start)}\n`, { mode: 0o600 })
  } catch {
    // The node says so itself when it has something to keep.
  }
}

/** Undefined before the first start, and when the file is not as it was written. */
export function readLastStart(home: Pick<Home, 'path'>): LastStart | undefined {
  try {
    const { isRelay, listen, isListenAsked, bootstrap } = JSON.parse(
      readFileSync(join(home.path, LAST_START_FILE), 'utf8'),
    )
    return {
      isRelay: isRelay === true,
      listen: checkListenAddresses(listen),
      isListenAsked: isListenAsked === true,
      bootstrap: [...bootstrap].map(checkBootstrapAddress),
    }
  } catch {
    return undefined
  }
}
