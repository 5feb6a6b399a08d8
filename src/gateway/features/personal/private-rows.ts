import type { Store, Transaction } from '../../../system/store.ts'
import type { Element } from '../../../xml/element.ts'
import { parseElement } from '../../../xml/parser.ts'
import { StanzaError } from '../../../xmpp/stanza-error.ts'
import { privateStorageTable } from '../../tables/private-storage.ts'
import { storedXml } from './stored-xml.ts'

/** Elements kept for one account. *ours* */
const PRIVATE_MAX_ELEMENTS = 256
/** UTF-8 bytes of all of them. *ours* */
const PRIVATE_MAX_BYTES = 1_048_576

/** Elements that an account keeps, by name and namespace, the last of each. */
export class PrivateRows {
  readonly #store: Pick<Store, 'read'>
  readonly #account: string

  constructor(store: Pick<Store, 'read'>, account: string) {
    this.#store = store
    this.#account = account
  }

  get(name: string, namespace: string): Element | undefined {
    const row = this.#store.read.get(privateStorageTable, [this.#account, namespace, name])
    return row === undefined ? undefined : parseElement(row.content)
  }

  /** @throws StanzaError `resource-constraint`, `not-acceptable` */
  put(transaction: Transaction, content: Element): void {
    const { text, bytes } = storedXml(content)
    transaction.put(privateStorageTable, {
      account: this.#account,
      namespace: content.namespace,
      name: content.name,
      content: text,
      bytes,
    })
    const rows = transaction.list(privateStorageTable, { prefix: [this.#account], limit: PRIVATE_MAX_ELEMENTS + 1 })
    const total = rows.reduce((sum, row) => sum + row.bytes, 0)
    if (rows.length > PRIVATE_MAX_ELEMENTS || total > PRIVATE_MAX_BYTES) {
      throw new StanzaError('resource-constraint', 'The private storage of this account is full.')
    }
  }
}
