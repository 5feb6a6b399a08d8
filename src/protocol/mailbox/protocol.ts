/**
 * The mailbox protocol: what an account leaves with its custodians, the nodes closest to a place in the DHT. Today that is
 * the account record (PUT_RECORD, GET_RECORD); letters (DEPOSIT, COLLECT, ACKNOWLEDGE, SYNC) come with a later issue and
 * take further members of `Request` and `Answer` in messages.ts. See docs/protocol/mailbox.md.
 */
export const MAILBOX_PROTOCOL = '/kabber/mailbox/1.0.0'

/** A frame without its length prefix: room for a letter of 64 KiB and what goes with it. protocols.md */
export const FRAME_MAX_BYTES: number = 96 * 1024
/** Requests of one stream that wait for their answer. Above it: the client says `busy`, the server closes. *ours* */
export const OUTSTANDING_MAX_REQUESTS = 64
/**
 * Bytes of one stream that the other side has not read yet; the stream is closed above it. Half of the outstanding
 * requests answered with the longest record at once. security.md L4
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
