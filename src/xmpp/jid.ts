import { MAX_JID_PART_BYTES, prepareDomainpart, prepareLocalpart, prepareResourcepart } from './jid-parts.ts'
import { StanzaError } from './stanza-error.ts'

/** Length of a JID in octets: three parts, an at sign and a slash (RFC 7622 §3.1). */
const MAX_JID_BYTES = 3 * MAX_JID_PART_BYTES + 2

/** An XMPP address (RFC 7622), prepared for comparison. Immutable. */
export class Jid {
  readonly local: string | undefined
  readonly domain: string
  readonly resource: string | undefined
  readonly #text: string

  private constructor(local: string | undefined, domain: string, resource: string | undefined) {
    this.local = local
    this.domain = domain
    this.resource = resource
    const bare = local === undefined ? domain : `${local}@${domain}`
    this.#text = resource === undefined ? bare : `${bare}/${resource}`
  }

  /** @throws StanzaError `jid-malformed` */
  static parse(text: string): Jid {
    const jid = Jid.tryParse(text)
    if (jid === undefined) {
      throw new StanzaError('jid-malformed', 'This is not an XMPP address.')
    }
    return jid
  }

  /** The address, or undefined if `text` is none. */
  static tryParse(text: string): Jid | undefined {
    if (text.length > MAX_JID_BYTES || !text.isWellFormed()) {
      return undefined
    }
    // RFC 7622 §3.2: first the resourcepart goes, which may hold any of the delimiters, then the localpart.
    const slash = text.indexOf('/')
    const bare = slash === -1 ? text : text.slice(0, slash)
    const at = bare.indexOf('@')
    const local = at === -1 ? undefined : prepareLocalpart(bare.slice(0, at))
    const domain = prepareDomainpart(bare.slice(at + 1))
    const resource = slash === -1 ? undefined : prepareResourcepart(text.slice(slash + 1))
    const illegalLocal = at !== -1 && local === undefined
    const illegalResource = slash !== -1 && resource === undefined
    if (domain === undefined || illegalLocal || illegalResource) {
      return undefined
    }
    return new Jid(local, domain, resource)
  }

  /** Whether there is no resourcepart. */
  get isBare(): boolean {
    return this.resource === undefined
  }

  /** The address without its resourcepart. */
  bare(): Jid {
    return this.isBare ? this : new Jid(this.local, this.domain, undefined)
  }

  /**
   * The same account with this resourcepart.
   *
   * @throws StanzaError `jid-malformed`
   */
  withResource(resource: string): Jid {
    const prepared = resource.isWellFormed() ? prepareResourcepart(resource) : undefined
    if (prepared === undefined) {
      throw new StanzaError('jid-malformed', 'This cannot be a resource.')
    }
    return new Jid(this.local, this.domain, prepared)
  }

  equals(other: Jid): boolean {
    return this.#text === other.#text
  }

  toString(): string {
    return this.#text
  }
}
