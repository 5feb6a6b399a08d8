import { join } from 'node:path'
import type { Children, KabberChild } from './child.ts'

/** Nodes of the demo's network besides those of Alice and Bob; half of them in each of two processes. */
export const STRANGER_NODES = 10

/**
 * The nodes of ten strangers in two processes. Ten, because a letter counts as stored with 6 of 10 custodians: five that
 * are killed together never hold every copy.
 */
export class Strangers {
  readonly #doomed: KabberChild
  /** Addresses of the nodes of which half will be killed. */
  readonly doomedAddresses: readonly string[]
  /** Addresses of the nodes that live through the demo. */
  readonly survivingAddresses: readonly string[]

  private constructor(doomed: KabberChild, doomedAddresses: readonly string[], survivingAddresses: readonly string[]) {
    this.#doomed = doomed
    this.doomedAddresses = doomedAddresses
    this.survivingAddresses = survivingAddresses
  }

  /** Starts them; those of the second process join the network through those of the first. */
  static async start(folder: string, children: Children): Promise<Strangers> {
    const half = ['--nodes', String(STRANGER_NODES / 2)]
    const surviving = children.run(['--home', join(folder, 'strangers-1'), 'demo-network', ...half])
    const first = await addressesOf(surviving)
    const known = first.slice(0, 2).flatMap((address) => ['--bootstrap', address])
    const doomed = children.run(['--home', join(folder, 'strangers-2'), 'demo-network', ...half, ...known])
    return new Strangers(doomed, await addressesOf(doomed), first)
  }

  /** Kills half of them with SIGKILL. */
  async killHalf(): Promise<void> {
    await this.#doomed.end('SIGKILL')
  }
}

async function addressesOf(child: KabberChild): Promise<readonly string[]> {
  return (await child.firstLine).addresses as string[]
}
