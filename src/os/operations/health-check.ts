import type { Clock } from '../../system/clock.ts'
import { datastoreTable } from '../../system/datastore-table.ts'
import { type Store, StoreError } from '../../system/store.ts'
import type { NodeFigures } from './node-figures.ts'

/** The row that is written to see whether the store can be. */
const PROBE_KEY = '/kabber/health'

/** An answer is good for this long: whoever asks more often costs no more writes. */
const HEALTH_AGE_MS = 2_000

/** Whether a node does its work, in a word, and why not. */
export type Health = { readonly status: 'ok' } | { readonly status: 'failing'; readonly reason: string }

/** Finds out whether a node does its work: it has started, does not drain, listens, and can write to its store. */
export class HealthCheck {
  readonly #store: Store
  readonly #clock: Pick<Clock, 'wallMs' | 'monotonicMs'>
  #figures: (() => NodeFigures) | undefined
  #isDraining = false
  #written: { readonly atMs: number; readonly outcome: Promise<Health> } | undefined

  constructor(store: Store, clock: Pick<Clock, 'wallMs' | 'monotonicMs'>) {
    this.#store = store
    this.#clock = clock
  }

  /** The node has started. */
  started(figures: () => NodeFigures): void {
    this.#figures = figures
  }

  /** The node stops soon: load balancers shall send nobody any more. */
  draining(): void {
    this.#isDraining = true
  }

  async check(): Promise<Health> {
    if (this.#isDraining) {
      return failing('the node is stopping and hands over what it keeps')
    }
    if (this.#figures === undefined) {
      return failing('the node has not started yet')
    }
    if (this.#figures().addresses.length === 0) {
      return failing('the network listens nowhere')
    }
    const nowMs = this.#clock.monotonicMs()
    if (this.#written === undefined || nowMs - this.#written.atMs > HEALTH_AGE_MS) {
      this.#written = { atMs: nowMs, outcome: this.#write() }
    }
    return await this.#written.outcome
  }

  async #write(): Promise<Health> {
    try {
      const row = { key: PROBE_KEY, value: new Uint8Array(1), written_ms: this.#clock.wallMs() }
      await this.#store.transaction((transaction) => transaction.put(datastoreTable, row))
      return { status: 'ok' }
    } catch (error) {
      return failing(error instanceof StoreError ? `the store: ${error.message}` : 'the store cannot be written')
    }
  }
}

function failing(reason: string): Health {
  return { status: 'failing', reason }
}
