// What Kabber's Kademlia is set to: read by the libp2p network and by the model tier of the simulator, so that they agree.

/** Kademlia k: bucket size and most peers a lookup returns. */
export const KAD_K = 20
/** Requests at once on a path of a lookup. */
export const KAD_ALPHA = 3
/** Disjoint paths of a lookup (S/Kademlia §4.4). */
export const KAD_DISJOINT_PATHS = 3
/** Least and most that a lookup waits for one peer (measured under churn: 1.5 s median lookups, not 5 s). */
export const KAD_PEER_TIMEOUT_MS: { readonly minTimeout: number; readonly maxTimeout: number } = {
  minTimeout: 1_500,
  maxTimeout: 3_000,
}
/** How often a node looks itself up, to know its neighbours; each time it asks some 20 of them. Newcomers make themselves known. */
export const KAD_SELF_LOOKUP_INTERVAL_MS = 600_000
/** How often a node pings the unconnected entries of its routing table (measured: dead entries 44 % → 16 %). */
export const ROUTING_CARE_INTERVAL_MS = 60_000
