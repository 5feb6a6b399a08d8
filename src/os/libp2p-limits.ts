/**
 * Every bound on what peers may make the libp2p network hold, open or do. libp2p's own defaults allow terabytes.
 *
 * Worst case, all at once, in MiB:
 *
 *       64  STREAM_BUFFER_BUDGET_BYTES: unread and unsent bytes of all streams of our own protocols
 *     + 144  MAX_CONNECTIONS × (CONNECTION_WRITE_BUFFER_BYTES + one batch on the socket) (256 × 576 KiB)
 *     +  64  MAX_CONNECTIONS × STREAM_WINDOW_BYTES (256 × 256 KiB): one unfinished yamux frame each
 *     +  64  MAX_CONNECTIONS × NEGOTIATION_ALLOWANCE_BYTES × MAX_STREAMS_PER_CONNECTION (256 × 4 KiB × 64)
 *     +  48  MAX_CONNECTIONS × KAD_MAX_INBOUND_STREAMS × KAD_ALLOWANCE_BYTES (256 × 4 × 48 KiB)
 *     +  32  MAX_CONNECTIONS × 4 × (IDENTIFY_ALLOWANCE_BYTES (in, out, push) or ping) (256 × 4 × 32 KiB)
 *     +  16  (MAX_PENDING_INBOUND + MAX_PARALLEL_DIALS) × HANDSHAKE_ALLOWANCE_BYTES (128 × 128 KiB)
 *     +   8  MAX_CONNECTIONS × 4 × AUTONAT_ALLOWANCE_BYTES (256 × 4 × 8 KiB): two requests and two dial-backs
 *     = 440  ≤ 512 MiB
 */

const KIB = 1024
const MIB = 1024 * KIB

/** Connections; at the bound inbound ones are refused and the least useful are closed. Room for the DHT and contacts. */
export const MAX_CONNECTIONS = 256
/** Inbound connections whose handshake is unfinished; at the bound the oldest of them is closed, so that slow strangers cannot keep newcomers out. */
export const MAX_PENDING_INBOUND = 96
/** libp2p's own bound on the same; above ours, because it refuses newcomers and counts evicted ones a little longer. */
export const LIBP2P_MAX_PENDING_INBOUND: number = 4 * MAX_PENDING_INBOUND
/** Time for the handshake of an inbound connection: 6 round trips of 500 ms, and the sockets of silent strangers are soon back. */
export const INBOUND_UPGRADE_TIMEOUT_MS = 5_000
/** Bytes a remote may send before it is authenticated: a handshake, and what one read of a socket brings with its end. */
export const HANDSHAKE_ALLOWANCE_BYTES: number = 128 * KIB

/** New inbound connections a second from one public IPv4 address or IPv6 /64: a household behind one NAT, and no flood. */
export const INBOUND_RATE_PUBLIC_PER_S = 10
/** The same from one private address: a LAN or test network. Loopback has no such bound: whoever is there is the user. */
export const INBOUND_RATE_PRIVATE_PER_S = 50
/** Hosts whose rate is remembered; at the bound the one that was quiet longest is forgotten. */
export const MAX_RATED_HOSTS = 4_096

/** Yamux streams that one connection may hold open in each direction, of all protocols. */
export const MAX_STREAMS_PER_CONNECTION = 64
/** Streams accepted before libp2p listens for them. */
export const MAX_EARLY_STREAMS = 8
/** Streams that peers open which are begun in one turn of the event loop, on all connections: some 5 ms of it. */
export const MAX_NEW_STREAMS_PER_TURN = 32
/** Pings of yamux that a connection may bring at once, and how soon one more may come; others measure and keep alive with a few a minute. */
export const MAX_YAMUX_PINGS = 64
export const YAMUX_PING_INTERVAL_MS = 250
/** Receive window of a stream: the smallest that yamux allows; also the largest frame, which yamux-js does not check by itself. */
export const STREAM_WINDOW_BYTES: number = 256 * KIB
/** What libp2p may hold of a stream that nobody listens to; two windows, since pausing takes effect a frame late. */
export const STREAM_READ_BUFFER_BYTES: number = 2 * STREAM_WINDOW_BYTES
/** What libp2p may hold of a stream's unsent bytes before it resets the stream; our writers stop long before. */
export const STREAM_WRITE_BUFFER_BYTES: number = 256 * KIB
/** Unsent bytes of a connection; a peer that makes us answer and never reads is reset there. */
export const CONNECTION_WRITE_BUFFER_BYTES: number = 512 * KIB

/** Unread bytes of one stream at which its remote is made to stall: a few stanzas; a window more may be on its way. */
export const READ_HIGH_WATER_BYTES: number = 64 * KIB
/** Most bytes handed to the transport at once; larger saves nothing (measured: the frame costs, not the byte). */
export const MAX_WRITE_BATCH_BYTES: number = 64 * KIB
/** What a buffered chunk costs besides its bytes, so that many tiny ones are not free. */
export const CHUNK_OVERHEAD_BYTES = 128
/** Unread and unsent bytes of all our streams together; the stream that would exceed it is reset. */
export const STREAM_BUFFER_BUDGET_BYTES: number = 64 * MIB
/** How long `close` waits for unsent bytes, and then for the remote to close its half, before it resets the stream. */
export const CLOSE_TIMEOUT_MS = 5_000

/** Bytes a stream may carry until its protocol is agreed (multistream-select: a few names of ≤ 1 KiB). */
export const NEGOTIATION_ALLOWANCE_BYTES: number = 4 * KIB
/** Time to agree on the protocol of a stream. */
export const NEGOTIATION_TIMEOUT_MS = 5_000
/** Bytes one DHT request and its answer may have: 20 peers with a few addresses each are 4 KiB. */
export const KAD_ALLOWANCE_BYTES: number = 48 * KIB
/** DHT requests one connection may have open towards us: three paths of alpha 3 seldom meet in one peer. */
export const KAD_MAX_INBOUND_STREAMS = 4
/** DHT requests we may have open towards one peer. */
export const KAD_MAX_OUTBOUND_STREAMS = 16
/** How long a DHT request may stay unfinished. */
export const KAD_INCOMING_TIMEOUT_MS = 5_000
/** How often the closest peers are marked as such in the peer store, which reconnects to them when they are lost. */
export const KAD_TAG_INTERVAL_MS = 300_000
/** One identify message: 20 addresses and 20 protocols are 2 KiB; also what a foreign key blob may have. */
export const IDENTIFY_MAX_MESSAGE_BYTES: number = 4 * KIB
/** An identify stream as a whole: libp2p reads up to ten messages. */
export const IDENTIFY_ALLOWANCE_BYTES: number = 32 * KIB
/** Observed addresses kept and told. */
export const IDENTIFY_MAX_OBSERVED_ADDRESSES = 4
/** A ping stream as a whole: 32 bytes a ping. */
export const PING_ALLOWANCE_BYTES: number = 8 * KIB
/** An AutoNAT stream as a whole: one message of a few addresses each way. */
export const AUTONAT_ALLOWANCE_BYTES: number = 8 * KIB
/** Ping streams of one connection, in each direction. */
export const PING_MAX_STREAMS = 2

/** Dials at once. */
export const MAX_PARALLEL_DIALS = 32
/** Dials waiting; at the bound a dial fails with `limit`. */
export const MAX_DIAL_QUEUE = 256
/** Addresses tried for one peer. */
export const MAX_ADDRESSES_PER_DIAL = 8
/** Addresses through relays that are tried beside the direct ones: two relays with two addresses each. */
export const MAX_RELAYED_DIALS = 4
/** Head start of the direct addresses, and of each address through a relay before the next: a LAN answers sooner. */
export const RELAYED_DIAL_DELAY_MS = 250
/** Hints of one dial that are looked at. */
export const MAX_DIAL_HINTS = 16
/** A dial as a whole, including a lookup of addresses. */
export const DIAL_TIMEOUT_MS = 10_000
/** One address of a dial. */
export const ADDRESS_DIAL_TIMEOUT_MS = 4_000
/** How long an address that was dialled is left alone when only hearsay speaks for it, so that lies cannot make nodes hammer a victim (security.md L9). */
export const HEARSAY_RETRY_MS = 60_000
/** Addresses remembered for that, and as many where a peer once answered; at the bound the oldest is forgotten. */
export const MAX_REMEMBERED_ADDRESSES = 4_096
/** Private addresses that the user or the LAN itself named; at the bound the oldest is forgotten. */
export const MAX_TRUSTED_ADDRESSES = 256

/** Entries pinged in one round. */
export const MAX_PINGS_PER_ROUND = 64
/** Entries pinged at once. */
export const PING_CONCURRENCY = 4
/** Within this time a peer heard of again is not news (measured: a lookup costs 271 ms CPU without, 89 ms with). */
export const DISCOVERY_REPEAT_MS = 60_000
/** Peers remembered for that; at the bound all are forgotten. */
export const MAX_DISCOVERED_PEERS = 4_096
/** Addresses taken from hearsay about one peer. */
export const MAX_ADDRESSES_PER_PEER = 8
/** Peers kept in the peer store; above, those that never answered or did so longest ago are deleted. */
export const MAX_KNOWN_PEERS = 4_096
/** How often they are counted. */
export const PEER_STORE_SWEEP_INTERVAL_MS = 600_000
/** How long addresses and peers are kept, so that a node finds its way back after a long absence. */
export const KNOWN_PEER_AGE_MS: number = 30 * 86_400_000

/** Peers whose entry in the peer store is kept in memory; at the bound the one read longest ago is forgotten. */
export const MAX_CACHED_PEERS = 256
/** How long such an entry is taken for true: tags and addresses expire in the peer store. */
export const PEER_CACHE_AGE_MS = 300_000
/** How often an entry is written although nothing changed: peers out of use expire. */
export const PEER_REFRESH_INTERVAL_MS = 3_600_000

/** Connections below which the node looks for more. */
export const MIN_CONNECTIONS = 4
/** Known peers tried in one round, besides the bootstrap peers. */
export const MAX_KNOWN_PEERS_TRIED = 4
/** First and longest wait between two rounds. */
export const KEEPER_MIN_WAIT_MS = 1_000
export const KEEPER_MAX_WAIT_MS = 30_000
/** Peers of the LAN that wait to be dialled; at the bound the newest is dropped: mDNS repeats it. */
export const MAX_LAN_PEERS_WAITING = 32

/** A connection in use that is silent so long is asked for a sign of life. */
export const KEEP_ALIVE_IN_USE_MS = 60_000
/** The same of one that nobody uses now; NATs keep connections at least two hours (RFC 5382 REQ-5), bad ones some minutes. */
export const KEEP_ALIVE_IDLE_MS = 300_000
/** How much longer the end waits that was dialled: it asks when the dialler does not. */
export const KEEP_ALIVE_PATIENCE_MS = 60_000
/** How often connections are looked at for that. */
export const KEEP_ALIVE_SWEEP_INTERVAL_MS = 15_000
/** A connection that gives no sign of life within this time after it was asked is broken. */
export const KEEP_ALIVE_ANSWER_TIMEOUT_MS = 10_000
/** The same when a stream is about to be opened on it, if it was silent as long, and when the machine has got other addresses: ten slow round trips. */
export const KEEP_ALIVE_URGENT_TIMEOUT_MS = 5_000
/** A timer that runs so late shows that this process stood still: what came meanwhile is read first. */
export const KEEP_ALIVE_STALL_MS = 1_000
/** A socket without a byte for so long is closed; behind the keep-alive, which is to find that out before. */
export const SOCKET_INACTIVITY_TIMEOUT_MS = 600_000
/** How long `stop` waits for a connection to close in good order. */
export const CONNECTION_CLOSE_TIMEOUT_MS = 200
/** How long `stop` waits for stream handlers whose streams are gone. */
export const STOP_GRACE_MS = 2_000
