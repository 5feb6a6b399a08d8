import { BITTORRENT_SESSIONS } from './bittorrent-sessions.ts'
import { BUCKET_FILL } from './bucket-fill.ts'
import { DISCOVERY_HOPS } from './discovery-hops.ts'
import type { Reference } from './finding.ts'
import { HOLE_PUNCHING } from './hole-punching.ts'
import { IPFS_2021_SESSIONS, IPFS_2022_SESSIONS } from './ipfs-sessions.ts'
import { LOOKUP_HOPS } from './lookup-hops.ts'
import { MAPPING_LIFETIMES } from './mapping-lifetimes.ts'
import { NAT_CHECK } from './nat-check.ts'
import { PUNCH_MATRIX } from './punch-matrix.ts'
import { RELAY_CUT } from './relay-cut.ts'
import { REPAIR_BANDWIDTH } from './repair-bandwidth.ts'
import { REPLICA_LIVENESS } from './replica-liveness.ts'

/** All that `kabber sim validate` compares, by number. */
export const REFERENCES: readonly Reference[] = [
  LOOKUP_HOPS,
  DISCOVERY_HOPS,
  BUCKET_FILL,
  BITTORRENT_SESSIONS,
  IPFS_2021_SESSIONS,
  IPFS_2022_SESSIONS,
  REPLICA_LIVENESS,
  HOLE_PUNCHING,
  NAT_CHECK,
  MAPPING_LIFETIMES,
  PUNCH_MATRIX,
  RELAY_CUT,
  REPAIR_BANDWIDTH,
]
