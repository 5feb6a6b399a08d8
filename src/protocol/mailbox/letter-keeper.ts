import type { Permit } from '../../identity/permit.ts'
import type { PeerIdText } from '../../system/network.ts'
import type { DepositRefusal } from './letter-limits.ts'

/** What entitles to a deposit: a contact's permit, or a stranger's proof of work (its nonce, 8 bytes). */
export type Credential =
  | { readonly permit: Permit; readonly proofOfWork?: undefined }
  | { readonly proofOfWork: Uint8Array; readonly permit?: undefined }

/** A letter as it goes from custodian to custodian. */
export interface Replica {
  /** The sealed bytes, at most LETTER_MAX_BYTES; not empty. */
  readonly letter: Uint8Array
  /** Wall clock of the custodian that took it first, in ms. Not to be believed: see `DepositRequest.replica`. */
  readonly depositedMs: number
  /** As it was deposited. */
  readonly credential: Credential
}

/** A letter to be kept, of permitted size, its credential checked by the mailbox server. */
export interface DepositRequest {
  /** The mailbox: 32 bytes, that day's public key. */
  readonly mailboxKey: Uint8Array
  readonly letter: Uint8Array
  /** SHA-256 of `letter`, computed here. */
  readonly letterId: Uint8Array
  /** To be kept with the letter, for other custodians. A permit is signed by the mailbox's key. */
  readonly credential: Credential
  /** Leading zero bits of the proof of work that were found proven, at most PROOF_MAX_BITS; 0 with a permit. */
  readonly proofBits: number
  readonly fromPeerId: PeerIdText
  /**
   * It comes from another custodian (`isCustodianPeer` said so), which claims this time of deposit; the keeper limits
   * it to between LETTER_RETENTION_MS ago (then it has expired: refuse `no-storage`) and now.
   */
  readonly replica?: { readonly depositedMs: number } | undefined
}

/** What became of a deposit. */
export type DepositOutcome =
  /**
   * On disk, fsynced. Also for a letter that was there before, and for one that has been acknowledged (which is not kept
   * again): then with the times of the first deposit.
   */
  | { readonly kept: { readonly depositedMs: number; readonly expiresMs: number } }
  | {
      readonly refused: DepositRefusal
      /** With `proof-of-work-required`. */
      readonly difficultyBits?: number | undefined
      /** With `rate-limited`. */
      readonly retryAfterMs?: number | undefined
    }

/** A letter as it goes to whoever collects. */
export interface CollectedLetter {
  /**
   * Its place in the order of arrival at this custodian, above 0. Every letter that comes later, replicas too, has a
   * greater one, also after a restart and after the loss of the disk: at least wall clock in µs and one more than the last.
   */
  readonly arrival: number
  readonly depositedMs: number
  readonly letter: Uint8Array
}

/** Proof that the recipient has a letter: anybody who has it may pass it on. */
export interface Tombstone {
  /** 32 bytes. */
  readonly letterId: Uint8Array
  /** `signForMailbox(mailboxKey, 'acknowledge', letterId)`, 64 bytes; checked by the mailbox server. */
  readonly signature: Uint8Array
  /** When the letter would have expired, as another custodian claims it; 0: not told (by the recipient). In ms. */
  readonly expiresMs: number
}

/** What a custodian has of one mailbox: at most MAILBOX_MAX_ENTRIES in both lists, in any order. */
export interface MailboxContents {
  /** Ids, 32 bytes each, of the letters that have not expired. */
  readonly letters: readonly Uint8Array[]
  readonly tombstones: readonly Tombstone[]
}

/**
 * What a mailbox server asks of whoever keeps the letters. Nothing rejects but for a programmer error (the stream is
 * broken then). Byte arrays handed over may be kept: nobody changes them.
 *
 * Nothing may depend on whether a mailbox exists that the asking peer could measure: an unknown mailbox is an empty one.
 */
export interface LetterKeeper {
  /** Judges quota and rate and keeps the letter. Called for many letters at once: commit them together. */
  deposit(request: DepositRequest): Promise<DepositOutcome>
  /**
   * The letters of a mailbox that arrived after `after` (0: all) and have not expired, in the order of arrival, as many as
   * have together at most `maxBytes` (never below LETTER_MAX_BYTES, so that an empty list means: no more).
   */
  letters(mailboxKey: Uint8Array, after: number, maxBytes: number): Promise<readonly CollectedLetter[]>
  /**
   * Calls `onArrival` after each letter that `letters` now gives for this mailbox, deposited or replica, until the
   * returned function is called. Also for mailboxes that are not known yet. The server bounds how many there are.
   */
  watch(mailboxKey: Uint8Array, onArrival: () => void): () => void
  /**
   * Deletes the letters and keeps the tombstones until the letters' expiry, on disk when it resolves. Those of letters
   * that are not here are kept only if `fromPeerId` is a custodian (`isCustodianPeer`), for at most LETTER_RETENTION_MS.
   */
  acknowledge(mailboxKey: Uint8Array, tombstones: readonly Tombstone[], fromPeerId: PeerIdText): Promise<void>
  /** `mailboxDigest(await contents(mailboxKey))` of sync-digest.ts; may be remembered until the mailbox changes. */
  digest(mailboxKey: Uint8Array): Promise<Uint8Array>
  contents(mailboxKey: Uint8Array): Promise<MailboxContents>
  /** One letter with what another custodian needs to check it; `undefined` when it is not here. */
  replica(mailboxKey: Uint8Array, letterId: Uint8Array): Promise<Replica | undefined>
  /**
   * Whether `peerId` may take part in keeping this mailbox: it is among the 20 closest to its place (who hands over is a
   * custodian no more). Must not depend on what is kept here. Asked at the start of every SYNC (the peer has shown itself:
   * `heard`) and for each REPLICATE, so the answer should be remembered for some minutes.
   */
  isCustodianPeer(mailboxKey: Uint8Array, peerId: PeerIdText): Promise<boolean>
}
