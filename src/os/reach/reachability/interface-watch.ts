import { networkInterfaces } from 'node:os'
import type { Clock } from '../../../system/clock.ts'

/** Between two looks: Node tells nobody of a change. */
const LOOK_INTERVAL_MS = 3_000

/** What has changed between two looks at the machine's addresses. */
export interface InterfaceChange {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** Follows the IP addresses of the machine. */
export class InterfaceWatch {
  readonly #clock: Pick<Clock, 'sleep'>
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>

  constructor(
    components: { readonly clock: Pick<Clock, 'sleep'>; readonly addresses?: () => readonly string[] },
    onChange: (change: InterfaceChange) => void,
  ) {
    this.#clock = components.clock
    this.#running = this.#run(components.addresses ?? machineAddresses, onChange)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the network stops'))
    await this.#running
  }

  async #run(addresses: () => readonly string[], onChange: (change: InterfaceChange) => void): Promise<void> {
    const { signal } = this.#stopping
    let known = addresses()
    while (!signal.aborted) {
      await this.#clock.sleep(LOOK_INTERVAL_MS, signal).catch(() => {})
      const now = signal.aborted ? known : addresses()
      const change = {
        added: now.filter((address) => !known.includes(address)),
        removed: known.filter((address) => !now.includes(address)),
      }
      known = now
      if (change.added.length > 0 || change.removed.length > 0) {
        onChange(change)
      }
    }
  }
}

/** The IP addresses of the machine, without loopback and those of one link only. */
export function machineAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return all.filter(({ internal, address }) => !internal && !isLinkLocal(address)).map(({ address }) => address)
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address)
}
