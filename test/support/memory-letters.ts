import type {
  CollectedLetter,
  DepositOutcome,
  DepositRequest,
  LetterKeeper,
  MailboxContents,
  Replica,
  Tombstone,
} from '../../src/protocol/mailbox/letter-keeper.ts'
import { LETTER_RETENTION_MS } from '../../src/protocol/mailbox/letter-limits.ts'
import { mailboxDigest } from '../../src/protocol/mailbox/sync-digest.ts'
import type { Clock } from '../../src/system/clock.ts'
import type { PeerIdText } from '../../src/system/network.ts'
import { toHex } from '../../src/util/bytes.ts'

interface KeptLetter extends CollectedLetter, Replica {
  readonly letterId: Uint8Array
  readonly expiresMs: number
}

interface Mailbox {
  readonly letters: Map<string, KeptLetter>
  readonly tombstones: Map<string, Tombstone>
}

/** Letters in memory, without quota; `refusal`, `custodians` and `requests` are for the test. */
export class MemoryLetters implements LetterKeeper {
  /** Answer to every deposit from now on. */
  refusal: DepositOutcome | undefined
  /** Who may take part; `undefined`: everybody. */
  custodians: Set<PeerIdText> | undefined
  /** Deposits that were handed over. */
  readonly requests: DepositRequest[] = []
  /** Watches at the moment. */
  readonly watched: Map<string, Set<() => void>> = new Map()
  readonly #clock: Pick<Clock, 'wallMs'>
  readonly #mailboxes = new Map<string, Mailbox>()
  #arrivals = 0

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock
  }

  /** Letters kept of one mailbox. */
  count(mailboxKey: Uint8Array): number {
    return this.#mailboxes.get(toHex(mailboxKey))?.letters.size ?? 0
  }

  async deposit(request: DepositRequest): Promise<DepositOutcome> {
    const { mailboxKey, letter, letterId, credential, replica } = request
    this.requests.push(request)
    if (this.refusal !== undefined) {
      return this.refusal
    }
    const mailbox = this.#mailbox(mailboxKey)
    const id = toHex(letterId)
    const nowMs = this.#clock.wallMs()
    const depositedMs = Math.min(nowMs, Math.max(replica?.depositedMs ?? nowMs, nowMs - LETTER_RETENTION_MS + 1))
    const kept = mailbox.letters.get(id) ?? { depositedMs, expiresMs: depositedMs + LETTER_RETENTION_MS }
    if (!mailbox.letters.has(id) && !mailbox.tombstones.has(id)) {
      const arrival = ++this.#arrivals
      mailbox.letters.set(id, { letterId, letter, credential, arrival, ...kept })
      for (const onArrival of [...(this.watched.get(toHex(mailboxKey)) ?? [])]) {
        onArrival()
      }
    }
    return { kept: { depositedMs: kept.depositedMs, expiresMs: kept.expiresMs } }
  }

  async letters(mailboxKey: Uint8Array, after: number, maxBytes: number): Promise<readonly CollectedLetter[]> {
    const page: CollectedLetter[] = []
    let bytes = 0
    for (const { arrival, depositedMs, letter } of this.#mailbox(mailboxKey).letters.values()) {
      bytes += arrival > after ? letter.length : 0
      if (bytes > maxBytes) {
        break
      }
      if (arrival > after) {
        page.push({ arrival, depositedMs, letter })
      }
    }
    return page
  }

  watch(mailboxKey: Uint8Array, onArrival: () => void): () => void {
    const name = toHex(mailboxKey)
    const listeners = this.watched.get(name) ?? new Set()
    this.watched.set(name, listeners.add(onArrival))
    return () => {
      listeners.delete(onArrival)
      if (listeners.size === 0) {
        this.watched.delete(name)
      }
    }
  }

  async acknowledge(mailboxKey: Uint8Array, tombstones: readonly Tombstone[], fromPeerId: PeerIdText): Promise<void> {
    const mailbox = this.#mailbox(mailboxKey)
    const isCustodian = await this.isCustodianPeer(mailboxKey, fromPeerId)
    for (const tombstone of tombstones) {
      const id = toHex(tombstone.letterId)
      const letter = mailbox.letters.get(id)
      const expiresMs = letter?.expiresMs ?? tombstone.expiresMs
      if ((letter !== undefined || isCustodian) && !mailbox.tombstones.has(id)) {
        mailbox.tombstones.set(id, { ...tombstone, expiresMs })
        mailbox.letters.delete(id)
      }
    }
  }

  async digest(mailboxKey: Uint8Array): Promise<Uint8Array> {
    return mailboxDigest(await this.contents(mailboxKey))
  }

  async contents(mailboxKey: Uint8Array): Promise<MailboxContents> {
    const { letters, tombstones } = this.#mailbox(mailboxKey)
    return { letters: [...letters.values()].map(({ letterId }) => letterId), tombstones: [...tombstones.values()] }
  }

  async replica(mailboxKey: Uint8Array, letterId: Uint8Array): Promise<Replica | undefined> {
    return this.#mailbox(mailboxKey).letters.get(toHex(letterId))
  }

  async isCustodianPeer(_mailboxKey: Uint8Array, peerId: PeerIdText): Promise<boolean> {
    return this.custodians?.has(peerId) ?? true
  }

  #mailbox(mailboxKey: Uint8Array): Mailbox {
    const name = toHex(mailboxKey)
    const mailbox = this.#mailboxes.get(name) ?? { letters: new Map(), tombstones: new Map() }
    this.#mailboxes.set(name, mailbox)
    return mailbox
  }
}
