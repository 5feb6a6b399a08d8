import type { PeerIdText } from '../../system/network.ts'
import type { Random } from '../../system/random.ts'
import type { LetterKeeper } from './letter-keeper.ts'
import type { LetterRefusal } from './letter-messages.ts'

/** What a mailbox server needs to keep letters. */
export interface LetterServing {
  readonly keeper: LetterKeeper
  /** Signs receipts with the node key: `NodeKey.sign`. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
  /** For challenges. */
  readonly random: Pick<Random, 'bytes'>
  /** Something was refused. @default nobody is told */
  readonly onRefused?: ((peerId: PeerIdText, reason: LetterRefusal) => void) | undefined
}

/** Whoever asks over one stream. */
export interface Asker {
  readonly peerId: PeerIdText
  /** Signatures of this stream that were not the mailbox's. */
  wrongSignatures: number
}

/** A refusal as it goes into an answer; 0 is not sent. */
export interface Refusal {
  readonly refused: LetterRefusal
  readonly difficultyBits?: number | undefined
  readonly retryAfterMs?: number | undefined
}
