import { letterId } from '../../sealing/letter-key.ts'
import type { PeerIdText } from '../../system/network.ts'
import { assert } from '../../util/assert.ts'
import type { DepositRequest } from './letter-keeper.ts'
import { LETTER_MAX_BYTES } from './letter-limits.ts'
import type { Acknowledge, Deposit, LetterRefused, Receipt, Replicate } from './letter-messages.ts'
import type { Asker, LetterServing, Refusal } from './letter-serving.ts'
import { provenBits } from './proven-bits.ts'
import type { SignatureChecks } from './signature-checks.ts'
import { receiptBytes } from './signed-bytes.ts'
import { areSigned } from './tombstones.ts'

const REFUSED_CUSTODIAN: Refusal = { refused: 'no-storage' }
const DONE = { done: {} } as const

/** An answer that is not what was hoped for. */
export interface Refused {
  readonly letterRefused: LetterRefused
}

/** Takes letters and acknowledgements: checks them, hands them to the keeper, answers. */
export class LetterDesk {
  readonly #custodian: PeerIdText
  readonly #serving: LetterServing
  readonly #signatures: SignatureChecks

  /** `custodian`: this node. */
  constructor(custodian: PeerIdText, serving: LetterServing, signatures: SignatureChecks) {
    this.#custodian = custodian
    this.#serving = serving
    this.#signatures = signatures
  }

  /** DEPOSIT. */
  async deposit(deposit: Deposit, asker: Asker): Promise<{ receipt: Receipt } | Refused> {
    const request = this.#checked(deposit, asker)
    if ('refused' in request) {
      return this.refuse(asker, request)
    }
    const outcome = await this.#serving.keeper.deposit(request)
    if ('refused' in outcome) {
      return this.refuse(asker, outcome)
    }
    const { depositedMs, expiresMs } = outcome.kept
    assert(expiresMs > depositedMs, 'a letter is kept for some time')
    const { mailboxKey, letterId } = request
    const statement = { mailboxKey, letterId, expiresMs, custodian: this.#custodian }
    return { receipt: { depositedMs, expiresMs, signature: this.#serving.sign(receiptBytes(statement)) } }
  }

  /** REPLICATE. */
  async replicate(replicate: Replicate, asker: Asker): Promise<typeof DONE | Refused> {
    const { keeper } = this.#serving
    if (!(await keeper.isCustodianPeer(replicate.mailboxKey, asker.peerId))) {
      return this.refuse(asker, REFUSED_CUSTODIAN)
    }
    const request = this.#checked(replicate, asker)
    if ('refused' in request) {
      return this.refuse(asker, request)
    }
    const { depositedMs } = replicate
    const outcome = await keeper.deposit({ ...request, replica: { depositedMs } })
    return 'refused' in outcome ? this.refuse(asker, outcome) : DONE
  }

  /** ACKNOWLEDGE: all or nothing. Checked before the keeper is asked, so that a wrong signature shows nothing. */
  async acknowledge({ mailboxKey, tombstones }: Acknowledge, asker: Asker): Promise<typeof DONE | Refused> {
    const refusal = this.#signatures.refusal(asker, tombstones.length, () => areSigned(mailboxKey, tombstones))
    if (refusal !== undefined) {
      return this.refuse(asker, refusal)
    }
    await this.#serving.keeper.acknowledge(mailboxKey, tombstones, asker.peerId)
    return DONE
  }

  /** Counts a refusal and gives the answer. */
  refuse(asker: Asker, { refused: reason, difficultyBits = 0, retryAfterMs = 0 }: Refusal): Refused {
    this.#serving.onRefused?.(asker.peerId, reason)
    return { letterRefused: { reason, difficultyBits, retryAfterMs } }
  }

  /** What is cheap comes first. Whether the work is enough is the keeper's to say. */
  #checked({ mailboxKey, letter, permit, proofOfWork }: Deposit, asker: Asker): DepositRequest | Refusal {
    if (letter.length > LETTER_MAX_BYTES) {
      return { refused: 'too-large' }
    }
    const id = letterId(letter)
    const request = { mailboxKey, letter, letterId: id, fromPeerId: asker.peerId }
    if (permit === undefined) {
      assert(proofOfWork !== undefined, 'a deposit has a permit or a proof of work')
      return {
        ...request,
        credential: { proofOfWork },
        proofBits: provenBits({ mailbox: mailboxKey, letterId: id }, proofOfWork),
      }
    }
    return (
      this.#signatures.permitRefusal(asker, mailboxKey, permit) ?? { ...request, credential: { permit }, proofBits: 0 }
    )
  }
}
