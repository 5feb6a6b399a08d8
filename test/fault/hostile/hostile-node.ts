import { join } from 'node:path'
import { AccountKey } from '../../../src/identity/account-key.ts'
import { signAccountRecord } from '../../../src/identity/account-record.ts'
import { openSystem } from '../../../src/os/open-system.ts'
import { OsRandom } from '../../../src/os/os-random.ts'
import { openSqliteStore } from '../../../src/os/sqlite-store.ts'
import type { StanzaSession } from '../../../src/protocol/stanza/session.ts'
import { StanzaProtocol } from '../../../src/protocol/stanza/stanza-protocol.ts'
import { nodeSchema } from '../../../src/schema.ts'
import type { Element } from '../../../src/xml/element.ts'
import { type AfterHooks, temporaryFolder } from '../../support/kabber-process.ts'
import type { VictimNode } from './world.ts'

const DIAL_MAX_MS = 10_000
const RECORD_LIFE_MS = 86_400_000

/** A node that proves who it is and then says what it likes: the network and the stanza streams are ours, nothing checks what it sends. */
export class HostileNode {
  readonly keys: readonly AccountKey[] = ['mallory', 'eve'].map(() => AccountKey.fromSeed(new OsRandom().bytes(32)))
  /** Stanzas that came back. */
  readonly heard: Element[] = []
  #session: StanzaSession | undefined
  #wake: () => void = () => {}

  get mallory(): string {
    return this.keys[0]?.address ?? ''
  }

  get eve(): string {
    return this.keys[1]?.address ?? ''
  }

  /** Connects to a victim. */
  async start(hooks: AfterHooks, victim: VictimNode): Promise<void> {
    const random = new OsRandom()
    const store = openSqliteStore(join(temporaryFolder(hooks), 'kabber.sqlite'), nodeSchema)
    const system = openSystem(store, {
      nodeSeed: random.bytes(32),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      mdns: false,
      dhtMode: 'client',
      logLevel: 'silent',
    })
    await system.network.start()
    hooks.after(() => system.network.stop())
    const accounts = this.keys.map((key) => ({
      address: key.address,
      record: this.#record(key, system.network.peerId),
    }))
    const protocol = new StanzaProtocol(system, {
      accounts: () => accounts,
      handlers: {
        opened: () => {},
        recordChanged: () => {},
        detached: () => {},
        closed: () => {},
        stanza: async (_session, stanza) => {
          this.heard.push(stanza)
          this.#wake()
        },
      },
    })
    protocol.start()
    hooks.after(() => protocol.stop())
    const addresses = victim.addresses.map((address) => address.replace(/\/p2p\/.*/u, ''))
    const signal = AbortSignal.timeout(DIAL_MAX_MS)
    this.#session = await protocol.connect({ peerId: victim.peerId, addresses }, signal)
  }

  /** Resolves when the victim has acknowledged the stanza. */
  async send(stanza: Element): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const isTaken = this.#session?.send(stanza, (outcome) =>
        outcome === 'acknowledged' ? resolve() : reject(new Error('the stanza was lost')),
      )
      if (isTaken !== true) {
        reject(new Error('the stanza was not taken'))
      }
    })
  }

  /** The first stanza that has come or will for which the predicate holds. */
  async next(what: string, matches: (stanza: Element) => boolean): Promise<Element> {
    const timer = setTimeout(() => this.#wake(), DIAL_MAX_MS)
    const untilMs = performance.now() + DIAL_MAX_MS
    for (;;) {
      const found = this.heard.find(matches)
      if (found !== undefined) {
        clearTimeout(timer)
        return found
      }
      if (performance.now() >= untilMs) {
        throw new Error(`${what} did not reach the hostile node: ${this.heard.map(({ name }) => name)}`)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #record(key: AccountKey, peerId: string): Uint8Array {
    const nowMs = Date.now()
    return signAccountRecord(key, {
      sequence: 1,
      issuedMs: nowMs,
      expiresMs: nowMs + RECORD_LIFE_MS,
      nodes: [{ peerId, addresses: [], capabilities: [], updatedMs: nowMs, prekeys: [] }],
      mailboxKeys: [],
    })
  }
}
