// What one node grants to the clients on its listeners: sockets of XMPP, of the commands and of the web.

/** Connections on one listener: a community node has 1,000 clients; at 60 KB each with TLS this is 240 MB. */
export const CLIENT_CONNECTIONS_MAX = 4_096
/** Connections of one listener, from other machines, without TLS or still in their handshake; they cost nothing to open. */
export const CLEAR_CONNECTIONS_MAX = 1_024
/** Connections on the socket of the owner's commands: terminals and scripts. */
export const OWNER_CONNECTIONS_MAX = 64
/** Connections on the web port: browsers, their WebSockets, uploads. */
export const WEB_CONNECTIONS_MAX = 1_024
/** A TLS handshake, and the first byte on a port that takes both TLS and clear. */
export const HANDSHAKE_TIMEOUT_MS = 10_000
/** How long `end` waits for a client to take what was written and to close. */
export const END_TIMEOUT_MS = 2_000
/** What is written in one turn goes out together, or as soon as it is this much. */
export const WRITE_BATCH_MAX_BYTES: number = 64 * 1024
/** Silence after which the machine asks whether the other side is still there. */
export const KEEP_ALIVE_DELAY_MS = 60_000
/** Of a Unix socket: `sun_path` less its final zero, in the smallest system (macOS). */
export const SOCKET_PATH_MAX_BYTES = 103

/** A WebSocket frame before login: the smallest stanza size a server may ask for (RFC 6120 §13.12). */
export const EARLY_FRAME_MAX_BYTES = 10_000
/** A WebSocket frame after login: one stanza (262,144 bytes) and some room, so that the stream answers, not the socket. */
export const FRAME_MAX_BYTES: number = 262_144 + 4_096
/** Pieces of one frame; browsers send one. */
export const FRAME_FRAGMENTS_MAX = 64
/** Pieces of a frame as the socket read them: one byte a packet is hostile, one kilobyte a packet is a bad line. */
export const FRAME_CHUNKS_MAX = 4_096
/** Answers to WebSocket pings that the client has not taken. */
export const PENDING_PONGS_MAX = 16
/** What Node reads from a socket at once. */
export const READ_MAX_BYTES: number = 64 * 1024

/** Request line and headers together. */
export const HTTP_HEADERS_MAX_BYTES: number = 16 * 1024
/** Headers of a request. */
export const HTTP_HEADERS_MAX = 64
/** From the first byte of a request to the end of its headers. */
export const HTTP_HEADERS_TIMEOUT_MS = 10_000
/** A whole request: 100 MiB at 350 KB/s. */
export const HTTP_REQUEST_TIMEOUT_MS = 300_000
/** A web connection on which nothing moves while a request is under way. */
export const HTTP_IDLE_TIMEOUT_MS = 60_000
/** Between two requests. */
export const HTTP_KEEP_ALIVE_MS = 10_000
/** How often Node looks for requests that take too long. */
export const HTTP_CHECK_INTERVAL_MS = 5_000
/** Path of a request, decoded. */
export const HTTP_PATH_MAX_LENGTH = 2_048
