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
export const NETWORK_STORAGE_SHARE = 0.125
/** A byte that comes from another custodian weighs less: a newcomer gets all its letters from two or three. *ours* */
export const REPLICA_COST = 0.25
/** Buckets kept per kind; the one unused longest, hence the fullest, is forgotten. *ours* */
export const DEPOSIT_BUCKETS_MAX = 8_192

/** Leading zero bits of a stranger's proof of work: about 0.1 s of one core. *ours* */
export const PROOF_MIN_BITS = 16
/** The most ever asked for: about 6 s of one core, which a person still waits for. *ours* */
export const PROOF_MAX_BITS = 22

/** Why a custodian refuses a letter. *spec*; order of the numbers on the wire is messages.ts's. */
export type DepositRefusal = 'mailbox-full' | 'too-large' | 'rate-limited' | 'proof-of-work-required' | 'no-storage'

/** A custodian compares what it keeps with others so often, a little earlier or later each time. *spec* */
export const REPLICATION_INTERVAL_MS: number = 60 * 60_000
/** The same for mailboxes in which only tombstones are left: losing one costs the recipient a duplicate. *ours* */
export const QUIET_INTERVAL_MS: number = DAY_MS
/** Lookups of one node under way for replication; more mailboxes wait, and rounds come further apart. *ours* */
export const REPLICATION_LOOKUPS_MAX = 4
/** Custodians next in the ring of distance with which each one starts a sync each round, beside a random one. *ours* */
export const RING_PARTNERS = 2
/** A custodian silent for so long is replaced although lookups still find it. *spec* */
export const SILENT_MAX_MS: number = 4 * 60 * 60_000
/** When fewer custodians than this answer, silent ones are replaced at once: as many as a sender asks for. *ours* */
export const ANSWERING_MIN: number = STORED_MIN_RECEIPTS
/** After so long a silent custodian that lookups still find gets another chance. *ours* */
export const SILENT_FORGOTTEN_MS: number = DAY_MS
/** Silent peers remembered; the one longest known gives way and is tried again. *ours* */
export const SILENT_PEERS_MAX = 4_096
/** Whoever is not custodian any more deletes when so many of the right ones (or all) have everything. *ours* */
export const HANDED_OVER_MIN: number = STORED_MIN_RECEIPTS
/** And not sooner than this, since most who leave come back: nothing has to be moved twice. *ours* */
export const FORMER_KEPT_MS: number = 4 * 60 * 60_000

/** A letter that is not acknowledged is sealed and deposited again after this time. *spec* */
export const REDEPOSIT_INTERVAL_MS: number = 22 * 60 * 60_000
/** Custodians asked in one round: ten, and as many in their place. *ours* */
export const DEPOSIT_TARGETS_MAX: number = 2 * CUSTODIANS_PER_PLACE
/** Times one custodian is asked for one letter in one round. *ours* */
export const DEPOSIT_ATTEMPTS_MAX = 6
/** The wait before one custodian that limits the rate is asked again, at least and at most, whatever it says. *ours* */
export const RATE_LIMITED_MIN_MS = 2_000
export const RATE_LIMITED_MAX_MS: number = 10 * 60_000
/** The wait before a round of deposits that failed is repeated, at first and at most. *ours* */
export const DEPOSIT_RETRY_MIN_MS = 2_000
export const DEPOSIT_RETRY_MAX_MS: number = 60 * 60_000
/** From this lookup on a custodian that cannot be reached counts as gone, so that small networks can store. *ours* */
export const GONE_MIN_LOOKUPS = 2

/** Without an acknowledgement on the direct stream after this time the letter goes too. *ours*, two slow round trips */
export const DIRECT_ACKNOWLEDGEMENT_MS = 2_000

/** Days a recipient looks back, today included: as long as letters are kept. *spec* */
export const COLLECTED_DAYS_MAX = 15
/** Custodians collected from at first, in parallel; the others follow once these letters are acknowledged. *spec* r=3 */
export const COLLECT_FIRST = 3
/** Custodians that must have answered for a day to be finished: 5 meet every 6 receipts, one more may lie. *ours* */
export const COLLECTED_MIN = 6
/** Custodians followed of today's mailbox. *spec* */
export const FOLLOWED_MIN = 2
/** So long before and after midnight the neighbouring day is followed as well: clocks differ by minutes. *ours* */
export const FOLLOW_MARGIN_MS: number = 15 * 60_000
/** Yesterday, today and tomorrow are asked whole so often: clocks a day wrong, custodians that withhold. *ours* */
export const COLLECT_INTERVAL_MS: number = 60 * 60_000
/** The wait before a collection that failed is repeated, at first and at most. *ours* */
export const COLLECT_RETRY_MIN_MS = 1_000
export const COLLECT_RETRY_MAX_MS: number = 60 * 60_000
/** Letters of one day's mailbox known at a time; the rest waits for the next round. *ours* */
export const COLLECTED_LETTERS_MAX = 4_096
/** Letters acknowledged in one go while more are being opened. *ours* */
export const ACKNOWLEDGED_BATCH = 64

/** The number of the UTC day of a wall-clock time. */
export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS)
}

/** Exponential from `minMs` after `failures` failures, with the upper half drawn at random, at most `maxMs`. */
export function retryDelayMs(failures: number, jitter: number, minMs: number, maxMs: number): number {
  const ceilingMs = Math.min(maxMs, minMs * 2 ** Math.min(failures, 32))
  return Math.round(ceilingMs / 2 + (ceilingMs / 2) * jitter)
}
