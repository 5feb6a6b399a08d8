import type { Random } from '../../../system/random.ts'
import type { Store, Transaction } from '../../../system/store.ts'
import { toHex } from '../../../util/bytes.ts'
import { Listeners } from '../../../util/listeners.ts'
import type { Element } from '../../../xml/element.ts'
import type { DataFormValues } from '../../../xmpp/data-form.ts'
import { pubsubError } from '../../../xmpp/extensions/pubsub.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import { changePepConfig, defaultPepConfig, knowsFields, meetsPreconditions, type PepConfig } from './pep-config.ts'
import { type PepItem, type PepItemLimits, type PepNode, PepStore } from './pep-store.ts'

/** Length of an item id that we draw. */
const ITEM_ID_BYTES = 10

/** What has changed in a node; told after it is on disk. */
export type PepChange =
  | { readonly type: 'published'; readonly node: PepNode; readonly item: Omit<PepItem, 'bytes'> }
  | { readonly type: 'retracted'; readonly node: PepNode; readonly id: string; readonly notify: boolean }
  | { readonly type: 'purged' | 'deleted' | 'configured'; readonly node: PepNode }

/** What is to be published. Without an id one is drawn (XEP-0060 §7.1.3.5). */
export interface PepPublication {
  readonly node: string
  readonly id?: string | undefined
  readonly payload: Element
  /** The form `publish-options` (XEP-0060 §7.1.5). */
  readonly options?: DataFormValues | undefined
  /** Of the node, if it is made by this. @default `defaultPepConfig` of its name */
  readonly defaults?: PepConfig
}

/** Something that changes other nodes in the same transaction when one was changed. */
export type PepConversion = (change: PepChange, changes: PepChanges) => void

/** Changes to the nodes of an account inside a transaction. All methods throw `StanzaError`. */
export class PepChanges {
  readonly transaction: Transaction
  readonly made: PepChange[] = []
  readonly #store: PepStore
  readonly #random: Pick<Random, 'bytes'>

  constructor(transaction: Transaction, store: PepStore, random: Pick<Random, 'bytes'>) {
    this.transaction = transaction
    this.#store = store
    this.#random = random
  }

  /** XEP-0060 §7.1, with automatic creation (§7.1.4). Returns the id of the item. */
  publish({ node: name, id, payload, options, defaults = defaultPepConfig(name) }: PepPublication): string {
    let node = this.#store.node(this.transaction, name)
    if (
      options !== undefined &&
      !(node === undefined ? knowsFields(options) : meetsPreconditions(node.config, options))
    ) {
      throw pubsubError('conflict', 'precondition-not-met', 'The node is configured otherwise.')
    }
    if (node === undefined) {
      const config = options === undefined ? defaults : changePepConfig(defaults, options)
      node = this.#store.configure(this.transaction, name, config)
    }
    const itemId = id ?? toHex(this.#random.bytes(ITEM_ID_BYTES))
    if (node.config.persistItems) {
      this.#store.put(this.transaction, node, itemId, payload)
    }
    this.made.push({ type: 'published', node, item: { id: itemId, payload } })
    return itemId
  }

  /** XEP-0060 §7.2. */
  retract(name: string, id: string, notify: boolean): void {
    const node = this.node(name)
    if (!this.#store.remove(this.transaction, name, id)) {
      throw new StanzaError('item-not-found', 'There is no such item.')
    }
    this.made.push({ type: 'retracted', node, id, notify })
  }

  /** XEP-0060 §8.1; `conflict` if the node exists. */
  create(name: string, form: DataFormValues | undefined): void {
    if (this.#store.node(this.transaction, name) !== undefined) {
      throw new StanzaError('conflict', 'This node exists.')
    }
    const config = form === undefined ? defaultPepConfig(name) : changePepConfig(defaultPepConfig(name), form)
    this.#store.configure(this.transaction, name, config)
  }

  /** XEP-0060 §8.2. */
  configure(name: string, form: DataFormValues): void {
    const config = changePepConfig(this.node(name).config, form)
    const node = this.#store.configure(this.transaction, name, config)
    this.made.push({ type: 'configured', node })
  }

  /** XEP-0060 §8.4. */
  deleteNode(name: string): void {
    const node = this.node(name)
    this.#store.deleteNode(this.transaction, name)
    this.made.push({ type: 'deleted', node })
  }

  /** XEP-0060 §8.5. */
  purge(name: string): void {
    const node = this.node(name)
    this.#store.purge(this.transaction, name)
    this.made.push({ type: 'purged', node })
  }

  findNode(name: string): PepNode | undefined {
    return this.#store.node(this.transaction, name)
  }

  /** @throws StanzaError `item-not-found` */
  node(name: string): PepNode {
    const node = this.#store.node(this.transaction, name)
    if (node === undefined) {
      throw new StanzaError('item-not-found', 'There is no such node.')
    }
    return node
  }

  items(name: string): PepItem[] {
    return this.#store.items(this.transaction, name)
  }
}

/** The PEP service of one account (XEP-0163): its nodes, changed on disk first and then told to whoever listens. */
export class Pep {
  readonly #store: Store
  readonly #nodes: PepStore
  readonly #random: Pick<Random, 'bytes'>
  readonly #changed = new Listeners<PepChange>()
  readonly #conversions: PepConversion[] = []

  constructor(store: Store, account: string, random: Pick<Random, 'bytes'>) {
    this.#store = store
    this.#nodes = new PepStore(account)
    this.#random = random
  }

  nodes(): PepNode[] {
    return this.#nodes.nodes(this.#store.read)
  }

  node(name: string): PepNode | undefined {
    return this.#nodes.node(this.#store.read, name)
  }

  /** The latest first; those that fit into `maxBytes` together, but at least one. */
  items(node: string, limits?: PepItemLimits): PepItem[] {
    return this.#nodes.items(this.#store.read, node, limits)
  }

  item(node: string, id: string): PepItem | undefined {
    return this.#nodes.item(this.#store.read, node, id)
  }

  /** Runs changes and what follows from them in one transaction; resolves when they are on disk and told. */
  async change<Result>(make: (changes: PepChanges) => Result): Promise<Result> {
    const { result, made } = await this.#store.transaction((transaction) => {
      const changes = new PepChanges(transaction, this.#nodes, this.#random)
      const result = make(changes)
      // The last change of each node is enough: conversions look at what there is now.
      for (const change of new Map(changes.made.map((one) => [one.node.name, one])).values()) {
        for (const convert of this.#conversions) {
          convert(change, changes)
        }
      }
      this.#nodes.checkQuota(transaction)
      return { result, made: changes.made }
    })
    for (const change of made) {
      this.#changed.emit(change)
    }
    return result
  }

  /** What a conversion changes is not converted again. */
  addConversion(conversion: PepConversion): void {
    this.#conversions.push(conversion)
  }

  /** Names of all items, the latest first. */
  ids(node: string): string[] {
    return this.#nodes.ids(this.#store.read, node)
  }

  /** How many items a node has. */
  count(node: string): number {
    return this.#nodes.count(this.#store.read, node)
  }

  subscribe(listener: (change: PepChange) => void): () => void {
    return this.#changed.add(listener)
  }
}
