import { join } from 'node:path'
import { newestMessages } from '../client/archive.ts'
import { acceptContact, addContact, type ContactView, listContacts } from '../client/contacts.ts'
import { readAddress } from '../client/find-contact.ts'
import type { MessageView } from '../client/messages.ts'
import { NodeClient } from '../client/node-client.ts'
import { type AwaitedState, Outgoing, type Sent } from '../client/outgoing.ts'
import { webLink } from '../client/web-link.ts'
import { findHome } from '../find-home.ts'
import type { Children, KabberChild } from './child.ts'

/** Messages of a play fit into one page of history. */
const HISTORY_LIMIT = 1_000

/** One of the two people of the demo: a home of their own, a node process of their own. */
export class Person {
  readonly name: string
  readonly home: string
  address = ''
  uri = ''
  readonly #children: Children
  #node: KabberChild | undefined
  #client: NodeClient | undefined
  #outgoing: Outgoing | undefined

  constructor(name: string, folder: string, children: Children) {
    this.#children = children
    this.name = name
    this.home = join(folder, name.toLowerCase())
  }

  /** `kabber init` */
  async init(): Promise<void> {
    const child = this.#children.run(['--home', this.home, 'init', '--name', this.name])
    const { address, uri } = await child.firstLine
    await child.ended
    this.address = String(address)
    this.uri = String(uri)
  }

  /** `kabber start`, until it is ready. */
  async start(bootstrap: string): Promise<void> {
    this.#node = this.#children.run([
      ...['--home', this.home, 'start', '--no-mdns'],
      ...['--listen', '/ip4/127.0.0.1/tcp/0', '--bootstrap', bootstrap],
    ])
    await this.#node.firstLine
    this.#client = await NodeClient.connect(findHome({ home: this.home }))
    this.#outgoing = await Outgoing.open(this.#client)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#client?.close()
    await this.#node?.end(signal)
  }

  async addContact(other: Person): Promise<void> {
    await addContact(this.#connected(), readAddress(other.uri))
  }

  async acceptContact(other: Person): Promise<void> {
    await acceptContact(this.#connected(), other.address)
  }

  async contact(other: Person): Promise<ContactView | undefined> {
    const contacts = await listContacts(this.#connected())
    return contacts.find(({ address }) => address === other.address)
  }

  /** Resolves when it is on disk here. */
  async send(other: Person, text: string): Promise<Sent> {
    return await this.#sender().send(other.address, text)
  }

  /** What has become of a message when it is `awaited`, at the latest after `limitMs`. */
  async settled(sent: Sent, limitMs: number, awaited: AwaitedState): Promise<Sent> {
    return await this.#sender().settled(sent, limitMs, awaited)
  }

  async history(other: Person): Promise<readonly MessageView[]> {
    return await newestMessages(this.#connected(), other.address, HISTORY_LIMIT)
  }

  /** A link to this person's web chat. */
  async webChat(): Promise<string> {
    return (await webLink(this.#connected())).url
  }

  /** The session with the node. */
  #connected(): NodeClient {
    return this.#started(this.#client)
  }

  #sender(): Outgoing {
    return this.#started(this.#outgoing)
  }

  #started<Part>(part: Part | undefined): Part {
    if (part === undefined) {
      throw new Error(`${this.name}'s node was not started`)
    }
    return part
  }
}
