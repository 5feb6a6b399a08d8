import type { ClientListener, Gateway, Logger, WebHandler } from '../../src/index.ts'
import type { Certificate } from '../../src/os/certificate.ts'
import { TcpClientListener } from '../../src/os/tcp-client-listener.ts'
import { UnixClientListener } from '../../src/os/unix-client-listener.ts'
import type { WebListener } from '../../src/os/web-listener.ts'
import { formatHostPort, type HostPort, isLoopbackHost } from '../host-port.ts'
import type { ClientOptions, Door } from './client-options.ts'
import type { EndpointTexts } from './endpoints-file.ts'
import { startAtDefault } from './start-listener.ts'

/** Where clients expect a server (RFC 6120 §14.7, XEP-0368); the web port is that of other XMPP servers. */
const USUAL_PORTS = { xmpp: 5_222, xmpps: 5_223, web: 5_280 } as const

/** What the doors of a node are made of. */
export interface ClientDoorsInit {
  /** Ports follow from it where the usual ones are taken. */
  readonly peerId: string
  readonly socketPath: string
  readonly options: Pick<ClientOptions, 'xmpp' | 'xmpps' | 'web'>
  readonly certificate: Certificate
  readonly gateway: Pick<Gateway, 'accept' | 'webHandlers'>
  /** Files of the web chat. */
  readonly pages: readonly WebHandler[]
  readonly logger: Logger
}

/** Where clients connect. */
export interface ClientEndpoints {
  /** TCP with STARTTLS. */
  readonly xmpp: HostPort | undefined
  /** TCP with TLS from the first byte. */
  readonly xmpps: HostPort | undefined
  /** HTTP(S) base of the web chat, without a slash at its end. */
  readonly web: string | undefined
  /** Usual ports that were taken. */
  readonly taken: readonly number[]
}

/** The listeners through which clients reach a node: TCP, TLS, web, and the socket for the commands of its owner. */
export class ClientDoors {
  readonly #init: ClientDoorsInit
  readonly #listeners: ClientListener[] = []
  readonly #taken: number[] = []
  #web: WebListener | undefined

  constructor(init: ClientDoorsInit) {
    this.#init = init
  }

  /** Opens all doors, that of the commands last. Rejects when an address cannot be had; call `stop` then, too. */
  async start(): Promise<ClientEndpoints> {
    const { options, socketPath } = this.#init
    this.#web = await this.#openWeb(options.web)
    const xmpp = await this.#openTcp('xmpp', options.xmpp)
    const xmpps = await this.#openTcp('xmpps', options.xmpps)
    const web = this.#localBase(options.web)
    const unix = new UnixClientListener({ path: socketPath, webBase: () => web })
    this.#listeners.push(unix)
    await unix.start((connection) => this.#init.gateway.accept(connection))
    return { xmpp, xmpps, web, taken: this.#taken }
  }

  /** Lets nobody in any more. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.stop()))
  }

  async #openTcp(kind: 'xmpp' | 'xmpps', door: Door): Promise<HostPort | undefined> {
    const { certificate } = this.#init
    const mode = kind === 'xmpp' ? 'starttls' : 'direct'
    const webBase = (localAddress: string): string | undefined => this.#web?.baseAt(localAddress)
    const make = (at: HostPort): TcpClientListener => new TcpClientListener({ ...at, mode, certificate, webBase })
    const listener = await this.#open(door, USUAL_PORTS[kind], make)
    return listener && { host: hostOf(door), port: listener.port }
  }

  async #openWeb(door: Door): Promise<WebListener | undefined> {
    if (door === 'none') {
      return undefined
    }
    const { WebListener } = await import('../../src/os/web-listener.ts')
    const { certificate, gateway, pages, logger } = this.#init
    const handlers = [...gateway.webHandlers, ...pages]
    // Beyond this machine nothing is said in clear.
    const tls = isLoopbackHost(hostOf(door)) ? {} : { certificate }
    return await this.#open(door, USUAL_PORTS.web, (at) => new WebListener({ ...at, ...tls, handlers, logger }))
  }

  async #open<Listener extends ClientListener & { readonly port: number }>(
    door: Door,
    usualPort: number,
    make: (at: HostPort) => Listener,
  ): Promise<Listener | undefined> {
    if (door === 'none') {
      return undefined
    }
    const start = async (at: HostPort): Promise<Listener> => {
      const listener = make(at)
      this.#listeners.push(listener)
      await listener.start((connection) => this.#init.gateway.accept(connection))
      return listener
    }
    if (door !== 'default') {
      return await start(door)
    }
    const listener = await startAtDefault({ host: hostOf(door), port: usualPort }, this.#init.peerId, start)
    if (listener.port !== usualPort) {
      this.#taken.push(usualPort)
    }
    return listener
  }

  /** The web chat as a browser on this machine reaches it, or else at the one address it has. */
  #localBase(door: Door): string | undefined {
    const host = hostOf(door)
    return this.#web?.baseAt('127.0.0.1') ?? this.#web?.baseAt('::1') ?? this.#web?.baseAt(host)
  }
}

/** Defaults are for this machine alone. */
function hostOf(door: Door): string {
  return typeof door === 'object' ? door.host : '127.0.0.1'
}

/** The same as text. */
export function endpointTexts({ xmpp, xmpps, web }: ClientEndpoints): EndpointTexts {
  return { xmpp: xmpp && formatHostPort(xmpp), xmpps: xmpps && formatHostPort(xmpps), web }
}
