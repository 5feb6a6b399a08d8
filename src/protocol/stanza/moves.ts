import type { Clock, Timer } from '../../system/clock.ts'
import type { PeerIdText } from '../../system/network.ts'
import { MAX_MOVE_ATTEMPTS, MOVE_PATIENCE_MS, MOVE_RETRY_MS, MOVE_TIMEOUT_MS } from './protocol.ts'

/** What moves need of the protocol. */
export interface MovesInit {
  /** This node has the lower PeerId: it moves, and the other only if nothing happens. */
  readonly isLower: (peerId: PeerIdText) => boolean
  /** Whether the session with the peer is up on a relayed stream although a direct connection may exist. */
  readonly isWanted: (peerId: PeerIdText) => boolean
  /** Opens a stream by the best path there is and moves the session to it. Rejects if that fails. */
  readonly move: (peerId: PeerIdText, signal: AbortSignal) => Promise<void>
}

interface Move {
  timer: Timer
  attempts: number
}

/**
 * When sessions move from a relayed stream to a direct one. Of two nodes the one with the lower PeerId moves at once, the
 * other if that has not happened after some seconds; a move that failed is tried again a few times.
 */
export class Moves {
  readonly #clock: Pick<Clock, 'schedule' | 'timeoutSignal'>
  readonly #init: MovesInit
  readonly #moves = new Map<PeerIdText, Move>()
  readonly #stopping = new AbortController()

  constructor(clock: Pick<Clock, 'schedule' | 'timeoutSignal'>, init: MovesInit) {
    this.#clock = clock
    this.#init = init
  }

  /** There may be a direct connection to a peer whose session is on a relayed stream. Idempotent while a move is due. */
  consider(peerId: PeerIdText): void {
    if (!this.#moves.has(peerId) && this.#init.isWanted(peerId) && !this.#stopping.signal.aborted) {
      this.#plan(peerId, 0, this.#init.isLower(peerId) ? 0 : MOVE_PATIENCE_MS)
    }
  }

  /** Final. */
  stop(): void {
    this.#stopping.abort(new Error('stanza streams are stopped'))
    for (const { timer } of this.#moves.values()) {
      timer.cancel()
    }
    this.#moves.clear()
  }

  #plan(peerId: PeerIdText, attempts: number, delayMs: number): void {
    const timer = this.#clock.schedule(delayMs, () => void this.#attempt(peerId, attempts + 1))
    this.#moves.set(peerId, { timer, attempts })
  }

  async #attempt(peerId: PeerIdText, attempts: number): Promise<void> {
    const { isWanted, move } = this.#init
    if (isWanted(peerId)) {
      try {
        await move(peerId, AbortSignal.any([this.#stopping.signal, this.#clock.timeoutSignal(MOVE_TIMEOUT_MS)]))
      } catch {
        // The direct connection was gone before it was of use; the stream before goes on.
      }
    }
    if (this.#stopping.signal.aborted) {
      return
    }
    if (isWanted(peerId) && attempts < MAX_MOVE_ATTEMPTS) {
      this.#plan(peerId, attempts, MOVE_RETRY_MS)
    } else {
      this.#moves.delete(peerId)
    }
  }
}
