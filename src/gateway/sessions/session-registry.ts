import type { Jid } from '../../xmpp/jid.ts'
import type { AvailableResources, Route, RoutedAddress } from './routing-table.ts'
import type { Session } from './session.ts'

/** The sessions of an account, by resource and by what the routing of a stanza asks; nothing is searched. */
export class SessionRegistry {
  readonly #account: Jid
  readonly #byResource = new Map<string, Session>()
  readonly #available = new Set<Session>()
  readonly #nonNegative = new Set<Session>()
  readonly #withCarbons = new Set<Session>()
  readonly #interested = new Set<Session>()

  constructor(account: Jid) {
    this.#account = account
  }

  get size(): number {
    return this.#byResource.size
  }

  all(): readonly Session[] {
    return [...this.#byResource.values()]
  }

  byResource(resource: string): Session | undefined {
    return this.#byResource.get(resource)
  }

  /** Sessions that have sent presence (RFC 6121 §4.2), whatever their priority. */
  get available(): ReadonlySet<Session> {
    return this.#available
  }

  /** Those of them with a priority of 0 and above. */
  get nonNegative(): ReadonlySet<Session> {
    return this.#nonNegative
  }

  get withCarbons(): ReadonlySet<Session> {
    return this.#withCarbons
  }

  /** Sessions that get roster pushes (RFC 6121 §2.1.6). */
  get interested(): ReadonlySet<Session> {
    return this.#interested
  }

  get resources(): AvailableResources {
    if (this.#nonNegative.size > 0) {
      return 'non-negative'
    }
    return this.#available.size > 0 ? 'negative' : 'none'
  }

  add(session: Session): void {
    this.#byResource.set(session.resource, session)
    this.changed(session)
  }

  remove(session: Session): void {
    if (this.#byResource.get(session.resource) === session) {
      this.#byResource.delete(session.resource)
    }
    for (const set of [this.#available, this.#nonNegative, this.#withCarbons, this.#interested]) {
      set.delete(session)
    }
  }

  /** To be called after presence, priority, interest or carbons of a session changed. */
  changed(session: Session): void {
    const isAvailable = session.presence !== undefined
    put(this.#available, session, isAvailable)
    put(this.#nonNegative, session, isAvailable && session.priority >= 0)
    put(this.#withCarbons, session, session.hasCarbons)
    put(this.#interested, session, session.isInterested)
  }

  /** How a JID of this account is addressed, and whose it is if it is a session's. */
  find(to: Jid): { readonly address: RoutedAddress; readonly session: Session | undefined } {
    if (to.resource === undefined) {
      return { address: 'bare', session: undefined }
    }
    const session = this.#byResource.get(to.resource)
    return session?.address === to.toString()
      ? { address: 'full, bound', session }
      : { address: 'full, not bound', session: undefined }
  }

  /** Who gets a stanza that goes this way. */
  targets(route: Route, session: Session | undefined): Iterable<Session> {
    switch (route) {
      case 'session':
        return session === undefined ? [] : [session]
      case 'non-negative':
        return this.#nonNegative
      case 'available':
        return this.#available
      default:
        return []
    }
  }

  /** Whether a JID is of this account. */
  isOwn(jid: Jid): boolean {
    return jid.local === this.#account.local && jid.domain === this.#account.domain
  }
}

function put(set: Set<Session>, session: Session, isMember: boolean): void {
  if (isMember) {
    set.add(session)
  } else {
    set.delete(session)
  }
}
