import type { Account, AccountEvent, RosterEntry } from '../../node/api.ts'
import type { Random } from '../../system/random.ts'
import { toHex } from '../../util/bytes.ts'
import { type Element, element } from '../../xml/element.ts'
import { NS_CLIENT } from '../../xmpp/namespaces.ts'
import { StanzaError } from '../../xmpp/stanza-error.ts'
import type { Feature, FeatureRequest } from '../features/feature.ts'
import { NS_ROSTER, readRosterSet, removedItemElement, rosterItemElement, rosterVersion } from './roster-items.ts'
import type { SessionRegistry } from './session-registry.ts'

/** Of the id of a push; nobody but the server may answer for it. */
const PUSH_ID_BYTES = 8

export interface RosterFeatureComponents {
  readonly account: Account
  readonly random: Pick<Random, 'bytes'>
  readonly registry: SessionRegistry
}

/** The roster as clients read and change it, and the pushes that keep them up to date (RFC 6121 §2). */
export class RosterFeature implements Feature {
  // Some clients ask the server's address; it means the account all the same (RFC 6121 §2.1.4 leaves `to` out).
  readonly payloads: Feature['payloads'] = { account: [NS_ROSTER] }
  readonly #components: RosterFeatureComponents
  /** Of the last push. */
  #pushed: string | undefined

  constructor(components: RosterFeatureComponents) {
    this.#components = components
  }

  async handle(request: FeatureRequest): Promise<Element | undefined> {
    const session = this.#components.registry.byResource(request.session?.jid.resource ?? '')
    if (session === undefined || session !== request.session || request.payload.name !== 'query') {
      throw new StanzaError('service-unavailable') // X13; RFC 6121 §2.1.5: only the owner
    }
    if (request.type === 'set') {
      await this.#set(request.payload)
      return undefined
    }
    session.isInterested = true // §2.1.6
    this.#components.registry.changed(session)
    return this.#get(request.payload.attribute('ver'))
  }

  /** Tells interested resources of a change (§2.1.6): how the item is now, as the version is that of the roster now. */
  changed(event: Extract<AccountEvent, { type: 'roster' | 'roster-removed' }>): void {
    if (event.type === 'roster-removed') {
      this.#push(removedItemElement(event.jid))
      return
    }
    const entry = this.#components.account.rosterItem(event.entry.jid) ?? event.entry
    if (entry.isListed && !this.#isUnseen(entry)) {
      this.#push(rosterItemElement(entry))
    }
  }

  /** §2.6.3: a client whose version is the current one gets an empty result. */
  #get(version: string | undefined): Element | undefined {
    const entries = this.#listed()
    if (version === undefined) {
      return element('query', NS_ROSTER, {}, entries.map(rosterItemElement))
    }
    const current = rosterVersion(entries)
    return version === current
      ? undefined
      : element('query', NS_ROSTER, { ver: current }, entries.map(rosterItemElement))
  }

  async #set(query: Element): Promise<void> {
    const { account } = this.#components
    const { jid, isRemoval, name, groups } = readRosterSet(query)
    if (!isRemoval) {
      await account.setRosterItem(jid, { name, groups })
      return
    }
    // §2.5.3
    if (account.rosterItem(jid)?.isListed !== true || !(await account.removeContact(jid))) {
      throw new StanzaError('item-not-found')
    }
  }

  /** A request that waits is nothing of the item that clients see (RFC 6121 §2.1.2, §A.2.1). */
  #isUnseen(entry: RosterEntry): boolean {
    return entry.pendingIn && rosterVersion(this.#listed()) === this.#pushed
  }

  #push(item: Element): void {
    const { registry, random } = this.#components
    if (registry.interested.size === 0) {
      return
    }
    this.#pushed = rosterVersion(this.#listed())
    const query = element('query', NS_ROSTER, { ver: this.#pushed }, [item])
    for (const session of registry.interested) {
      const id = `push-${toHex(random.bytes(PUSH_ID_BYTES))}`
      // §2.1.6: without `from`, so that no client can take it for somebody else's.
      session.deliver(element('iq', NS_CLIENT, { to: session.address, type: 'set', id }, [query]))
    }
  }

  #listed(): readonly RosterEntry[] {
    return this.#components.account.roster().filter((entry) => entry.isListed)
  }
}
