import type { Path, PeerIdText } from '../../system/network.ts'
import type { Element } from '../../xml/element.ts'
import type { RemoteAccount } from './remote-accounts.ts'

/** `acknowledged`: the other node's store has it. `lost`: nobody knows; send it again another way, under the same id. */
export type StanzaOutcome = 'acknowledged' | 'lost'

/** What is told once about every stanza that `send` took. */
export type StanzaSettled = (outcome: StanzaOutcome) => void

/** What carries a session. */
export interface SessionCarrier {
  readonly peerId: PeerIdText
  readonly accounts: readonly RemoteAccount[]
  readonly isUp: boolean
  readonly path: Path | undefined
  send(stanza: Element, settled: StanzaSettled): boolean
  close(): Promise<void>
}

/** The conversation with one node, over however many streams it takes. */
export class StanzaSession {
  readonly peerId: PeerIdText
  readonly #carrier: SessionCarrier

  constructor(carrier: SessionCarrier) {
    this.peerId = carrier.peerId
    this.#carrier = carrier
  }

  /** The accounts served by the other node, with their newest records. */
  get accounts(): readonly RemoteAccount[] {
    return this.#carrier.accounts
  }

  /** Whether there is a stream. Without one stanzas wait for the resumption. */
  get isUp(): boolean {
    return this.#carrier.isUp
  }

  /** How stanzas get to the other node now; undefined without a stream. */
  get path(): Path | undefined {
    return this.#carrier.path
  }

  /**
   * Sends a stanza with `from`, an account of this node, and `to`. False if it was not taken: too many wait for their
   * acknowledgement, or the session is closed. `settled` is called once, never from within `send`.
   *
   * @throws XmlError for a stanza that cannot be written, or not in one frame
   */
  send(stanza: Element, settled: StanzaSettled): boolean {
    return this.#carrier.send(stanza, settled)
  }

  /** Ends the session in good order, waiting shortly for what is under way; what is left is `lost`. */
  close(): Promise<void> {
    return this.#carrier.close()
  }
}
