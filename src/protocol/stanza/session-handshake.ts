import type { Element } from '../../xml/element.ts'
import { type AccountClaim, encodeOpen, type OpenFrame } from './messages.ts'
import { MAX_OPEN_RECORDS_BYTES } from './protocol.ts'

/** An `<open/>` to be sent, and the accounts that had no room in it. */
export interface MadeOpen {
  readonly frame: Element
  readonly rest: readonly AccountClaim[]
}

/** The ids of a session at both ends, which say whether a new stream resumes it. */
export class SessionHandshake {
  readonly #newId: () => string
  #id: string
  /** Opens sent under `#id`. */
  #attempts = 0
  #remote: OpenFrame | undefined

  constructor(newId: () => string) {
    this.#newId = newId
    this.#id = newId()
  }

  /** Both opens were accepted once. */
  get established(): boolean {
    return this.#remote !== undefined
  }

  /**
   * Whether the other side's open continues the session. Both sides come to the same answer: it follows from the two
   * opens alone.
   */
  resumes(open: OpenFrame): boolean {
    return this.#remote?.id === open.id && open.resumption?.previd === this.#id
  }

  /** Whether the other side has sent a later open than this, which was accepted. */
  isOvertaken(open: OpenFrame): boolean {
    return this.#remote?.id === open.id && open.attempt <= this.#remote.attempt
  }

  /** Another session begins; whatever the other side may still say of the old one cannot be taken for it. */
  restart(): void {
    if (this.established) {
      this.#id = this.#newId()
      this.#attempts = 0
      this.#remote = undefined
    }
  }

  /** The other side's open was accepted. */
  accept(open: OpenFrame): void {
    this.#remote = open
  }

  /** This side's open, claiming to resume the session if there is one, with the `h` of what was handled in it. */
  makeOpen(localAccounts: readonly AccountClaim[], h: number): MadeOpen {
    this.#attempts += 1
    const previd = this.#remote?.id
    const accounts: AccountClaim[] = []
    const rest: AccountClaim[] = []
    let bytes = 0
    for (const account of localAccounts) {
      bytes += base64Length(account.record)
      const target = bytes <= MAX_OPEN_RECORDS_BYTES ? accounts : rest
      target.push(account)
    }
    const resumption = previd === undefined ? undefined : { previd, h }
    return { frame: encodeOpen({ id: this.#id, attempt: this.#attempts, resumption, accounts }), rest }
  }
}

function base64Length(bytes: Uint8Array): number {
  return Math.ceil(bytes.length / 3) * 4
}
