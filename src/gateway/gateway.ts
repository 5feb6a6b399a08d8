import type { Account, KabberNode } from '../node/api.ts'
import type { ClientConnection } from '../system/client-connection.ts'
import type { Clock } from '../system/clock.ts'
import type { FileStore } from '../system/file-store.ts'
import type { Logger } from '../system/logger.ts'
import type { Random } from '../system/random.ts'
import type { Store } from '../system/store.ts'
import type { WebHandler } from '../system/web.ts'
import type { Element } from '../xml/element.ts'
import { Jid } from '../xmpp/jid.ts'
import { accountFeatures } from './account-features.ts'
import type { BindRequest, BoundSession, StreamHost } from './client-session.ts'
import { serverCaps } from './features/disco-info.ts'
import type { GatewayParts } from './features/feature.ts'
import { ClientPasswords } from './sasl/client-passwords.ts'
import { AccountHub } from './sessions/account-hub.ts'
import { STREAM_FEATURES } from './sessions/stream-features.ts'
import { ClientStreams } from './stream/client-streams.ts'
import { WebLogins } from './web/web-logins.ts'
import { webHandlers } from './web-handlers.ts'

/** The seams of a gateway. */
export interface GatewayComponents {
  readonly clock: Clock
  readonly random: Random
  /** The node's own, opened with the tables of `gatewayTables` too. */
  readonly store: Store
  readonly logger: Logger
}

/** What a gateway serves. */
export interface GatewayInit {
  readonly node: Pick<KabberNode, 'peerId' | 'accounts' | 'status'>
  /** Of this program. */
  readonly version: string
  /** Where uploaded files are kept. @default no uploads */
  readonly files?: FileStore
  /** Path of the WebSocket (RFC 7395) on the web port. */
  readonly websocketPath: string
}

/** The local XMPP server of a node. */
export interface Gateway {
  readonly passwords: ClientPasswords
  readonly webLogins: WebLogins
  /** What the web port answers beside WebSockets. */
  readonly webHandlers: readonly WebHandler[]
  /** Begins to serve the accounts; before the first `accept`. Idempotent. */
  start(): void
  /** Takes over a connection of a client. */
  accept(connection: ClientConnection): void
  /** Ends all streams and resolves when what is under way is on disk. Idempotent; final. To be called before the node stops. */
  stop(): Promise<void>
  /** The accounts as client streams see them. */
  readonly host: StreamHost
}

/** Makes the XMPP server of a node; it serves nobody before `start`. */
export function createGateway(components: GatewayComponents, init: GatewayInit): Gateway {
  return new LocalGateway(components, init)
}

class LocalGateway implements Gateway, StreamHost {
  readonly passwords: ClientPasswords
  readonly webLogins: WebLogins
  readonly webHandlers: readonly WebHandler[]
  readonly #hubs: ReadonlyMap<string, AccountHub>
  /** Bare JIDs by what their owners may type. */
  readonly #names: ReadonlyMap<string, string>
  readonly #streams: ClientStreams
  #stopping: Promise<void> | undefined

  constructor(components: GatewayComponents, init: GatewayInit) {
    this.passwords = new ClientPasswords(components)
    this.webLogins = new WebLogins({ ...components, passwords: this.passwords, websocketPath: init.websocketPath })
    const parts: GatewayParts = {
      node: init.node,
      passwords: this.passwords,
      webLogins: this.webLogins,
      files: init.files,
      version: init.version,
    }
    const { accounts } = init.node
    const hub = (account: Account): AccountHub =>
      new AccountHub({ ...components, account, gateway: parts }, accountFeatures)
    this.#hubs = new Map(accounts.map((account) => [account.address, hub(account)]))
    // XIDs last: no alias takes the place of an account.
    this.#names = new Map([
      ...accounts.flatMap(aliases),
      ...accounts.map(({ address }) => [localpart(address), address] as const),
    ])
    this.#streams = new ClientStreams(components, { host: this, passwords: this.passwords })
    this.webHandlers = webHandlers.map((make) => make({ ...components, gateway: parts }))
  }

  get host(): StreamHost {
    return this
  }

  get ownerAccount(): string | undefined {
    return this.#hubs.keys().next().value
  }

  start(): void {
    for (const hub of this.#hubs.values()) {
      hub.start()
    }
  }

  accept(connection: ClientConnection): void {
    this.#streams.accept(connection)
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    await this.#stopping
  }

  findAccount(localpart: string): string | undefined {
    return this.#names.get(localpart)
  }

  bind(request: BindRequest): BoundSession {
    const hub = this.#hubs.get(request.account)
    if (hub === undefined) {
      throw new Error('a stream has authenticated as an account that is not served here')
    }
    return hub.bind(request)
  }

  features(account: string): readonly Element[] {
    return [...STREAM_FEATURES, serverCaps(this.#hubs.get(account)?.features ?? [])]
  }

  async #stop(): Promise<void> {
    await this.#streams.stop()
    await Promise.all(Array.from(this.#hubs.values(), (hub) => hub.stop()))
  }
}

function aliases({ address, alias }: Pick<Account, 'address' | 'alias'>): (readonly [string, string])[] {
  return alias === undefined ? [] : [[alias, address]]
}

function localpart(address: string): string {
  return Jid.parse(address).local ?? address
}
