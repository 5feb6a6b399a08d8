import type { NodeKey } from '../identity/node-key.ts'
import type { MailboxClient } from '../protocol/mailbox/client.ts'
import type { LetterKeeper } from '../protocol/mailbox/letter-keeper.ts'
import { NODE_STORAGE_DEFAULT_BYTES } from '../protocol/mailbox/letter-limits.ts'
import { MailboxServer } from '../protocol/mailbox/server.ts'
import type { System } from '../system/system.ts'
import { networksOf } from '../util/ip-network.ts'
import type { NodeStatus } from './api.ts'
import { ClosestSets } from './closest-sets.ts'
import { CustodianPeers } from './custodian-peers.ts'
import { Custody } from './custody.ts'
import { LetterCustody } from './letter-custody.ts'
import { Replication } from './replication.ts'

export interface KeepingInit {
  /** Signs receipts. */
  readonly nodeKey: NodeKey
  readonly storageBytes: number | undefined
  /** Something of a peer was refused, for this reason. */
  readonly onRefused: (reason: string) => void
}

/** What this node does for others: it keeps their account records and letters, and their number up. */
export class Keeping {
  readonly records: Custody
  readonly #server: MailboxServer
  readonly #letters: LetterCustody
  readonly #replication: Replication
  #started = false

  constructor(components: System & { readonly mailbox: MailboxClient }, init: KeepingInit) {
    const { clock, random, logger } = components
    const { nodeKey, storageBytes = NODE_STORAGE_DEFAULT_BYTES, onRefused } = init
    const closest = new ClosestSets(components, storageBytes > 0)
    const custodians = new CustodianPeers(clock, closest)
    const parts = { ...components, closest, custodians }
    this.records = new Custody({ ...components, logger: logger.child('records') }, { onRefused })
    this.#letters = new LetterCustody(
      { ...parts, logger: logger.child('letters') },
      { storageBytes, networkOf: (peerId) => networksOf(components.network.remoteAddresses(peerId))[0] },
    )
    this.#replication = new Replication({ ...parts, letters: this.#letters, logger: logger.child('replication') })
    const { keeper } = this
    const sign = (bytes: Uint8Array): Uint8Array => nodeKey.sign(bytes)
    this.#server = new MailboxServer(
      { ...components, logger: logger.child('mailbox') },
      {
        records: this.records,
        letters: keeper && { keeper, sign, random, onRefused: (_peerId, reason) => onRefused(reason) },
        onViolation: (_peerId, reason) => onRefused(reason),
      },
    )
  }

  /** For this node's own deposits and collections; undefined when no letters are kept for others. */
  get keeper(): LetterKeeper | undefined {
    return this.#letters.keepsStorage ? this.#letters : undefined
  }

  /** To be started before the network, so that nobody is refused for being early. */
  async start(): Promise<void> {
    this.#started = true
    this.#server.start()
    this.records.start()
    if (this.keeper !== undefined) {
      await this.#letters.start()
      this.#replication.start()
    }
  }

  /** Hands over what is kept here, as far as that is possible in a few seconds. The mailbox client must run still. */
  async stop(): Promise<void> {
    await this.#replication.stop()
    await this.#server.stop()
    await this.records.stop()
    if (this.#started && this.keeper !== undefined) {
      await this.#letters.stop()
    }
  }

  status(): Pick<NodeStatus, 'letters' | 'recordsKept'> {
    const { letters, bytes, mailboxes, limitBytes } = this.#letters.status()
    return { letters: { kept: letters, bytes, mailboxes, limitBytes }, recordsKept: this.records.recordsKept() }
  }
}
