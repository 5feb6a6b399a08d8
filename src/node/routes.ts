import type { Element } from '../xml/element.ts'
import type { Links } from './links.ts'

/** A way to a node of an account. */
export interface Route {
  /** Hands a stanza over; false when the route can take no more now. `settled` is called once, later. */
  send(stanza: Element, settled: (outcome: 'acknowledged' | 'lost') => void): boolean
}

/** The ways to all accounts: to those served here by a short cut, to all others over links. */
export class Routes {
  readonly #links: Links
  readonly #local: (address: string) => Route | undefined

  constructor(links: Links, local: (address: string) => Route | undefined) {
    this.#links = links
    this.#local = local
  }

  /** The route that is there now. */
  route(address: string): Route | undefined {
    return this.#local(address) ?? this.#links.session(address)
  }

  /** Whether a node of the account is connected now, or is this one. */
  isUp(address: string): boolean {
    return this.#local(address) !== undefined || this.#links.isUp(address)
  }

  /** A route, making one if need be; undefined when that fails now. */
  async reach(address: string, signal: AbortSignal): Promise<Route | undefined> {
    return this.#local(address) ?? (await this.#links.reach(address, signal))
  }

  /** A route is wanted from now on. */
  want(address: string): void {
    if (this.#local(address) === undefined) {
      this.#links.want(address)
    }
  }

  unwant(address: string): void {
    this.#links.unwant(address)
  }
}
