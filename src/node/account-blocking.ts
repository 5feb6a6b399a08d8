import type { Store } from '../system/store.ts'
import { Jid } from '../xmpp/jid.ts'
import type { Blocklist } from './blocklist.ts'
import type { Presence } from './presence.ts'
import type { Roster } from './roster.ts'

export interface AccountBlockingInit {
  readonly store: Store
  readonly blocklist: Blocklist
  readonly roster: Roster
  readonly presence: Presence
}

/** What the owner blocks and unblocks, and what contacts then see (XEP-0191 §3). */
export class AccountBlocking {
  readonly #init: AccountBlockingInit

  constructor(init: AccountBlockingInit) {
    this.#init = init
  }

  /** Resolves with the JIDs as they are kept, when they are on disk. */
  async block(jids: readonly string[]): Promise<readonly string[]> {
    const { store, blocklist, presence } = this.#init
    const items = jids.map(normal)
    const before = this.#unblocked()
    await store.transaction((transaction) => blocklist.add(transaction, items))
    blocklist.added(items)
    const after = new Set(this.#unblocked())
    for (const jid of before.filter((contact) => !after.has(contact))) {
      presence.sendUnavailable(jid) // XEP-0191 §3.3: they see us leave
      presence.gone(jid)
    }
    return items
  }

  /** The same; without JIDs, all. */
  async unblock(jids: readonly string[]): Promise<readonly string[]> {
    const { store, blocklist, presence } = this.#init
    const items = jids.map(normal)
    const removed = items.length === 0 ? blocklist.jids : items
    const before = new Set(this.#unblocked())
    await store.transaction((transaction) => blocklist.remove(transaction, removed))
    blocklist.removed(removed)
    for (const jid of this.#unblocked().filter((contact) => !before.has(contact))) {
      presence.sendTo(jid) // XEP-0191 §3.4
      presence.probe(jid)
    }
    return items
  }

  #unblocked(): readonly string[] {
    const { blocklist, roster } = this.#init
    return roster.contacts().filter((jid) => !blocklist.has(Jid.parse(jid)))
  }
}

function normal(jid: string): string {
  return Jid.parse(jid).toString()
}
