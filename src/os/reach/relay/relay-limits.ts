/**
 * Every bound on reservations and circuits, at the node that relays and at the node behind it. What a circuit may hold
 * in memory comes on top of the sum in libp2p-limits.ts: `CIRCUIT_BUFFER_BUDGET_BYTES`.
 */

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

// What a relay gives.

/** How long a reservation lasts: short enough that a relay soon forgets who vanished, long enough that 500 renewals are no work. */
export const RESERVATION_MS: number = 1 * HOUR_MS
/** Share of the reservations that one /24 or /48 may have, so that one network cannot fill a relay. */
export const RESERVATIONS_NETWORK_SHARE: number = 1 / 8
/** But so many in any case: customers of one provider behind the same address. */
export const RESERVATIONS_NETWORK_MIN = 8
/** Circuits of one peer, whoever opened them: contacts that are linked at once, a stream each; yamux has 64 streams of a connection. */
export const CIRCUITS_MAX_PER_PEER = 48
/** Circuits for each reservation that a relay gives at most: two contacts that are online and cannot be reached otherwise. */
export const CIRCUITS_PER_RESERVATION = 4
/** Bytes a second that a peer may send through a relay: a call's video, 60 times a busy chat. */
export const PEER_BYTES_PER_SECOND: number = 1 * MIB
/** What it may send at once after a pause: a photo album. */
export const PEER_BURST_BYTES: number = 8 * MIB
/** The same for all peers of a /24 or /48 together. */
export const NETWORK_BYTES_PER_SECOND: number = 4 * MIB
export const NETWORK_BURST_BYTES: number = 32 * MIB
/** What a peer may send in a day at full speed; above, 48 KiB a second, which text does not notice. Relays are other people's machines. */
export const PEER_DAY_BYTES: number = 4 * GIB
export const DAY_SECONDS = 86_400
/** Peers and networks whose bytes are counted; at the bound the one that sent longest ago is forgotten. */
export const BYTE_RATES_MAX_KEYS = 4_096
/** Unread and unsent bytes of all circuits together; the circuit that would exceed it is reset. */
export const CIRCUIT_BUFFER_BUDGET_BYTES: number = 64 * MIB
/** Longest pause at once of a sender that sent too much, so that it is not taken for dead. */
export const PAUSE_MAX_MS = 5_000
/** A circuit without a byte is closed after this: connections are pinged every five minutes at least. */
export const CIRCUIT_IDLE_MS: number = 15 * MINUTE_MS
/** RESERVE and CONNECT of one peer: all its contacts at once, then one in 2 s. */
export const HOP_REQUESTS_BURST = 64
export const HOP_REQUESTS_PER_SECOND = 0.5
/** Peers whose requests are counted; at the bound the one that asked longest ago is forgotten. */
export const HOP_REQUESTS_MAX_KEYS = 4_096
/** Requests that are being answered; at the bound further ones are reset. */
export const HOP_REQUESTS_MAX_PENDING = 256
/** A request, with the answer of whom it is for. */
export const HOP_TIMEOUT_MS = 5_000
/** How long a request waits for identify, which tells whether the peer is a member. */
export const MEMBERSHIP_WAIT_MS = 2_000

// What a node behind NAT does.

/** Streams that a relay may have open towards us, each a circuit. */
export const STOP_STREAMS_MAX: number = CIRCUITS_MAX_PER_PEER
/** Dialling a relay and asking it. */
export const RESERVE_TIMEOUT_MS = 10_000
/** A reservation is renewed after this share of its time. */
export const RENEW_AFTER_SHARE = 0.75
/** What a relay says about its time is taken between these: its clock or ours may be wrong. */
export const RESERVATION_MIN_MS: number = 2 * MINUTE_MS
export const RESERVATION_MAX_MS: number = 2 * HOUR_MS
/** How often a relay is asked whether it is still there, and how long it may take: a silent end is seen within 15 s. */
export const RELAY_PING_INTERVAL_MS = 10_000
export const RELAY_PING_TIMEOUT_MS = 5_000
/** First and longest wait before a relay that refused or was lost is asked again. */
export const RELAY_RETRY_MIN_MS = 5_000
export const RELAY_RETRY_MAX_MS: number = 5 * MINUTE_MS
/** The longest wait for one that had served for a while: its machine restarts, and there may be no other. */
export const RELAY_RETRY_PROVEN_MAX_MS = 30_000
/** Relays known to the keeper; at the bound the one heard of longest ago is forgotten. */
export const RELAY_CANDIDATES_MAX = 64
/** First and longest wait between two searches for relays; each may walk the DHT. */
export const RELAY_SEARCH_MIN_MS = 3_000
export const RELAY_SEARCH_MAX_MS: number = 10 * MINUTE_MS
/** One search. */
export const RELAY_SEARCH_TIMEOUT_MS = 15_000
/** Addresses of one relay under which this node tells others to find it. */
export const ADDRESSES_MAX_PER_RELAY = 2
/** Circuits that are being dialled through relays to which there is no connection yet; each takes a second place among the dials. */
export const RELAY_DIALS_MAX = 8
export const RELAY_DIALS_MAX_WAITING = 64
/** Worth of the connection to a relay, or of a relay to who has reserved there, when connections are closed for want of room. */
export const RELAY_TAG_VALUE = 100
