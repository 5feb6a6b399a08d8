import type { AccountEvent, PublicProfile } from '../../../node/api.ts'
import type { Element } from '../../../xml/element.ts'
import { serialize } from '../../../xml/serializer.ts'
import { NS_PUBSUB, NS_PUBSUB_OWNER } from '../../../xmpp/extensions/pubsub.ts'
import { NS_AVATAR_DATA, NS_AVATAR_METADATA, NS_BOOKMARKS, NS_VCARD } from '../../../xmpp/namespaces.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { ClientSession } from '../../client-session.ts'
import type { DiscoItem, Feature, FeatureContext, FeatureRequest, FeatureTarget } from '../feature.ts'
import { currentAvatar, withAvatarHash, withNewAvatarHash } from './avatars.ts'
import { convertBookmarks } from './bookmarks.ts'
import { Capabilities } from './capabilities.ts'
import { Pep, type PepChange } from './pep.ts'
import { PEP_DISCO_FEATURES, pepDiscoItems, pepDiscoNode } from './pep-disco.ts'
import { PepNotifier } from './pep-notifier.ts'
import { answerPubsubOwner } from './pep-owner.ts'
import { isInProfile, profileOf } from './pep-profile.ts'
import { answerPubsub } from './pep-requests.ts'
import { PrivateRows } from './private-rows.ts'
import { answerPrivateStorage, NS_PRIVATE } from './private-storage.ts'
import { answerVcard, vcardNickname } from './vcard.ts'

/** Conversion between avatars and vCards (XEP-0398 §2). */
const FEATURE_AVATAR_CONVERSION = 'urn:xmpp:pep-vcard-conversion:0'
/** Conversion between the forms of bookmarks (XEP-0411 §2, XEP-0402 §6). */
const FEATURE_BOOKMARKS_CONVERSION = 'urn:xmpp:bookmarks-conversion:0'

/** How long the own profile is looked for at a start. *ours* */
const PROFILE_TIMEOUT_MS = 20_000

/**
 * What an account keeps for itself and shows to others: personal eventing (XEP-0163), vCard (XEP-0054), avatars
 * (XEP-0084, XEP-0153), private storage (XEP-0049), bookmarks (XEP-0048, XEP-0402). One feature, since what is written
 * in one place is read in another.
 */
export class PersonalFeature implements Feature {
  readonly payloads: Feature['payloads'] = { account: [NS_PUBSUB, NS_PUBSUB_OWNER, NS_VCARD, NS_PRIVATE] }
  readonly disco: NonNullable<Feature['disco']> = {
    account: [
      ...PEP_DISCO_FEATURES,
      NS_VCARD,
      NS_PRIVATE,
      FEATURE_AVATAR_CONVERSION,
      FEATURE_BOOKMARKS_CONVERSION,
      `${NS_BOOKMARKS}#compat`,
      `${NS_BOOKMARKS}#compat-pep`,
    ],
    // XEP-0054 §4 has clients look there. COMPAT(poezio, 0.14): it looks there for private storage too.
    server: [NS_VCARD, NS_PRIVATE],
  }
  readonly identities: NonNullable<Feature['identities']> = {
    account: [{ category: 'pubsub', type: 'pep' }],
    // COMPAT(Pidgin 2.14): looks for PEP at the server, as in XEP-0163 before 1.1.
    server: [{ category: 'pubsub', type: 'pep' }],
  }
  readonly #context: FeatureContext
  readonly #pep: Pep
  readonly #rows: PrivateRows
  readonly #notifier: PepNotifier
  readonly #unsubscribe: (() => void)[]
  /** What is under way besides requests; each removes itself. */
  readonly #running = new Set<Promise<void>>()
  #avatarHash: string | undefined
  readonly #stopping = new AbortController()
  #profile: 'current' | 'stale' | 'publishing' = 'current'
  #published = ''

  constructor(context: FeatureContext) {
    const { account, sessions, random, store, clock } = context
    this.#context = context
    this.#pep = new Pep(store, account.address, random)
    this.#pep.addConversion(convertBookmarks)
    this.#rows = new PrivateRows(store, account.address)
    this.#avatarHash = currentAvatar(this.#pep)?.id
    const capabilities = new Capabilities(clock, this.#stopping.signal)
    this.#notifier = new PepNotifier({ pep: this.#pep, account, sessions, capabilities, random })
    this.#unsubscribe = [
      this.#pep.subscribe((change) => this.#changed(change)),
      account.subscribe((event) => this.#heard(event)),
    ]
    for (const { jid } of account.roster()) {
      account.presencesOf(jid).forEach((presence) => {
        this.contactPresence(presence)
      })
    }
    this.#run(this.#compareProfile())
  }

  async handle(request: FeatureRequest): Promise<Element | undefined> {
    const { account } = this.#context
    switch (request.payload.namespace) {
      case NS_PUBSUB:
        return await answerPubsub(this.#pep, account, request)
      case NS_PUBSUB_OWNER:
        return await answerPubsubOwner(this.#pep, account.address, request)
      case NS_PRIVATE:
        return await answerPrivateStorage({ rows: this.#rows, pep: this.#pep }, request)
      case NS_VCARD: {
        const answer = await answerVcard({ account, pep: this.#pep, rows: this.#rows }, request)
        this.#publishProfile()
        return answer
      }
      default:
        throw new StanzaError('service-unavailable')
    }
  }

  async items(target: FeatureTarget, request: FeatureRequest): Promise<readonly DiscoItem[]> {
    return target === 'account' ? pepDiscoItems({ pep: this.#pep, account: this.#context.account }, request) : []
  }

  async discoNode(target: FeatureTarget, node: string, request: FeatureRequest): Promise<Element | undefined> {
    const parts = { pep: this.#pep, account: this.#context.account }
    return target === 'account' ? pepDiscoNode(parts, node, request) : undefined
  }

  available(session: ClientSession): void {
    this.#run(this.#notifier.session(session))
  }

  ended(session: ClientSession): void {
    this.#notifier.ended(session)
  }

  contactPresence(presence: Element): void {
    this.#run(this.#notifier.contact(presence))
  }

  outgoingPresence(presence: Element): Element {
    return withAvatarHash(presence, this.#avatarHash)
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) {
      unsubscribe()
    }
    this.#stopping.abort(new StanzaError('service-unavailable'))
    await Promise.allSettled(this.#running)
  }

  #heard(event: AccountEvent): void {
    if (event.type === 'roster') {
      this.#notifier.rosterChanged(event.entry)
    } else if (event.type === 'roster-removed') {
      this.#notifier.rosterChanged({ jid: event.jid, subscription: 'none' })
    }
  }

  #changed(change: PepChange): void {
    const { name } = change.node
    this.#notifier.changed(change)
    if (name === NS_AVATAR_METADATA || name === NS_AVATAR_DATA) {
      this.#avatarChanged()
    }
    if (isInProfile(name)) {
      this.#publishProfile()
    }
  }

  /** Clients that know vCard avatars only learn of a new one by presence (XEP-0153 §3.1). */
  #avatarChanged(): void {
    const hash = currentAvatar(this.#pep)?.id
    if (hash === this.#avatarHash) {
      return
    }
    this.#avatarHash = hash
    for (const { jid, presence } of this.#context.sessions.all()) {
      if (presence !== undefined) {
        this.#context.account.setPresence(jid.resource ?? '', withNewAvatarHash(presence, hash))
      }
    }
  }

  /** Shows contacts what is public, also those whom we are not connected to; the last state counts. */
  #publishProfile(): void {
    const isRunning = this.#profile !== 'current'
    this.#profile = 'stale'
    if (!isRunning) {
      this.#run(this.#publishProfiles())
    }
  }

  /** After a start: what was changed last may not have been shown before the stop. */
  async #compareProfile(): Promise<void> {
    const { account, clock } = this.#context
    // A device without nodes has nothing to say against what another one shows.
    if (this.#pep.nodes().length > 0) {
      const signal = AbortSignal.any([this.#stopping.signal, clock.timeoutSignal(PROFILE_TIMEOUT_MS)])
      const shown = await account.publicProfile(account.address, signal)
      this.#published = shown === undefined ? this.#published : profileText(shown)
      this.#publishProfile()
    }
  }

  async #publishProfiles(): Promise<void> {
    try {
      // Bounded by the changes: each round takes all there are.
      while (this.#profile === 'stale') {
        this.#profile = 'publishing'
        const profile = profileOf(this.#pep, vcardNickname(this.#rows))
        const text = profileText(profile)
        if (text !== this.#published) {
          await this.#context.account.setPublicProfile(profile)
          this.#published = text
        }
      }
    } finally {
      this.#profile = 'current'
    }
  }

  #run(work: Promise<void>): void {
    const running = work.catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) {
        this.#context.logger.warn('personal eventing failed', { reason: String(error) })
      }
    })
    this.#running.add(running)
    void running.then(() => this.#running.delete(running))
  }
}

function profileText({ nickname, items }: PublicProfile): string {
  return JSON.stringify([nickname, ...items.map(({ node, id, payload }) => [node, id, serialize(payload)])])
}
