import { multiaddr } from '@multiformats/multiaddr'
import { endpointOf } from '../network/multiaddr-endpoint.ts'
import type { NodeHome, RunningNode } from './node-home.ts'
import type { StackWorld } from './world.ts'

/** Links between contacts by how their bytes travel, each counted at both ends and at every sample. */
export interface LinkCounts {
  readonly direct: number
  readonly punched: number
  readonly relayed: number
}

/** Counts how people's nodes are linked, and notes connections through relays in the NAT matrix. */
export class LinkCensus {
  readonly #world: StackWorld
  readonly #counts = { direct: 0, punched: 0, relayed: 0 }

  constructor(world: StackWorld) {
    this.#world = world
  }

  get counts(): LinkCounts {
    return this.#counts
  }

  /** From now on connections of this node that come up through a relay are noted; each by the node with the lower number. */
  watch(home: NodeHome, { network }: RunningNode): void {
    network.subscribe((event) => {
      if (event.type !== 'peer-connected' || network.path(event.peerId) !== 'relayed') {
        return
      }
      const other = this.#world.homeOfPeer(event.peerId)
      if (other !== undefined && home.index < other.index) {
        this.#world.network.matrix.note(home.host.label, other.host.label, 'relayed')
      }
    })
  }

  /** Counts the links that are up now. */
  count(): void {
    for (const person of this.#world.people) {
      const home = this.#world.homeOf(person)
      const links = home.isUp ? home.running?.node.status().accounts[0]?.links : undefined
      for (const { contact, path } of links ?? []) {
        this.#counts[path === 'relayed' ? 'relayed' : this.#isPunched(home, contact) ? 'punched' : 'direct'] += 1
      }
    }
  }

  #isPunched(home: NodeHome, contact: string): boolean {
    const person = this.#world.people.find(({ key }) => key.address === contact)
    const peerId = person && this.#world.homeOf(person).peerId
    const addresses = peerId === undefined ? [] : (home.running?.network.remoteAddresses(peerId) ?? [])
    return addresses.some(
      (address) => !address.includes('/p2p-circuit') && home.host.hasPunched(endpointOf(multiaddr(address))),
    )
  }
}
