/**
 * Stanza streams: what two nodes say to each other for the accounts they serve. One long-lived stream per pair of nodes
 * carries all their stanzas, each side acknowledging what its store has; a *session* is what survives when the stream
 * breaks (the resumption of XEP-0198). docs/protocol/stanza.md has the diagrams.
 */

/** The protocol id under which streams are dialled and accepted. */
export const STANZA_PROTOCOL = '/kabber/stanza/1.0.0'

/** Namespace of the stream's own frames; stanzas are in `jabber:client`. */
export const NS_KABBER_STREAM = 'urn:kabber:stream:0'

// What both sides must agree on.

/** The only `version` of `<open/>`. */
export const STREAM_VERSION = '1'

/** One frame, in bytes of UTF-8: the stanza size that public XMPP servers allow between each other. */
export const MAX_FRAME_BYTES = 262_144

/** Accounts of one node: each costs the other side a signature check at every open. */
export const MAX_ACCOUNTS = 16

/** Bytes of records, in base64, in one `<open/>`: leaves a quarter of the frame; the rest follow as `<account/>`. */
export const MAX_OPEN_RECORDS_BYTES = 196_608

/** A session id, in random bytes: not to be guessed (XEP-0198 §9). */
export const SESSION_ID_BYTES = 16

/** Longest session id accepted, in characters: twice what this version sends. */
export const MAX_SESSION_ID_LENGTH = 64

/** The `<open/>` of the other side must be there, in ms: three attempts of TCP to send it (1 + 2 + 4 s). */
export const OPEN_TIMEOUT_MS = 10_000

/** After this silence of the other side, in ms, it is asked for an acknowledgement. */
export const IDLE_REQUEST_MS = 10_000

/** After this silence, in ms, the stream is given up: absence is noticed within 15 s (protocols.md). */
export const IDLE_ABORT_MS = 15_000

/** Stanzas were sent and none was acknowledged for this long, in ms: the other side does not read, or its disk hangs. */
export const ACKNOWLEDGE_TIMEOUT_MS = 30_000

/** How long a session waits for a new stream, in ms: a change of network takes 5 to 20 s. To be settled by simulation. */
export const SESSION_RESUME_WINDOW_MS = 30_000

/** How long closing in good order may take, in ms: a node must stop within 5 s. */
export const CLOSE_TIMEOUT_MS = 2000

// What this node allows; the other side may differ.

/** Frames queued for a remote that does not read, in bytes (security.md L4). */
export const MAX_QUEUED_BYTES = 1_048_576

/** Stanzas of one session that wait for acknowledgement; at 8,000 a second and 100 ms round trip there are 800. */
export const MAX_UNACKNOWLEDGED_STANZAS = 1000

/** The same in bytes: 16 stanzas of the largest size. */
export const MAX_UNACKNOWLEDGED_BYTES = 4_194_304

/** Bytes under way at once, exceeded by one stanza at most: half of the queue, so that a resumption fits into it too. */
export const MAX_IN_FLIGHT_BYTES = 524_288

/** Received stanzas of one session that are not yet handled; reading pauses. One group commit holds as many. */
export const MAX_UNHANDLED_STANZAS = 512

/** The same in bytes, exceeded by one frame at most. */
export const MAX_UNHANDLED_BYTES = 1_048_576

/** Sessions, up or waiting: the connections a node of this size keeps (libp2p-limits.ts), with room. */
export const MAX_SESSIONS = 1024

/** Peers being dialled at once; the network has its own, lower bound on connections being made. */
export const MAX_DIALS = 256

/** Inbound streams whose `<open/>` has not come, of all peers together. */
export const MAX_PENDING_OPENS = 256

/** Streams of one peer at once: the current one, a half-dead one, and one of a simultaneous dial on either. */
export const MAX_STREAMS_PER_PEER = 4

/** Opens one peer may send in a burst, and a second in the long run: a reconnection takes one. */
export const OPEN_BURST = 10
export const OPENS_PER_SECOND = 0.5

/** Peers whose opens are counted; of more, the one not heard from longest is forgotten. */
export const MAX_OPEN_BUCKETS = 4096

/** Moving a session to a direct stream: dialling it, in ms; the connection is there already. */
export const MOVE_TIMEOUT_MS = 5_000
/** How long the node with the higher PeerId leaves it to the other to move, in ms. */
export const MOVE_PATIENCE_MS = 3_000
/** Between two attempts to move, in ms. */
export const MOVE_RETRY_MS = 10_000
/** Attempts to move after one piece of news; the next direct connection is news again. */
export const MAX_MOVE_ATTEMPTS = 3
