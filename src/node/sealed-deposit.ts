import type { Credential } from '../protocol/mailbox/letter-keeper.ts'
import { PROOF_MAX_BITS, PROOF_MIN_BITS } from '../protocol/mailbox/letter-limits.ts'
import type { Refusal } from '../protocol/mailbox/letter-serving.ts'
import { letterId } from '../sealing/letter-key.ts'
import type { PeerAddresses } from '../system/network.ts'
import type { DepositItem, DepositService } from './deposit-item.ts'
import type { LetterKeys } from './letter-keys.ts'

type SealedOrder = Exclude<Awaited<ReturnType<LetterKeys['seal']>>, string>

interface Proof {
  readonly bits: number
  readonly nonce: Uint8Array
}

/** One sealed letter of a message, with the proof of work that is found for it once. */
export class SealedDeposit {
  readonly #service: DepositService
  readonly #sealed: SealedOrder
  /** Of the proofs asked for, the last; each waits for the one before. */
  #proof: Promise<Proof | undefined> = Promise.resolve(undefined)

  private constructor(service: DepositService, sealed: SealedOrder) {
    this.#service = service
    this.#sealed = sealed
  }

  /**
   * Seals a message for the mailbox of `day`. `again`: not for the first time; `refresh`: with the recipient's record
   * looked up anew.
   */
  static async seal(
    service: DepositService,
    item: DepositItem,
    order: { readonly day: number; readonly again: boolean; readonly refresh: boolean },
    signal: AbortSignal,
  ): Promise<SealedDeposit | 'no-keys' | 'too-large'> {
    const { account, recipient } = item
    const record = await service.directory.lookup(recipient, signal, { refresh: order.refresh })
    const leave = record && (await service.sealing.enter(signal))
    if (record === undefined || leave === undefined) {
      return 'no-keys'
    }
    try {
      const senderRecord = service.directory.ownRecord(account.address)
      const sealed = await service.keys.seal({
        account,
        record,
        stanza: item.stanza,
        messageId: item.id,
        sentMs: item.acceptedMs,
        day: order.day,
        fresh: !order.again,
        ...(senderRecord !== undefined && { senderRecord }),
      })
      return typeof sealed === 'string' ? sealed : new SealedDeposit(service, sealed)
    } finally {
      leave()
    }
  }

  get mailboxKey(): Uint8Array {
    return this.#sealed.mailboxKey
  }

  get bytes(): number {
    return this.#sealed.letter.length
  }

  /** Deposits it at one custodian; with a proof of at least `bits` when there is no permit, or `bits` are asked for. */
  async deposit(peer: PeerAddresses, bits: number, signal: AbortSignal): Promise<'receipt' | Refusal> {
    const credential = await this.#credential(bits, signal)
    if (credential === undefined) {
      return { refused: 'rate-limited' }
    }
    const { mailboxKey, letter } = this.#sealed
    return await this.#service.calls.deposit(peer, { mailboxKey, letter, credential }, signal)
  }

  async #credential(bits: number, signal: AbortSignal): Promise<Credential | undefined> {
    const { permit } = this.#sealed
    if (permit !== undefined && bits === 0) {
      return { permit }
    }
    const wantedBits = Math.min(PROOF_MAX_BITS, Math.max(PROOF_MIN_BITS, bits))
    // One after the other, so that custodians that ask for as much share one proof.
    this.#proof = this.#proof.then((known) => this.#prove(known, wantedBits, signal))
    const proof = await this.#proof
    return proof && { proofOfWork: proof.nonce }
  }

  async #prove(known: Proof | undefined, bits: number, signal: AbortSignal): Promise<Proof | undefined> {
    if (known !== undefined && known.bits >= bits) {
      return known
    }
    const { mailboxKey, letter } = this.#sealed
    const target = { mailbox: mailboxKey, letterId: letterId(letter) }
    const nonce = await this.#service.work.find(target, bits, signal)
    return nonce && { bits, nonce }
  }
}
