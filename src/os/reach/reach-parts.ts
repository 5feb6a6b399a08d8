import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Random } from '../../system/random.ts'

/** Reservations that an ordinary public node gives: each is a connection. *ours* */
export const DEFAULT_MAX_RESERVATIONS = 32

/** What every part of reaching takes from the system. */
export interface ReachComponents {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** How a node is to make itself reachable, and what it does so that others are. */
export interface ReachOptions {
  /** Serves as relay (circuit relay v2) and AutoNAT server: `auto` when strangers can dial this node. @default 'auto' */
  readonly serveOthers?: 'auto' | 'on' | 'off'
  /** Reservations it gives at most. @default 32; a relay node more */
  readonly maxReservations?: number
  /** Reservations to hold on relays in different networks while strangers cannot dial this node. @default 2 */
  readonly relays?: number
  /** Punches holes through NATs (DCUtR). @default true */
  readonly punch?: boolean
  /** Asks others whether they can dial this node (AutoNAT). @default true */
  readonly autonat?: boolean
  /** Asks the router to open a port (UPnP, NAT-PMP). @default true */
  readonly mapPorts?: boolean
  /** Follows the network interfaces of the machine. @default true */
  readonly watchInterfaces?: boolean
}
