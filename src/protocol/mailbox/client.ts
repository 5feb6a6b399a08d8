import { verify } from '../../identity/ed25519.ts'
import type { MailboxKey } from '../../identity/mailbox-key.ts'
import { publicKeyFromPeerId } from '../../identity/peer-id.ts'
import { letterId } from '../../sealing/letter-key.ts'
import type { PeerAddresses, PeerIdText } from '../../system/network.ts'
import { checkedReplica } from './checked-replica.ts'
import { type ClientComponents, ClientRoutes } from './client-routes.ts'
import { type Differing, syncDifferences } from './client-sync.ts'
import type { Collected, CollectOptions } from './collection.ts'
import { MailboxError } from './errors.ts'
import type { Credential, DepositRequest, MailboxContents, Replica, Tombstone } from './letter-keeper.ts'
import { LETTER_MAX_BYTES, LETTER_RETENTION_MS, PROOF_MAX_BITS } from './letter-limits.ts'
import type { LetterRefused, Receipt } from './letter-messages.ts'
import type { Refusal } from './letter-serving.ts'
import type { Answer, RecordRefusal } from './messages.ts'
import { receiptBytes } from './signed-bytes.ts'

export interface MailboxClientInit {
  /** A peer broke the protocol, or what it gave was refused with `reason`. @default nobody is told */
  readonly onViolation?: (peerId: PeerIdText, reason: string) => void
}

/** A letter to be deposited. */
export interface LetterDeposit {
  /** 32 bytes. */
  readonly mailboxKey: Uint8Array
  readonly letter: Uint8Array
  readonly credential: Credential
}

/** A custodian keeps a letter; signed by it, checked. Times are by its clock. */
export interface DepositReceipt extends Receipt {
  readonly letterId: Uint8Array
}

/**
 * Asks custodians. One stream a peer, opened by the first request, kept while it is used.
 *
 * Every call throws `DialError`, `MailboxError` or the signal's reason.
 */
export class MailboxClient {
  readonly #routes: ClientRoutes

  constructor(components: ClientComponents, init: MailboxClientInit = {}) {
    this.#routes = new ClientRoutes(components, init.onViolation ?? (() => {}))
  }

  /** PUT_RECORD: `stored` once it is on the peer's disk. */
  async putRecord(peer: PeerAddresses, record: Uint8Array, signal: AbortSignal): Promise<'stored' | RecordRefusal> {
    const { refused } = await this.#routes.ask(peer, { putRecord: { record } }, signal)
    return refused?.reason ?? 'stored'
  }

  /** GET_RECORD: what the peer has of this account, unverified; `undefined` when it has nothing. */
  async getRecord(peer: PeerAddresses, publicKey: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { refused, found } = await this.#routes.ask(peer, { getRecord: { publicKey } }, signal)
    if (refused !== undefined) {
      throw new MailboxError('refused', `the peer refuses to answer: ${refused.reason}`)
    }
    return found?.record
  }

  /** DEPOSIT. A receipt that the custodian has not signed is a violation. */
  async deposit(
    peer: PeerAddresses,
    { mailboxKey, letter, credential }: LetterDeposit,
    signal: AbortSignal,
  ): Promise<DepositReceipt | Refusal> {
    if (letter.length > LETTER_MAX_BYTES) {
      return { refused: 'too-large' }
    }
    const { receipt, letterRefused } = await this.#routes.ask(
      peer,
      { deposit: { mailboxKey, letter, ...credential } },
      signal,
    )
    if (receipt === undefined) {
      return refusalOf(letterRefused)
    }
    const checked = { ...receipt, letterId: letterId(letter) }
    return isReceipt(peer.peerId, mailboxKey, checked)
      ? checked
      : this.#violation(peer, 'receipt', 'a receipt that the custodian has not signed')
  }

  /**
   * COLLECT: letters, `collected` when all have come that the custodian had, and with `follow` letters as they come. The
   * custodian sends on as far as letters are taken. Leaving the iteration ends the collection.
   */
  async *collect(
    peer: PeerAddresses,
    mailboxKey: MailboxKey,
    options: CollectOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Collected, void, undefined> {
    const wasOpen = this.#routes.isOpen(peer.peerId)
    let nothingCame = true
    try {
      for await (const item of this.#collectOnce(peer, mailboxKey, options, signal)) {
        nothingCame = false
        yield item
      }
      return
    } catch (error) {
      const mayBeDead = wasOpen && nothingCame && error instanceof MailboxError && error.failure === 'broken'
      if (!mayBeDead || signal.aborted) {
        throw error
      }
    }
    yield* this.#collectOnce(peer, mailboxKey, options, signal)
  }

  /**
   * ACKNOWLEDGE, at most 64, or passes acknowledgements on: `tombstonesOf` makes them. `done`: on the custodian's disk.
   */
  async acknowledge(
    peer: PeerAddresses,
    mailboxKey: Uint8Array,
    tombstones: readonly Tombstone[],
    signal: AbortSignal,
  ): Promise<'done' | Refusal> {
    const { done, letterRefused } = await this.#routes.ask(peer, { acknowledge: { mailboxKey, tombstones } }, signal)
    return done === undefined ? refusalOf(letterRefused) : 'done'
  }

  /** SYNC and EXCHANGE: how the contents of a mailbox differ, here and at another custodian. Tombstones are checked. */
  async syncWith(
    peer: PeerAddresses,
    mailboxKey: Uint8Array,
    contents: MailboxContents,
    signal: AbortSignal,
  ): Promise<Differing | Refusal> {
    const outcome = await syncDifferences((verb) => this.#routes.ask(peer, verb, signal), mailboxKey, contents)
    if ('letterRefused' in outcome) {
      return refusalOf(outcome.letterRefused)
    }
    return 'wrong' in outcome ? this.#violation(peer, outcome.wrong, 'differences that cannot be') : outcome
  }

  /** FETCH: a letter another custodian offers, ready for the keeper; `undefined`: it has it no more. */
  async fetch(
    peer: PeerAddresses,
    mailboxKey: Uint8Array,
    id: Uint8Array,
    signal: AbortSignal,
  ): Promise<DepositRequest | Refusal | undefined> {
    const answer = await this.#routes.ask(peer, { fetch: { mailboxKey, letterId: id } }, signal)
    if (answer.replica === undefined) {
      return answer.notFound === undefined ? refusalOf(answer.letterRefused) : undefined
    }
    const request = checkedReplica(answer.replica, { mailboxKey, letterId: id, fromPeerId: peer.peerId })
    return request ?? this.#violation(peer, 'replica', 'another letter than asked for, or nobody may deposit it')
  }

  /** REPLICATE: hands a letter to another custodian. `done`: on its disk. */
  async replicate(
    peer: PeerAddresses,
    mailboxKey: Uint8Array,
    { letter, depositedMs, credential }: Replica,
    signal: AbortSignal,
  ): Promise<'done' | Refusal> {
    const replicate = { mailboxKey, letter, depositedMs, ...credential }
    const { done, letterRefused } = await this.#routes.ask(peer, { replicate }, signal)
    return done === undefined ? refusalOf(letterRefused) : 'done'
  }

  /** What a peer gave turned out to be refused: its stream is broken and the peer counted against. */
  refuse(peerId: PeerIdText, reason: string): void {
    this.#routes.refuse(peerId, reason)
  }

  /** Breaks all streams and dials; later calls throw. Idempotent. */
  async stop(): Promise<void> {
    await this.#routes.stop()
  }

  async *#collectOnce(
    peer: PeerAddresses,
    mailboxKey: MailboxKey,
    options: CollectOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Collected, void, undefined> {
    const stream = await this.#routes.stream(peer, signal)
    yield* stream.collect(mailboxKey, options).items(signal)
  }

  #violation({ peerId }: PeerAddresses, reason: string, message: string): never {
    this.#routes.refuse(peerId, reason)
    throw new MailboxError('violation', message)
  }
}

/** A custodian must not keep a sender busy: no more work than PROOF_MAX_BITS, whatever it says. */
function refusalOf(refused: Answer['letterRefused']): Refusal {
  const { reason, difficultyBits, retryAfterMs }: LetterRefused = refused ?? NOT_ANSWERED
  return {
    refused: reason,
    ...(difficultyBits > 0 && { difficultyBits: Math.min(difficultyBits, PROOF_MAX_BITS) }),
    ...(retryAfterMs > 0 && { retryAfterMs }),
  }
}

const NOT_ANSWERED: LetterRefused = { reason: 'no-storage', difficultyBits: 0, retryAfterMs: 0 }

function isReceipt(custodian: PeerIdText, mailboxKey: Uint8Array, receipt: DepositReceipt): boolean {
  const { letterId, depositedMs, expiresMs, signature } = receipt
  const keptMs = expiresMs - depositedMs
  const publicKey = publicKeyFromPeerId(custodian)
  return (
    publicKey !== undefined &&
    keptMs > 0 &&
    keptMs <= LETTER_RETENTION_MS &&
    verify(publicKey, receiptBytes({ mailboxKey, letterId, expiresMs, custodian }), signature)
  )
}
