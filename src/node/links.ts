import type { AccountRecord } from '../identity/account-record.ts'
import type { StanzaSession } from '../protocol/stanza/session.ts'
import type { StanzaProtocol } from '../protocol/stanza/stanza-protocol.ts'
import type { Clock, Timer } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Path, PeerAddresses } from '../system/network.ts'
import type { Random } from '../system/random.ts'
import { INITIAL_LINK_STATE, type LinkEvent, type LinkState, stepLink } from './link-state.ts'

/** One attempt: lookup of the account record, dials, handshakes, stream opens. *ours* */
const LINK_CONNECT_TIMEOUT_MS = 15_000
/** After a start the first attempts are spread by this much per wanted account. *ours* */
const LINK_START_SPREAD_MS = 20
const JITTER_STEPS = 2 ** 20

interface Link {
  state: LinkState
  /** Sessions with nodes of the account, oldest first; the first carries what we send. */
  readonly sessions: Set<StanzaSession>
  /** The nodes that the last attempt dialled. */
  peers: readonly PeerAddresses[]
  timer: Timer | undefined
  /** Told once, when the link is up or an attempt has failed. */
  readonly waiting: Set<() => void>
}

export interface LinkHandlers {
  /** The account's current record. `refresh`: do not trust what is cached. */
  lookup(address: string, refresh: boolean, signal: AbortSignal): Promise<AccountRecord | undefined>
  /** Further places where nodes of the account may be. */
  hints(address: string): readonly PeerAddresses[]
  /** A stream to a node of the account opened. `resumed`: it goes on where the last one broke. */
  up(address: string, resumed: boolean): void
  /** The last stream to a node of the account broke; what is under way on it may still be taken up again. */
  detached(address: string): void
  /** No node of the account can be reached any more and none came back in time. */
  down(address: string): void
}

/** Keeps stanza streams up to the nodes of those accounts to which a link is wanted. */
export class Links {
  readonly #components: { clock: Clock; random: Random; logger: Logger; stanza: StanzaProtocol }
  readonly #handlers: LinkHandlers
  readonly #links = new Map<string, Link>()
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()

  constructor(
    components: { clock: Clock; random: Random; logger: Logger; stanza: StanzaProtocol },
    handlers: LinkHandlers,
  ) {
    this.#components = components
    this.#handlers = handlers
  }

  /** Waits for the attempts under way, which are cancelled. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    for (const link of this.#links.values()) {
      link.timer?.cancel()
    }
    await Promise.all(this.#running)
  }

  /** A link to the account is wanted from now on. */
  want(address: string): void {
    this.#step(address, { type: 'wanted' })
  }

  /** Like `want` for many accounts at once, without a storm. */
  wantAll(addresses: readonly string[]): void {
    for (const address of addresses) {
      const delayMs = this.#components.random.uniform(1 + addresses.length * LINK_START_SPREAD_MS)
      const link = this.#link(address)
      link.timer ??= this.#components.clock.schedule(delayMs, () => this.want(address))
    }
  }

  unwant(address: string): void {
    if (this.#links.has(address)) {
      this.#step(address, { type: 'unwanted' })
    }
  }

  /** There is news of the account: try now rather than later. */
  wake(address: string): void {
    if (this.#links.has(address)) {
      this.#step(address, { type: 'wake' })
    }
  }

  /** A connection to a peer came up: whoever waits for one of its accounts tries now. */
  peerConnected(peerId: string): void {
    for (const [address, link] of this.#links) {
      if (link.state.phase === 'waiting' && link.peers.some((peer) => peer.peerId === peerId)) {
        this.wake(address)
      }
    }
  }

  /** The session that carries what is sent to the account, if there is one. */
  session(address: string): StanzaSession | undefined {
    return this.#links.get(address)?.sessions.values().next().value
  }

  isUp(address: string): boolean {
    return this.session(address)?.isUp === true
  }

  /** How stanzas get to the account now; undefined when no link is up. */
  path(address: string): Path | undefined {
    return this.isUp(address) ? this.session(address)?.path : undefined
  }

  /** The session to the account, making one if need be; undefined when that fails now. */
  async reach(address: string, signal: AbortSignal): Promise<StanzaSession | undefined> {
    if (!this.isUp(address) && !signal.aborted) {
      const link = this.#link(address)
      const { promise, resolve } = Promise.withResolvers<void>()
      link.waiting.add(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
      const wasWanted = link.state.wanted
      this.want(address)
      this.wake(address)
      await promise
      link.waiting.delete(resolve)
      if (!wasWanted) {
        this.unwant(address)
      }
    }
    return this.isUp(address) ? this.session(address) : undefined
  }

  /** A stanza stream opened; `previously` told accounts may have changed. */
  opened(session: StanzaSession, resumed: boolean): void {
    for (const { address } of session.accounts) {
      this.#add(session, address, resumed)
    }
  }

  /** A node has shown that it serves one more account. */
  accountShown(session: StanzaSession, address: string): void {
    if (!this.#link(address).sessions.has(session)) {
      this.#add(session, address, false)
    }
  }

  /** The stream of a session broke; the session may still be resumed. */
  detached(session: StanzaSession): void {
    for (const { address } of session.accounts) {
      const link = this.#links.get(address)
      if (link !== undefined && ![...link.sessions].some((other) => other.isUp)) {
        this.#step(address, { type: 'down' })
        this.#handlers.detached(address)
      }
    }
  }

  /** A session is gone for good. */
  closed(session: StanzaSession): void {
    for (const { address } of session.accounts) {
      const link = this.#links.get(address)
      if (link?.sessions.delete(session) !== true) {
        continue
      }
      if (link.sessions.size === 0) {
        this.#step(address, { type: 'down' })
        this.#handlers.down(address)
      } else {
        this.#handlers.up(address, false)
      }
      this.#forget(address, link)
    }
  }

  #add(session: StanzaSession, address: string, resumed: boolean): void {
    const link = this.#link(address)
    link.sessions.add(session)
    this.#step(address, { type: 'up' })
    this.#tellWaiting(link)
    this.#handlers.up(address, resumed)
  }

  #link(address: string): Link {
    const known = this.#links.get(address)
    if (known !== undefined) {
      return known
    }
    const link: Link = {
      state: INITIAL_LINK_STATE,
      sessions: new Set(),
      peers: [],
      timer: undefined,
      waiting: new Set(),
    }
    this.#links.set(address, link)
    return link
  }

  #forget(address: string, link: Link): void {
    if (link.state.phase === 'idle' && !link.state.wanted && link.sessions.size === 0 && link.waiting.size === 0) {
      this.#links.delete(address)
    }
  }

  #step(address: string, event: LinkEvent): void {
    const link = this.#link(address)
    const [state, effects] = stepLink(link.state, event)
    link.state = state
    for (const effect of effects) {
      if (effect.type === 'connect') {
        this.#connect(address, link, effect.refresh)
      } else {
        link.timer?.cancel()
        link.timer =
          effect.type === 'wait'
            ? this.#components.clock.schedule(effect.delayMs, () => this.#step(address, { type: 'due' }))
            : undefined
      }
    }
    this.#forget(address, link)
  }

  #connect(address: string, link: Link, refresh: boolean): void {
    if (this.#stopping.signal.aborted) {
      return
    }
    const timeout = this.#components.clock.timeoutSignal(LINK_CONNECT_TIMEOUT_MS)
    const attempt = this.#attempt(address, refresh, AbortSignal.any([timeout, this.#stopping.signal]))
      .catch((error: unknown) => {
        this.#components.logger.debug('link not made', { address, reason: String(error) })
        const jitter = this.#components.random.uniform(JITTER_STEPS) / JITTER_STEPS
        this.#step(address, { type: 'failed', jitter })
        this.#tellWaiting(link)
      })
      .finally(() => this.#running.delete(attempt))
    this.#running.add(attempt)
  }

  /** Dials all nodes of the account at once; the first open stream makes the link. */
  async #attempt(address: string, refresh: boolean, signal: AbortSignal): Promise<void> {
    const record = await this.#handlers.lookup(address, refresh, signal)
    const peers = mergePeers([...(record?.nodes ?? []), ...this.#handlers.hints(address)])
    this.#link(address).peers = peers
    if (peers.length === 0) {
      throw new Error('no node of the account is known')
    }
    await Promise.any(peers.map((peer) => this.#dial(address, peer, signal)))
  }

  async #dial(address: string, peer: PeerAddresses, signal: AbortSignal): Promise<void> {
    const session = await this.#components.stanza.connect(peer, signal)
    if (!session.accounts.some((account) => account.address === address)) {
      throw new Error('the node does not serve the account')
    }
    // A session that was up before this attempt began has told nobody.
    const link = this.#link(address)
    if (link.state.phase !== 'up' && session.isUp) {
      this.opened(session, true)
    }
  }

  #tellWaiting(link: Link): void {
    for (const resolve of [...link.waiting]) {
      resolve()
    }
  }
}

function mergePeers(peers: readonly PeerAddresses[]): PeerAddresses[] {
  const merged = new Map<string, Set<string>>()
  for (const peer of peers) {
    const addresses = merged.get(peer.peerId) ?? new Set()
    for (const address of peer.addresses) {
      addresses.add(address)
    }
    merged.set(peer.peerId, addresses)
  }
  return [...merged].map(([peerId, addresses]) => ({ peerId, addresses: [...addresses] }))
}
