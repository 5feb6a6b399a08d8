/** Every bound of hole punching: what peers may make this node dial, hold or do. */

/** `/libp2p/dcutr` messages (DCUtR, "RPC messages"): larger ones are refused. */
export const MAX_DCUTR_MESSAGE_BYTES = 4_096
/** A stream as a whole: two messages, and a peer that sends more is reset. */
export const DCUTR_ALLOWANCE_BYTES: number = 3 * MAX_DCUTR_MESSAGE_BYTES
/** Addresses parsed of one message; go-libp2p names up to about 20, one for each transport and family. */
export const MAX_NAMED_ADDRESSES = 64
/** Bytes of one of them. */
export const MAX_NAMED_ADDRESS_BYTES = 512
/** TCP addresses of the other's message that are looked at; one of them is dialled. *ours* */
export const MAX_ADDRESSES_CONSIDERED = 4
/** Conversations of one try that fail before a packet went to the peer (DCUtR: "a total of 3 attempts"). */
export const MAX_ATTEMPTS = 3
/** Pause after the first of them; a second one doubles it. */
export const ATTEMPT_PAUSE_MS = 300
/** One conversation until SYNC. */
export const CONVERSATION_TIMEOUT_MS = 5_000
/** The joint dial with its handshake: three SYNs (0, 1 and 3 s) and what a slow relay adds. */
export const PUNCH_DIAL_TIMEOUT_MS = 5_000
/** SYNs after one that was refused: with the first one as many as the kernel sends to a silent host in that time. */
export const MAX_REDIALS = 2
/** Pause before each: shorter than most round trips, so that one is under way nearly all the time. */
export const REDIAL_PAUSE_MS = 2
/** How long a second connection to a relay may take to show the mapping. */
export const LEARN_TIMEOUT_MS = 4_000
/** How long a direct dial to public addresses goes before punching begins beside it. */
export const DIRECT_HEAD_START_MS = 1_000
/** The direct dial as a whole. */
export const DIRECT_DIAL_TIMEOUT_MS = 5_000
/** Public addresses that the direct dial tries. */
export const MAX_DIRECT_ADDRESSES = 4

/** Waits after a failed try while the relayed connection lasts; no address is dialled twice within `BUDGET_WINDOW_MS`. */
export const RETRY_WAITS_MS: readonly number[] = [65_000, 300_000, 900_000]
/** Wait while there are too many tries at a time. */
export const BUSY_WAIT_MS = 10_000
/** Peers whose waits are remembered; at the bound the oldest is forgotten. */
export const MAX_REMEMBERED_PEERS = 1_024
/** Peers punched with at a time; at the bound a try waits for the next occasion, and a stranger's stream is reset. */
export const MAX_PUNCHES_AT_ONCE = 32
/** Streams of the protocol that a connection has in each direction, the one that is about to end included. */
export const DCUTR_MAX_STREAMS = 2
/** Conversations that one peer may open towards us in a minute (DCUtR: 3 attempts). */
export const MAX_CONVERSATIONS_PER_PEER = 3
/** Dials in a minute to one IPv4 address or IPv6 /64: peers behind one carrier's NAT share an address. */
export const MAX_DIALS_PER_HOST = 8
/** Dials in a minute in all. */
export const MAX_DIALS_PER_MINUTE = 64
/** The minute of all these, and the time until an address is dialled again (security.md L9). */
export const BUDGET_WINDOW_MS = 60_000

/** Peers whose dials leave from the punch port; at the bound the oldest is forgotten. */
export const MAX_MARKED_RELAYS = 256
/** Ports tried for a dial to a relay before it leaves from any. */
export const MAX_PORTS_TRIED = 3
/** How long a relayed connection without streams stays beside a direct one (DCUtR step 6: "after a grace period"). */
export const RELAYED_GRACE_MS = 60_000
/** How often that is looked at; then it stays until the relay or the peer ends it. */
export const MAX_GRACE_CHECKS = 30
