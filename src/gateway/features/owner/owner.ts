import type { AccountEvent } from '../../../node/api.ts'
import { type Element, element } from '../../../xml/element.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import type { ClientSession } from '../../client-session.ts'
import type { Feature, FeatureContext, FeatureRequest } from '../feature.ts'
import { acceptContact, addContact, listContacts, removeContact } from './owner-contacts.ts'
import { addPassword, listPasswords, revokePassword } from './owner-passwords.ts'
import { NS_OWNER } from './owner-requests.ts'
import { messageStates, stateMessage } from './owner-states.ts'

/** What the owner may ask, by the name of the payload. */
interface Request {
  readonly type: 'get' | 'set'
  readonly answer: (context: FeatureContext, payload: Element, session: ClientSession) => Promise<Element | undefined>
}

const REQUESTS: ReadonlyMap<string, Request> = new Map<string, Request>([
  ['status', { type: 'get', answer: async ({ gateway }) => jsonElement('status', gateway.node.status()) }],
  ['whoami', { type: 'get', answer: async (context) => whoAmI(context) }],
  ['contacts', { type: 'get', answer: async ({ account }) => listContacts(account) }],
  ['add', { type: 'set', answer: async ({ account }, payload) => await addContact(account, payload) }],
  ['accept', { type: 'set', answer: async ({ account }, payload) => await acceptContact(account, payload) }],
  ['remove', { type: 'set', answer: async ({ account }, payload) => await removeContact(account, payload) }],
  ['passwords', { type: 'get', answer: async (context) => listPasswords(context) }],
  ['password', { type: 'set', answer: async (context, payload) => await addPassword(context, payload) }],
  ['revoke', { type: 'set', answer: async (context, payload) => await revokePassword(context, payload) }],
  ['web-token', { type: 'set', answer: async (context, _payload, session) => webToken(context, session) }],
  ['states', { type: 'get', answer: async ({ account }, payload) => messageStates(account, payload) }],
])

/**
 * What the owner's own commands ask of the node beyond XMPP, in the namespace `urn:kabber:node:0` (docs/cli.md). Only
 * sessions of the Unix socket are answered: a client with a password can chat, not make passwords.
 */
export class OwnerFeature implements Feature {
  readonly payloads: Feature['payloads'] = { account: [NS_OWNER] }
  readonly #context: FeatureContext
  /** Sessions that are told what becomes of messages. */
  readonly #watchers = new Set<ClientSession>()
  #unsubscribe: (() => void) | undefined

  constructor(context: FeatureContext) {
    this.#context = context
  }

  async handle({ payload, type, session }: FeatureRequest): Promise<Element | undefined> {
    if (session === undefined) {
      throw new StanzaError('service-unavailable')
    }
    if (!session.port.isOwner) {
      throw new StanzaError('forbidden', 'only the commands of the owner may ask this')
    }
    if (payload.name === 'watch' && type === 'set') {
      this.#watch(session)
      return undefined
    }
    const request = REQUESTS.get(payload.name)
    if (request?.type !== type) {
      throw new StanzaError('feature-not-implemented', `this node knows no request '${payload.name}'`)
    }
    return await request.answer(this.#context, payload, session)
  }

  ended(session: ClientSession): void {
    this.#watchers.delete(session)
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    this.#watchers.clear()
  }

  #watch(session: ClientSession): void {
    this.#watchers.add(session)
    this.#unsubscribe ??= this.#context.account.subscribe((event) => this.#tell(event))
  }

  #tell(event: AccountEvent): void {
    const { account } = this.#context
    const news = stateMessage(account.address, event)
    if (news === undefined) {
      return
    }
    for (const { jid, port } of this.#watchers) {
      port.deliver(news.withAttributes({ from: account.address, to: jid.toString() }))
    }
  }
}

function whoAmI({ account, gateway }: FeatureContext): Element {
  const { address, alias } = account
  return element('whoami', NS_OWNER, { address, alias, uri: account.contactUri(), 'peer-id': gateway.node.peerId })
}

function webToken({ account, gateway }: FeatureContext, session: ClientSession): Element {
  const base = session.port.webBase
  if (base === undefined) {
    throw new StanzaError('item-not-found', 'this node runs without a web port')
  }
  const { token, expiresMs } = gateway.webLogins.create(account.address)
  return element('web-token', NS_OWNER, { token, base, 'expires-ms': String(expiresMs) })
}

function jsonElement(name: string, value: object): Element {
  return element(name, NS_OWNER, {}, [JSON.stringify(value)])
}
