import type { Random } from '../../src/system/random.ts'

/** Ports that boxes give out (RFC 6056 §3.2). */
const FIRST_PORT = 1_024
const LAST_PORT = 65_535
const PORTS: number = LAST_PORT - FIRST_PORT + 1
/** Tries before a box gives up (Linux: nf_nat_core.c `max_attempts`). */
const MAX_PORT_TRIES = 128

/** Gives external ports (RFC 4787 §4.2). */
export class PortChooser {
  readonly #how: 'preserving' | 'sequential' | 'random'
  readonly #random: Pick<Random, 'uniform'>
  #next: number

  constructor(how: 'preserving' | 'sequential' | 'random', random: Pick<Random, 'uniform'>) {
    this.#how = how
    this.#random = random
    this.#next = FIRST_PORT + random.uniform(PORTS)
  }

  /** A port for which `isFree` holds; undefined when none was found in `MAX_PORT_TRIES`. */
  choose(internalPort: number, isFree: (port: number) => boolean): number | undefined {
    if (this.#how === 'preserving' && isFree(internalPort)) {
      return internalPort
    }
    for (let tries = 0; tries < MAX_PORT_TRIES; tries++) {
      const port = this.#how === 'sequential' ? this.#advance() : FIRST_PORT + this.#random.uniform(PORTS)
      if (isFree(port)) {
        return port
      }
    }
    return undefined
  }

  #advance(): number {
    const port = this.#next
    this.#next = port === LAST_PORT ? FIRST_PORT : port + 1
    return port
  }
}
