import { MemoryStore } from '../../sim/system/memory-store.ts'
import { SeededRandom } from '../../sim/system/seeded-random.ts'
import type { ClientSession } from '../../src/gateway/client-session.ts'
import type { AccountSessions, Feature, FeatureContext, GatewayParts } from '../../src/gateway/features/feature.ts'
import { gatewayTables } from '../../src/gateway/schema.ts'
import type { FileStore } from '../../src/system/file-store.ts'
import type { Element } from '../../src/xml/element.ts'
import { parseElement } from '../../src/xml/parser.ts'
import { serialize } from '../../src/xml/serializer.ts'
import { Jid } from '../../src/xmpp/jid.ts'
import { replyTo } from '../../src/xmpp/stanza.ts'
import { errorReply, StanzaError } from '../../src/xmpp/stanza-error.ts'
import { FakeAccount } from './fake-account.ts'
import { FakeClientPort } from './fake-client-port.ts'
import { RecordingLogger } from './recording-logger.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A bound client of a test. */
export interface FakeSession extends ClientSession {
  readonly port: FakeClientPort
  presence: Element | undefined
}

const JULIET = `00${'ab'.repeat(32)}@id.internal`

/** What a feature of one account needs, in memory: put in XML, see XML. */
export class FeatureWorld implements AccountSessions {
  readonly account: FakeAccount = new FakeAccount(JULIET, 'juliet')
  readonly clock: VirtualClock = new VirtualClock(Date.UTC(2026, 10, 22, 12))
  readonly random: SeededRandom = new SeededRandom('features')
  readonly logger: RecordingLogger = new RecordingLogger()
  readonly store: MemoryStore = new MemoryStore({ version: 3, tables: [...gatewayTables], upgrades: [] })
  /** Iqs that the account has asked its own clients. */
  readonly pushes: Element[] = []
  readonly #sessions: FakeSession[] = []
  #features: readonly Feature[] = []

  /** The features of the account, made in this world. */
  make(
    factories: readonly ((context: FeatureContext) => Feature)[],
    { files }: { files?: FileStore } = {},
  ): readonly Feature[] {
    const gateway = { files, version: '1.2.3', node: { accounts: [this.account] } } as unknown as GatewayParts
    const { account, clock, random, logger, store } = this
    const context = { account, clock, random, logger, store, gateway, sessions: this, features: () => this.#features }
    this.#features = factories.map((factory) => factory(context))
    return this.#features
  }

  /** A client binds; `isAvailable` with initial presence. */
  bind(resource: string, isAvailable: boolean = true): FakeSession {
    const session: FakeSession = {
      jid: Jid.parse(`${JULIET}/${resource}`),
      port: new FakeClientPort(),
      presence: isAvailable ? parseElement("<presence xmlns='jabber:client'/>") : undefined,
      priority: 0,
      isInterested: true,
      hasCarbons: false,
    }
    this.#sessions.push(session)
    for (const feature of isAvailable ? this.#features : []) {
      feature.available?.(session)
    }
    return session
  }

  /** A client goes. */
  end(session: FakeSession): void {
    this.#sessions.splice(this.#sessions.indexOf(session), 1)
    for (const feature of this.#features) {
      feature.ended?.(session)
    }
  }

  all(): readonly FakeSession[] {
    return this.#sessions
  }

  byResource(resource: string): FakeSession | undefined {
    return this.#sessions.find((session) => session.jid.resource === resource)
  }

  async query(_session: ClientSession, iq: Element): Promise<Element> {
    this.pushes.push(iq)
    return replyTo(iq)
  }

  /**
   * Sends an iq (XML, without `xmlns`, `from` and `id`) as the session layer does and gives the answer as XML, without
   * the attributes of the iq but its type.
   *
   * @param who a session of the account, or the JID of somebody else
   */
  async ask(who: FakeSession | string, xml: string): Promise<string> {
    const session = typeof who === 'string' ? undefined : who
    const from = session === undefined ? Jid.parse(who as string) : session.jid
    const iq = parseElement(xml.replace('<iq ', `<iq xmlns='jabber:client' from='${from}' id='q' `))
    const [payload] = iq.elements()
    if (payload === undefined) {
      throw new Error('an iq get or set has a payload')
    }
    const type = iq.attribute('type') as 'get' | 'set'
    const target = targetOf(iq)
    const feature = this.#features.find(({ payloads }) => payloads[target]?.includes(payload.namespace))
    return await this.#answer(iq, async () => {
      if (feature?.handle === undefined) {
        throw new StanzaError('service-unavailable')
      }
      return await feature.handle({ iq, type, payload, from, session })
    })
  }

  async #answer(iq: Element, handle: () => Promise<Element | undefined>): Promise<string> {
    try {
      return bareXml(replyTo(iq, await handle()))
    } catch (error) {
      if (!(error instanceof StanzaError)) {
        throw error
      }
      return bareXml(errorReply(iq, error) as Element)
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#features.map((feature) => feature.stop?.()))
  }
}

function targetOf(iq: Element): 'account' | 'server' | 'upload' {
  const to = iq.attribute('to')
  if (to === undefined || to.includes('@')) {
    return 'account'
  }
  return to.startsWith('upload.') ? 'upload' : 'server'
}

function bareXml(iq: Element): string {
  return serialize(iq.withAttributes({ from: undefined, to: undefined, id: undefined }), 'jabber:client')
}
