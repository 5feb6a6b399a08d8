import type { Libp2pNetwork } from '../../src/os/libp2p-network.ts'
import type { NodeClass } from '../scenario/scenario.ts'

/** What a node's network is told of how to be reached. */
type ReachInit = Pick<ConstructorParameters<typeof Libp2pNetwork>[1], 'dhtMode' | 'reach'>

/** There are no routers to ask and no interfaces that change. */
const NOTHING_OUTSIDE = { mapPorts: false, watchInterfaces: false } as const

/**
 * Nodes in the open announce their address: that makes them public at once, and relays for others. Those behind boxes
 * find out that nobody reaches them, hold reservations and punch, as production does. Where nobody in the scenario is
 * behind a box there is nothing to help with, and all of that is off: it would cost work and change nothing.
 */
export function reachOptions({ nat, storageBytes }: NodeClass, isAnyoneBehindNat: boolean): ReachInit {
  const role = storageBytes === 0 ? 'client' : 'server'
  if (!isAnyoneBehindNat) {
    return {
      dhtMode: role,
      reach: { ...NOTHING_OUTSIDE, autonat: false, relays: 0, punch: false, serveOthers: 'off' },
    }
  }
  return nat.length === 0
    ? { dhtMode: role, reach: { ...NOTHING_OUTSIDE, autonat: false, relays: 0 } }
    : { dhtMode: storageBytes === 0 ? 'client' : 'auto', reach: NOTHING_OUTSIDE }
}
