import type { Reader, Transaction } from '../system/store.ts'
import { element } from '../xml/element.ts'
import type { Jid } from '../xmpp/jid.ts'
import { StanzaError } from '../xmpp/stanza-error.ts'
import { blockedTable } from './tables/blocked.ts'

/** JIDs that an account may have blocked; more are refused. *ours* */
const BLOCKED_MAX = 2_000
/** XEP-0191 §3.3. */
const NS_BLOCKING_ERRORS = 'urn:xmpp:blocking:errors'

/** The JIDs with whom one account does not communicate (XEP-0191), in memory as they are asked for with every stanza. */
export class Blocklist {
  readonly #account: string
  readonly #jids: Set<string>

  constructor(reader: Reader, account: string) {
    this.#account = account
    this.#jids = new Set(reader.list(blockedTable, { prefix: [account] }).map((row) => row.jid))
  }

  get jids(): readonly string[] {
    return [...this.#jids]
  }

  /** Whether a list with an item of this JID would concern somebody. XEP-0191 §5, XEP-0016 §2.1 */
  has(jid: Jid): boolean {
    if (this.#jids.size === 0) {
      return false
    }
    const { domain, resource } = jid
    const names = [jid.toString(), jid.bare().toString(), domain, ...(resource ? [`${domain}/${resource}`] : [])]
    return names.some((name) => this.#jids.has(name))
  }

  /** XEP-0191 §3.3: the user may not send to whom he has blocked. @throws StanzaError not-acceptable */
  check(to: Jid): void {
    if (this.has(to)) {
      const detail = element('blocked', NS_BLOCKING_ERRORS)
      throw new StanzaError('not-acceptable', 'you have blocked this address', { type: 'cancel', detail })
    }
  }

  /**
   * Adds JIDs inside the transaction that keeps them; `added` makes them count.
   *
   * @throws StanzaError resource-constraint
   */
  add(transaction: Transaction, jids: readonly string[]): void {
    const others = jids.filter((jid) => !this.#jids.has(jid))
    if (this.#jids.size + others.length > BLOCKED_MAX) {
      throw new StanzaError('resource-constraint', 'the block list is full')
    }
    for (const jid of others) {
      transaction.put(blockedTable, { account: this.#account, jid })
    }
  }

  added(jids: readonly string[]): void {
    for (const jid of jids) {
      this.#jids.add(jid)
    }
  }

  remove(transaction: Transaction, jids: readonly string[]): void {
    for (const jid of jids) {
      transaction.delete(blockedTable, [this.#account, jid])
    }
  }

  removed(jids: readonly string[]): void {
    for (const jid of jids) {
      this.#jids.delete(jid)
    }
  }
}
