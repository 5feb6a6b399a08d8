// What the state machines of letters promise each other: placement, quota, replication, deposit, delivery, collection.
// Figures marked *spec* are protocols.md's; *ours* are chosen here, with the reason.

/** A UTC day. Days are numbered from 1970-01-01, day 0. */
export const DAY_MS: number = 24 * 60 * 60_000

/** Custodians of a place. *spec*: with hourly repair P(a letter survives 14 days) = 0.999999. */
export const CUSTODIANS_PER_PLACE = 10
/** Receipts after which a letter counts as stored, where so many custodians exist. *spec* */
export const STORED_MIN_RECEIPTS = 6
/** A letter is kept so long after it was deposited, by the custodian's clock. *spec* */
export const LETTER_RETENTION_MS: number = 14 * DAY_MS
/** A sealed letter. *spec* */
export const LETTER_MAX_BYTES: number = 64 * 1024

/** Letters of one mailbox, in bytes and in number. *spec* */
export const MAILBOX_MAX_BYTES: number = 4 * 1024 * 1024
export const MAILBOX_MAX_LETTERS = 500
/**
 * Letters and tombstones of one mailbox together: without it an owner who acknowledges what he deposits himself would
 * make a custodian keep tombstones without end. Eight times the letters a mailbox holds, in one day. *ours*
 */
export const MAILBOX_MAX_ENTRIES: number = 8 * MAILBOX_MAX_LETTERS
/** What strangers may use of a mailbox and of a node. *spec* for the mailbox; the node alike. */
export const STRANGER_SHARE = 0.25
/**
 * What the bearer of one permit may use of a mailbox: with all strangers' quarter there is a quarter left for everybody
 * else, and 250 letters are a lively conversation with somebody who is away for the day. *ours*
 */
export const PERMIT_SHARE = 0.5
/** What a letter costs on disk beside its bytes: row, index, permit. *ours* */
export const LETTER_OVERHEAD_BYTES = 512
/**
 * A stranger's letter this young does not give way to another stranger's, so that a receipt is worth something until
 * the sender deposits again after 22 hours; contacts' letters displace it at any age. *ours*
 */
export const STRANGER_KEPT_MIN_MS: number = DAY_MS
/** Storage a node gives to others unless told otherwise (`--storage`). *ours* */
export const NODE_STORAGE_DEFAULT_BYTES: number = 512 * 1024 * 1024

/** Deposits of one peer at once: an outbox of a week; and per second afterwards. Session has 600 and 300/s. *ours* */
export const PEER_DEPOSITS_BURST = 600
export const PEER_DEPOSITS_PER_SECOND = 30
/** Deposits from one /24 or /48, behind which several people may be. *ours* */
export const NETWORK_DEPOSITS_BURST = 2_400
export const NETWORK_DEPOSITS_PER_SECOND = 120
/**
 * The part of a node's storage that one /24 or /48 (or peer, in private networks) fills at once; the allowance comes
 * back over the retention time. Anybody can make mailboxes and permits of his own, so neither protects the disk. *ours*
 */
export const NETWORK_STORAGE_SHARE = 1 / 8
/** A byte that comes from another custodian weighs less: a newcomer gets all its letters from two or three. *ours* */
export const REPLICA_COST = 1 / 4
/** Buckets kept per kind; the one unused longest, hence the fullest, is forgotten. *ours* */
export const DEPOSIT_BUCKETS_MAX = 8_192

/** Leading zero bits of a stranger's proof of work: about 0.1 s of one core. *ours* */
export const PROOF_MIN_BITS = 16
/** The most ever asked for: about 6 s of one core, which a person still waits for. *ours* */
export const PROOF_MAX_BITS = 22

/** Why a custodian refuses a letter. *spec*; order of the numbers on the wire is messages.ts's. */
export type DepositRefusal = 'mailbox-full' | 'too-large' | 'rate-limited' | 'proof-of-work-required' | 'no-storage'
