import type { Connection } from '@libp2p/interface'
import type { Random } from '../../../system/random.ts'
import { MAX_MARKED_RELAYS } from './punch-limits.ts'

/** The two kinds of IP address; a port of one says nothing about the other. */
export type IpFamily = 'ip4' | 'ip6'

/** Dynamic ports that both IANA (RFC 6335 §6) and Linux (`ip_local_port_range`) have for such use. */
const FIRST_PORT = 49_152
const LAST_PORT = 60_999

/** From which local ports this node dials relays, and which connections left from them. No listener has these ports. */
export class PunchPorts {
  readonly #random: Pick<Random, 'uniform'>
  readonly #ports = new Map<IpFamily, number>()
  readonly #relays = new Set<string>()
  readonly #localPorts = new WeakMap<Connection, number>()

  constructor(random: Pick<Random, 'uniform'>) {
    this.#random = random
  }

  /** Dials to this peer leave from a punch port from now on. */
  markRelay(peerId: string): void {
    this.#relays.delete(peerId)
    this.#relays.add(peerId)
    const oldest = this.#relays.size > MAX_MARKED_RELAYS ? this.#relays.values().next().value : undefined
    if (oldest !== undefined) {
      this.#relays.delete(oldest)
    }
  }

  isRelay(peerId: string): boolean {
    return this.#relays.has(peerId)
  }

  /** The port to dial relays from; the same one for all, so that it shows what the NAT does with it. */
  portFor(family: IpFamily): number {
    return this.#ports.get(family) ?? this.#choose(family)
  }

  /** `taken` cannot be bound or has a connection to that relay already: another one is chosen. */
  replace(family: IpFamily, taken: number): void {
    if (this.#ports.get(family) === taken) {
      this.#choose(family)
    }
  }

  /** `connection` left from `localPort`. */
  note(connection: Connection, localPort: number): void {
    this.#localPorts.set(connection, localPort)
  }

  /** The punch port that a connection left from; undefined for all others. */
  localPortOf(connection: Connection): number | undefined {
    return this.#localPorts.get(connection)
  }

  /** True for a port that relays are dialled from now. */
  isCurrent(localPort: number | undefined): boolean {
    return localPort !== undefined && [...this.#ports.values()].includes(localPort)
  }

  #choose(family: IpFamily): number {
    const port = FIRST_PORT + this.#random.uniform(LAST_PORT - FIRST_PORT + 1)
    this.#ports.set(family, port)
    return port
  }
}
