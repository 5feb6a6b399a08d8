import { join } from 'node:path'
import { ControlClient } from '../control/client.ts'
import type { HistoryPage } from '../control/history-page.ts'
import type { ContactView, MessageView } from '../control/messages.ts'
import { type AwaitedState, DeliveryWatch, type Sent, sendMessage } from '../control/send-and-wait.ts'
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
  #client: ControlClient | undefined
  #watch: DeliveryWatch | undefined

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
    this.#client = await ControlClient.connect(findHome({ home: this.home }))
    this.#watch = await DeliveryWatch.open(this.#client)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#client?.close()
    await this.#node?.end(signal)
  }

  async addContact(other: Person): Promise<void> {
    await this.#request('contact-add', { address: other.uri })
  }

  async acceptContact(other: Person): Promise<void> {
    await this.#request('contact-accept', { address: other.address })
  }

  async contact(other: Person): Promise<ContactView | undefined> {
    const { contacts } = await this.#request<{ contacts: readonly ContactView[] }>('contact-list', {})
    return contacts.find(({ address }) => address === other.address)
  }

  /** Resolves when it is on disk here. */
  async send(other: Person, text: string): Promise<Sent> {
    return await sendMessage(this.#connected(), other.address, text)
  }

  /** What has become of a message when it is `awaited`, at the latest after `limitMs`. */
  async settled(sent: Sent, limitMs: number, awaited: AwaitedState): Promise<Sent> {
    return (await this.#watch?.settled(sent, limitMs, awaited)) ?? sent
  }

  async history(other: Person): Promise<readonly MessageView[]> {
    const page = await this.#request<HistoryPage>('history', { address: other.address, limit: HISTORY_LIMIT })
    return page.messages
  }

  async #request<Result extends object>(method: string, params: object): Promise<Result> {
    return await this.#connected().request<Result>(method, params)
  }

  #connected(): ControlClient {
    if (this.#client === undefined) {
      throw new Error(`${this.name}'s node was not started`)
    }
    return this.#client
  }
}
