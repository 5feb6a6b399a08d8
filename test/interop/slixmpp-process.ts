import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { AfterHooks } from '../support/kabber-process.ts'
import type { Login } from './chat-client.ts'
import { EventLog } from './tools/event-log.ts'
import { Program } from './tools/program.ts'

const SCRIPT = fileURLToPath(new URL('peers/slixmpp-peer.py', import.meta.url))

/** What the client saw. */
export interface SlixmppEvent {
  readonly event: 'message' | 'presence' | 'failed'
  readonly from: string
  readonly type: string
  readonly body: string
  readonly stanzaId: string
  readonly replaces: string | null
  /** Which kind of XEP-0280 copy it is, if it is one. */
  readonly carbon: 'sent' | 'received' | null
}

/** An entry of the archive (XEP-0313). */
interface Archived {
  readonly archiveId: string
  readonly body: string
  readonly stanzaId: string
}

/** A scripted XMPP client (slixmpp) in a process of its own. */
export class SlixmppProcess {
  readonly events: EventLog<SlixmppEvent> = new EventLog()
  readonly #program: Program
  readonly #login: Login
  readonly #resource: string
  readonly #replies = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #next = 0

  constructor(hooks: AfterHooks, login: Login, resource: string) {
    this.#login = login
    this.#resource = resource
    this.#program = new Program(hooks, '/usr/bin/python3', [SCRIPT, '--debug'])
    createInterface({ input: this.#program.stdout }).on('line', (line) => this.#take(line))
    void this.#program.ended.then(() => {
      for (const { reject } of this.#replies.values()) {
        reject(new Error(`slixmpp has ended: ${this.#program.output.slice(-2_000)}`))
      }
    })
  }

  get jid(): string {
    return this.#login.jid
  }

  /** Everything it wrote, XML included. */
  get log(): string {
    return this.#program.output
  }

  /** Logs in, enables carbons, becomes available. Gives the full JID. */
  async connect(): Promise<string> {
    const { jid, password, host, port, certificateFile: certificate } = this.#login
    const resource = this.#resource
    return (await this.#ask('connect', { jid, password, host, port, certificate, resource })) as string
  }

  /** Sends a chat message and gives its id. */
  async send(to: string, body: string, replaces?: string): Promise<string> {
    return (await this.#ask('send', { to, body, ...(replaces === undefined ? {} : { replaces }) })) as string
  }

  /** Asks for somebody's presence, without a roster set before. */
  async subscribe(to: string): Promise<void> {
    await this.#ask('subscribe', { to })
  }

  /** Puts somebody on the roster and asks for their presence. */
  async addContact(to: string): Promise<void> {
    await this.#ask('add', { to })
  }

  async approve(to: string): Promise<void> {
    await this.#ask('approve', { to })
  }

  /** Subscription states by bare JID. */
  async roster(): Promise<Record<string, string>> {
    return (await this.#ask('roster', {})) as Record<string, string>
  }

  async archive(peer: string): Promise<readonly Archived[]> {
    return (await this.#ask('archive', { peer })) as Archived[]
  }

  async disconnect(): Promise<void> {
    await this.#ask('disconnect', {})
  }

  /** The message with this text, once it is there. */
  async message(body: string): Promise<SlixmppEvent> {
    return await this.events.find(
      `${this.#resource} has the message "${body}"`,
      (event) => event.event === 'message' && event.body.trim() === body,
    )
  }

  /** A presence stanza of this type from this account, `from`th event or later. */
  async presence(jid: string, type: string, from = 0): Promise<SlixmppEvent> {
    const fits = (event: SlixmppEvent): boolean =>
      event.event === 'presence' && event.type === type && event.from.split('/')[0] === jid
    return await this.events.find(`${this.#resource} has presence ${type} from ${jid}`, fits, from)
  }

  async #ask(action: string, fields: object): Promise<unknown> {
    this.#next += 1
    const id = this.#next
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#replies.set(id, { resolve, reject })
    this.#program.stdin.write(`${JSON.stringify({ id, do: action, ...fields })}\n`)
    return await promise.finally(() => this.#replies.delete(id))
  }

  #take(line: string): void {
    const { reply, value, error, ...event } = JSON.parse(line) as { reply?: number; value?: unknown; error?: string }
    if (reply === undefined) {
      this.events.add(event as unknown as SlixmppEvent)
    } else if (error === undefined) {
      this.#replies.get(reply)?.resolve(value)
    } else {
      this.#replies.get(reply)?.reject(new Error(`slixmpp: ${error}`))
    }
  }
}
