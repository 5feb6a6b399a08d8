import { MemoryStore } from '../../../../sim/system/memory-store.ts'
import { SeededRandom } from '../../../../sim/system/seeded-random.ts'
import type { BoundSession } from '../../../../src/gateway/client-session.ts'
import type { Feature, FeatureContext, GatewayParts } from '../../../../src/gateway/features/feature.ts'
import { gatewayTables } from '../../../../src/gateway/schema.ts'
import { AccountHub } from '../../../../src/gateway/sessions/account-hub.ts'
import type { Element } from '../../../../src/xml/element.ts'
import { parseElement } from '../../../../src/xml/parser.ts'
import { FakeAccount } from '../../../support/fake-account.ts'
import { FakeClientPort } from '../../../support/fake-client-port.ts'
import { RecordingLogger } from '../../../support/recording-logger.ts'
import { VirtualClock } from '../../../support/virtual-clock.ts'

/** The account of the tests. */
export const ROMEO: string = `00${'aa'.repeat(32)}@id.internal`
/** A contact. */
export const JULIET: string = `00${'bb'.repeat(32)}@id.internal`
/** Somebody else. */
export const TYBALT: string = `00${'cc'.repeat(32)}@id.internal`

const SHORT_NAMES: readonly (readonly [string, string])[] = [
  [ROMEO, 'romeo@net'],
  [JULIET, 'juliet@net'],
  [TYBALT, 'tybalt@net'],
]

/** XML as tests write it: `romeo@net` and the like stand for XIDs, and everything is in `jabber:client`. */
export function stanza(text: string): Element {
  const long = SHORT_NAMES.reduce((xml, [address, name]) => xml.replaceAll(name, address), text)
  return parseElement(long.replace(/^<(\w+)/, "<$1 xmlns='jabber:client'"))
}

/** A client of the account: what it writes and what it was given. */
export class TestClient {
  readonly port: FakeClientPort
  readonly bound: BoundSession

  constructor(hub: AccountHub, resource: string | undefined) {
    this.port = new FakeClientPort()
    this.bound = hub.bind({ account: ROMEO, resource, passwordName: 'test', port: this.port })
  }

  async write(text: string): Promise<void> {
    await this.bound.receive(stanza(text))
  }

  /** What it was given since, with short names and without the namespace of all. */
  read(): string[] {
    return this.port.take().map(shorten)
  }
}

/** As `TestClient.read` shows stanzas. */
export function shorten(xml: string): string {
  return SHORT_NAMES.reduce((text, [address, name]) => text.replaceAll(address, name), xml).replaceAll(
    / xmlns="jabber:client"/g,
    '',
  )
}

/** One account with its hub, and the network in the hands of the test. */
export class HubWorld {
  readonly account: FakeAccount
  readonly clock: VirtualClock = new VirtualClock(Date.UTC(2026, 0, 1))
  readonly logger: RecordingLogger = new RecordingLogger()
  readonly store: MemoryStore
  readonly hub: AccountHub

  constructor(
    init: {
      account?: FakeAccount
      store?: MemoryStore
      features?: readonly ((context: FeatureContext) => Feature)[]
      /** Another account of the node. */
      neighbour?: string
    } = {},
  ) {
    this.account = init.account ?? new FakeAccount(ROMEO, 'romeo')
    this.store = init.store ?? new MemoryStore({ version: 3, tables: [...gatewayTables], upgrades: [] })
    const accounts = [this.account, ...(init.neighbour === undefined ? [] : [{ address: init.neighbour }])]
    const gateway = { version: '1.2.3', node: { accounts } } as unknown as GatewayParts
    const { account, clock, logger, store } = this
    const components = { account, clock, logger, store, gateway, random: new SeededRandom('hub') }
    this.hub = new AccountHub(components, init.features ?? [])
    this.hub.start()
  }

  bind(resource?: string): TestClient {
    return new TestClient(this.hub, resource)
  }

  /** A client that is available; what it was greeted with is read already. */
  async online(
    resource: string,
    { priority = 0, carbons = false }: { priority?: number; carbons?: boolean } = {},
  ): Promise<TestClient> {
    const client = this.bind(resource)
    client.bound.setCarbons(carbons)
    await client.write(`<presence><priority>${priority}</priority></presence>`)
    client.read()
    return client
  }

  hear(text: string): void {
    this.account.hear(stanza(text))
  }

  async settle(): Promise<void> {
    await this.clock.advance(0)
  }
}
