import type { MailboxKey } from '../identity/mailbox-key.ts'
import type { LetterDeposit, MailboxClient } from '../protocol/mailbox/client.ts'
import type { Collected, CollectOptions } from '../protocol/mailbox/collection.ts'
import type { LetterKeeper, Tombstone } from '../protocol/mailbox/letter-keeper.ts'
import { LETTER_MAX_BYTES } from '../protocol/mailbox/letter-limits.ts'
import type { Refusal } from '../protocol/mailbox/letter-serving.ts'
import { provenBits } from '../protocol/mailbox/proven-bits.ts'
import { letterId } from '../sealing/letter-key.ts'
import type { PeerAddresses, PeerIdText } from '../system/network.ts'

/** Bytes of letters read from the own keeper at a time. *ours* */
const OWN_READ_BYTES: number = 4 * LETTER_MAX_BYTES

/** Asks custodians, this node itself among them without the network. Throws what `MailboxClient` throws. */
export class CustodianCalls {
  readonly #self: PeerIdText
  readonly #client: Pick<MailboxClient, 'deposit' | 'collect' | 'acknowledge'>
  readonly #keeper: LetterKeeper | undefined

  /** `keeper`: this node's own, if it keeps letters. */
  constructor(
    self: PeerIdText,
    client: Pick<MailboxClient, 'deposit' | 'collect' | 'acknowledge'>,
    keeper: LetterKeeper | undefined,
  ) {
    this.#self = self
    this.#client = client
    this.#keeper = keeper
  }

  isSelf(peerId: PeerIdText): boolean {
    return peerId === this.#self
  }

  async deposit(peer: PeerAddresses, deposit: LetterDeposit, signal: AbortSignal): Promise<'receipt' | Refusal> {
    if (this.#keeper !== undefined && this.isSelf(peer.peerId)) {
      return await this.#depositHere(this.#keeper, deposit)
    }
    const answer = await this.#client.deposit(peer, deposit, signal)
    return 'refused' in answer ? answer : 'receipt'
  }

  collect(
    peer: PeerAddresses,
    mailboxKey: MailboxKey,
    options: CollectOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Collected, void, undefined> {
    return this.#keeper !== undefined && this.isSelf(peer.peerId)
      ? collectHere(this.#keeper, mailboxKey.publicKey, options.follow, signal)
      : this.#client.collect(peer, mailboxKey, options, signal)
  }

  async acknowledge(
    peer: PeerAddresses,
    mailboxKey: Uint8Array,
    tombstones: readonly Tombstone[],
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#keeper !== undefined && this.isSelf(peer.peerId)) {
      await this.#keeper.acknowledge(mailboxKey, tombstones, this.#self)
    } else {
      await this.#client.acknowledge(peer, mailboxKey, tombstones, signal)
    }
  }

  async #depositHere(keeper: LetterKeeper, deposit: LetterDeposit): Promise<'receipt' | Refusal> {
    const { mailboxKey, letter, credential } = deposit
    const id = letterId(letter)
    const { proofOfWork } = credential
    const proofBits = proofOfWork === undefined ? 0 : provenBits({ mailbox: mailboxKey, letterId: id }, proofOfWork)
    const request = { mailboxKey, letter, letterId: id, credential, proofBits, fromPeerId: this.#self }
    const outcome = await keeper.deposit(request)
    return 'kept' in outcome ? 'receipt' : outcome
  }
}

/** What a custodian would send, from the keeper on this node. Rejects with the signal's reason. */
async function* collectHere(
  keeper: LetterKeeper,
  mailboxKey: Uint8Array,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<Collected, void, undefined> {
  let arrived = Promise.withResolvers<void>()
  const onAbort = (): void => arrived.resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  const unwatch = follow ? keeper.watch(mailboxKey, () => arrived.resolve()) : () => {}
  try {
    let after = 0
    let caughtUp = false
    for (;;) {
      signal.throwIfAborted()
      arrived = Promise.withResolvers<void>()
      const letters = await keeper.letters(mailboxKey, after, OWN_READ_BYTES)
      for (const { letter, depositedMs, arrival } of letters) {
        signal.throwIfAborted()
        after = arrival
        yield { type: 'letter', letterId: letterId(letter), letter, depositedMs, arrival }
      }
      if (letters.length === 0 && !caughtUp) {
        caughtUp = true
        yield { type: 'collected' }
      }
      if (letters.length === 0 && !follow) {
        return
      }
      if (letters.length === 0) {
        // An abort between the check above and here has resolved this one, or the next check finds it.
        signal.throwIfAborted()
        await arrived.promise
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    unwatch()
  }
}
