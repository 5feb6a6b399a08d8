import { randomInt } from 'node:crypto'
import type { AfterHooks } from '../support/kabber-process.ts'
import type { Login } from './chat-client.ts'

/** Two accounts that do not know each other: one with two clients, one for the peer. */
export interface Pair {
  readonly own: Login
  /** The second client of the same account. */
  readonly second: Login
  readonly peer: Login
  /** Puts the servers' logs into a folder. */
  evidence(folder: string): Promise<void>
}

/** The servers of a run. */
export interface World {
  readonly name: string
  pair(hooks: AfterHooks, client: string, folder: string): Promise<Pair>
}

/** An address of 127.0.0.0/8 that nobody else is likely to use: a server of its own on the well-known ports. */
export function freshLoopbackHost(): string {
  return `127.${randomInt(64, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`
}
