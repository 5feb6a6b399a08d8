import type { OpenSystemOptions } from '../../src/os/open-system.ts'
import { checkAnnounceAddress, checkBootstrapAddress, checkListenAddresses } from '../listen-addresses.ts'

/** Options of the command line about network and log, as commander gives them. */
export interface GivenNetworkOptions {
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly log?: 'text' | 'json'
  readonly logLevel?: string
}

/** How a node meets the world, and how it tells of itself. */
export interface NetworkOptions {
  /** @default all interfaces on the port of this home */
  readonly listen: readonly string[] | undefined
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  readonly log: Pick<OpenSystemOptions, 'logLevel' | 'logFormat'>
}

/** @throws CliError */
export function readNetworkOptions(given: GivenNetworkOptions): NetworkOptions {
  return {
    listen: given.listen && checkListenAddresses(given.listen),
    announce: (given.announce ?? []).map(checkAnnounceAddress),
    bootstrap: (given.bootstrap ?? []).map(checkBootstrapAddress),
    log: { logLevel: given.logLevel ?? 'warn', logFormat: given.log ?? 'text' },
  }
}
