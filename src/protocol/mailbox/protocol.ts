/**
 * The mailbox protocol: what an account leaves with its custodians, the nodes closest to a place in the DHT: the account
 * record (PUT_RECORD, GET_RECORD) and letters (DEPOSIT, COLLECT, ACKNOWLEDGE; between custodians SYNC and REPLICATE). See
 * docs/protocol/mailbox.md.
 */
export const MAILBOX_PROTOCOL = '/kabber/mailbox/1.0.0'

/** A frame without its length prefix: room for a letter of 64 KiB and what goes with it. protocols.md */
export const FRAME_MAX_BYTES: number = 96 * 1024
/**
 * Requests of one stream that wait for their answer. Above it: the client waits, the server closes. At 5 ms for commit
 * and way, ten times the 4,000 deposits a second a custodian takes. *ours*
 */
export const OUTSTANDING_MAX_REQUESTS = 256
/** Bytes of such requests: the client waits above it; the server, above twice as much, reads no more for now. *ours* */
export const OUTSTANDING_MAX_BYTES: number = 512 * 1024
/** Bytes that the answers to such requests may have at most: the client waits above it. A part of QUEUED_MAX_BYTES. *ours* */
export const ANSWERS_MAX_BYTES: number = 384 * 1024
/** Requests of one client stream that wait to be sent; above it `busy`. *ours* */
export const WAITING_MAX_REQUESTS = 1024
/**
 * Bytes of one stream that the other side has not read yet; the stream is closed above it. ANSWERS_MAX_BYTES and
 * STREAM_WINDOW_BYTES together stay below. security.md L4
 */
export const QUEUED_MAX_BYTES: number = 1024 * 1024
/** Streams one peer may have open towards this node: one, and its successor while the first one is closing. *ours* */
export const INBOUND_STREAMS_MAX_PER_PEER = 2
/** Streams this node has open towards one peer, for the same reason. *ours* */
export const OUTBOUND_STREAMS_MAX_PER_PEER = 2
/** Streams a client keeps open; the one used longest ago is closed for a new one. 25 lookups of 10 at once. *ours* */
export const CLIENT_STREAMS_MAX = 256
/** The client closes a stream that nobody used for so long. *ours* */
export const CLIENT_IDLE_MS = 120_000
/** The server closes a stream without requests after so long; longer than the client, which should go first. *ours* */
export const SERVER_IDLE_MS = 300_000
/** An answer takes a disk commit and a round trip; a peer that needs longer is treated as gone. *ours* */
export const REQUEST_TIMEOUT_MS = 5_000
/** To reach a peer and agree on the protocol, perhaps through a relay. *ours* */
export const DIAL_TIMEOUT_MS = 5_000

/** What a letter counts for in flow control beside its bytes: the frame around it, the objects that hold it. *ours* */
export const LETTER_FRAME_BYTES = 128
/** What one collection may have under way before the collector takes it: two letters of the largest size. *ours* */
export const COLLECT_WINDOW_BYTES: number = 160 * 1024
/** The same for all collections of one stream. *ours* */
export const STREAM_WINDOW_BYTES: number = 512 * 1024
/** Collections of one stream: 15 days, and days followed, of some accounts on one node. *ours* */
export const COLLECTIONS_MAX_PER_STREAM = 64
/** Collections a custodian serves. *ours* */
export const COLLECTIONS_MAX = 4_096
/** Collections a custodian serves that stay, of one peer and of all. *ours* */
export const FOLLOWS_MAX_PER_PEER = 32
export const FOLLOWS_MAX = 2_048
/** A challenge is good for so long. security.md B3 */
export const CHALLENGE_MAX_MS = 60_000
export const CHALLENGE_BYTES = 32
/** A custodian that sends nothing for so long, although it could, is treated as gone. *ours* */
export const COLLECT_PROGRESS_MS = 10_000

/** Signatures a peer may have checked at once (all letters of 14 days acknowledged), and per second: 3 % of a core. *ours* */
export const SIGNATURES_BURST = 8_192
export const SIGNATURES_PER_SECOND = 256
/** Peers whose signatures are counted; the one idle longest is forgotten. *ours* */
export const SIGNATURES_PEERS_MAX = 4_096
/** Wrong signatures on one stream; it is closed above them. *ours* */
export const WRONG_SIGNATURES_MAX = 8
/** Permits remembered as checked: 1 MB. *ours* */
export const CHECKED_PERMITS_MAX = 4_096

/** Ids in one EXCHANGE and in its answer: 35 KB. *ours* */
export const EXCHANGED_IDS_MAX = 1_024
/** Tombstones in the answer to one EXCHANGE: 29 KB. *ours* */
export const EXCHANGED_TOMBSTONES_MAX = 256
/** EXCHANGEs of one comparison: four for a full mailbox, sixteen for the other side's tombstones, and as many again. *ours* */
export const EXCHANGES_MAX = 40
