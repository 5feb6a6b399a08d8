// What messages weigh on the wire, Noise and yamux included: estimates from the encodings, one direction each.

/** TCP, multistream-select, Noise with its payloads, identify. */
export const HANDSHAKE_BYTES = 1_800
/** FIND_NODE and what opens its stream. */
export const LOOKUP_REQUEST_BYTES = 160
/** Twenty peers with a few addresses each. */
export const LOOKUP_ANSWER_BYTES = 2_400
/** A request or answer of the mailbox protocol without a letter: keys, signatures, frame. */
export const MAILBOX_FRAME_BYTES = 320
/** What sealing adds to a message: X-Wing's encapsulated key (1,120 B), HPKE, headers, padding. */
export const SEALED_OVERHEAD_BYTES = 1_800
/** A stanza on a stream beside its body, and its acknowledgement. */
export const STANZA_OVERHEAD_BYTES = 400
/** A letter or tombstone in the comparison of two mailboxes. */
export const DIGEST_ENTRY_BYTES = 32
/** The account record with its mailbox keys. */
export const RECORD_BYTES = 3_000
/** An end-to-end acknowledgement. */
export const ACKNOWLEDGEMENT_BYTES = 200
