import type { Reader, Row, Transaction } from '../../../system/store.ts'
import type { Element } from '../../../xml/element.ts'
import { parseElement } from '../../../xml/parser.ts'
import { pubsubError } from '../../../xmpp/extensions/pubsub.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import { pepItemsTable, pepNodesTable } from '../../tables/pep.ts'
import { defaultPepConfig, PEP_ITEMS_MAX, type PepConfig } from './pep-config.ts'
import { storedXml } from './stored-xml.ts'

/** Nodes of an account; with OMEMO 0.3 each device makes one. *ours* */
const PEP_NODES_MAX = 256
/** UTF-8 bytes of a payload: with its envelope it must fit into a stanza of 256 KiB. *ours* */
const PEP_ITEM_MAX_BYTES = 245_760
/** UTF-8 bytes of all payloads of an account. *ours* */
const PEP_ACCOUNT_MAX_BYTES = 33_554_432
/** UTF-16 units of the name of a node or of an item: that of a JID, since bookmarks are named by one. *ours* */
const PEP_NAME_MAX_LENGTH = 3_071

/** A node and its configuration. */
export interface PepNode {
  readonly name: string
  readonly config: PepConfig
}

/** An item of a node. */
export interface PepItem {
  readonly id: string
  readonly payload: Element
  /** Of the payload as XML in UTF-8. */
  readonly bytes: number
}

/** How much to read of a node. */
export interface PepItemLimits {
  /** @default all items */
  readonly items?: number
  /** @default any */
  readonly bytes?: number
}

/** Rows read at a time, so that a short answer does not read a large node. */
const PAGE_ROWS = 16

type NodeRow = Row<typeof pepNodesTable>

/** Nodes and items of one account on disk, within their quotas. Reading sees what is not on disk yet. */
export class PepStore {
  readonly #account: string

  constructor(account: string) {
    this.#account = account
  }

  nodes(reader: Reader): PepNode[] {
    return reader.list(pepNodesTable, { prefix: [this.#account], limit: PEP_NODES_MAX }).map(toNode)
  }

  node(reader: Pick<Reader, 'get'>, name: string): PepNode | undefined {
    const row = this.#row(reader, name)
    return row === undefined ? undefined : toNode(row)
  }

  /** The latest first; those that fit into `bytes` together, but at least one. */
  items(
    reader: Reader,
    node: string,
    { items = PEP_ITEMS_MAX, bytes = PEP_ACCOUNT_MAX_BYTES }: PepItemLimits = {},
  ): PepItem[] {
    const found: PepItem[] = []
    let left = bytes
    let before = Number.MAX_SAFE_INTEGER
    while (found.length < items) {
      const page = { index: 'by_sequence', prefix: [this.#account, node], before, reverse: true } as const
      const rows = reader.list(pepItemsTable, { ...page, limit: Math.min(PAGE_ROWS, items - found.length) })
      for (const row of rows) {
        left -= row.bytes
        if (left < 0 && found.length > 0) {
          return found
        }
        found.push(toItem(row))
        before = row.sequence
      }
      if (rows.length < PAGE_ROWS) {
        return found
      }
    }
    return found
  }

  /** Names of all items, the latest first. */
  ids(reader: Reader, node: string): string[] {
    return this.#rows(reader, node, PEP_ITEMS_MAX, true).map(({ id }) => id)
  }

  /** How many items a node has. */
  count(reader: Pick<Reader, 'get'>, node: string): number {
    return this.#row(reader, node)?.items ?? 0
  }

  item(reader: Pick<Reader, 'get'>, node: string, id: string): PepItem | undefined {
    const row = reader.get(pepItemsTable, [this.#account, node, id])
    return row === undefined ? undefined : toItem(row)
  }

  /**
   * Makes a node or changes its configuration; items too many for it go, the oldest first.
   *
   * @throws StanzaError `not-allowed` (max-nodes-exceeded), `not-acceptable`
   */
  configure(transaction: Transaction, name: string, config: PepConfig): PepNode {
    checkName(name)
    const row = this.#row(transaction, name)
    if (row === undefined && transaction.count(pepNodesTable, { prefix: [this.#account] }) >= PEP_NODES_MAX) {
      throw pubsubError('not-allowed', 'max-nodes-exceeded')
    }
    const next = { ...(row ?? this.#blank(name)), config: JSON.stringify(config) }
    transaction.put(pepNodesTable, next)
    this.#trim(transaction, next, config.persistItems ? config.maxItems : 0)
    return { name, config }
  }

  /**
   * Keeps an item of a node that exists; one with the same id is replaced, the oldest goes when there are too many.
   *
   * @throws StanzaError `not-acceptable` (payload-too-big)
   */
  put(transaction: Transaction, node: PepNode, id: string, payload: Element): void {
    checkName(id)
    const { text, bytes } = storedXml(payload)
    if (bytes > PEP_ITEM_MAX_BYTES) {
      throw pubsubError('not-acceptable', 'payload-too-big', `At most ${PEP_ITEM_MAX_BYTES} bytes fit into an item.`)
    }
    this.remove(transaction, node.name, id)
    const row = this.#row(transaction, node.name) ?? this.#blank(node.name)
    const [last] = this.#rows(transaction, node.name, 1, true)
    transaction.put(pepItemsTable, {
      account: this.#account,
      node: node.name,
      id,
      sequence: (last?.sequence ?? 0) + 1,
      payload: text,
      bytes,
    })
    const next = { ...row, items: row.items + 1, bytes: row.bytes + bytes }
    transaction.put(pepNodesTable, next)
    this.#trim(transaction, next, node.config.maxItems)
  }

  /** False if there was no such item. */
  remove(transaction: Transaction, node: string, id: string): boolean {
    const item = transaction.get(pepItemsTable, [this.#account, node, id])
    const row = this.#row(transaction, node)
    if (item === undefined || row === undefined) {
      return false
    }
    transaction.delete(pepItemsTable, [this.#account, node, id])
    transaction.put(pepNodesTable, { ...row, items: row.items - 1, bytes: row.bytes - item.bytes })
    return true
  }

  /** Removes all items. */
  purge(transaction: Transaction, node: string): void {
    transaction.deleteRange(pepItemsTable, { prefix: [this.#account, node] })
    const row = this.#row(transaction, node)
    if (row !== undefined) {
      transaction.put(pepNodesTable, { ...row, items: 0, bytes: 0 })
    }
  }

  deleteNode(transaction: Transaction, node: string): void {
    transaction.deleteRange(pepItemsTable, { prefix: [this.#account, node] })
    transaction.delete(pepNodesTable, [this.#account, node])
  }

  /**
   * At the end of a transaction that has put something.
   *
   * @throws StanzaError `resource-constraint`
   */
  checkQuota(reader: Reader): void {
    const all = reader.list(pepNodesTable, { prefix: [this.#account], limit: PEP_NODES_MAX })
    if (all.reduce((sum, one) => sum + one.bytes, 0) > PEP_ACCOUNT_MAX_BYTES) {
      throw new StanzaError('resource-constraint', 'The nodes of this account are full.')
    }
  }

  #trim(transaction: Transaction, row: NodeRow, maxItems: number): void {
    if (row.items > maxItems) {
      for (const { id } of this.#rows(transaction, row.node, row.items - maxItems, false)) {
        this.remove(transaction, row.node, id)
      }
    }
  }

  #rows(reader: Reader, node: string, limit: number, reverse: boolean): Row<typeof pepItemsTable>[] {
    return reader.list(pepItemsTable, { index: 'by_sequence', prefix: [this.#account, node], limit, reverse })
  }

  #row(reader: Pick<Reader, 'get'>, node: string): NodeRow | undefined {
    return reader.get(pepNodesTable, [this.#account, node])
  }

  #blank(node: string): NodeRow {
    return { account: this.#account, node, config: '{}', items: 0, bytes: 0 }
  }
}

function checkName(name: string): void {
  if (name.length === 0 || name.length > PEP_NAME_MAX_LENGTH) {
    throw new StanzaError('not-acceptable', 'The name of a node or item is empty or too long.')
  }
}

function toNode(row: NodeRow): PepNode {
  return { name: row.node, config: { ...defaultPepConfig(), ...JSON.parse(row.config) } }
}

function toItem(row: Row<typeof pepItemsTable>): PepItem {
  return { id: row.id, payload: parseElement(row.payload), bytes: row.bytes }
}
