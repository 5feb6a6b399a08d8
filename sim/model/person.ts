import { initialOutboxState, type OutboxEvent, type OutboxState, stepOutbox } from '../../src/node/outbox-state.ts'
import {
  type DeliveryEvent,
  type DeliveryState,
  INITIAL_DELIVERY_STATE,
  stepDelivery,
} from '../../src/protocol/mailbox/delivery-state.ts'
import { LETTER_RETENTION_MS } from '../../src/protocol/mailbox/letter-limits.ts'
import { COMMIT_DELAY_MS } from '../system/disk.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { CollectionRun } from './collection-run.ts'
import { CustodianCache } from './custodian-cache.ts'
import { DepositRun } from './deposit-run.ts'
import { Kernel } from './kernel.ts'
import type { Account } from './ledger.ts'
import { type Letter, recordPlace } from './letters.ts'
import { LinkRun } from './link-run.ts'
import type { PersonParts, Waiting } from './person-parts.ts'
import { Records } from './records.ts'
import { ACKNOWLEDGEMENT_BYTES } from './traffic.ts'
import type { Wire } from './wire.ts'

/** As in src/node/links.ts. */
const LINK_START_SPREAD_MS = 20
/** As in src/node/node.ts. */
const NEW_PEERS_DELAY_MS = 1_000
/** While nobody is found to publish the account record with. */
const PUBLISH_RETRY_MS = 1_000

/** What is in the outbox, with its machines. */
interface Entry {
  readonly item: Waiting
  delivery: DeliveryState
  deposit: DepositRun | undefined
  timer: number
}

/** A person's node: what is on its disk, and while it runs the machines of outbox, links, deliveries and collection. */
export class Person {
  readonly index: number
  readonly #parts: PersonParts
  readonly #wire: Wire
  readonly #contacts: readonly number[]
  #archive = new Set<number>()
  #outbox = new Map<number, Entry>()
  #through: number | undefined
  #positions = 0
  #turn = 0
  #isRunning = false
  #arePeersNew = false
  readonly #links = new Map<number, LinkRun>()
  readonly #records: Records
  readonly #recipients = new Map<number, OutboxState>()
  readonly #acknowledging: Acknowledgements
  #collection: CollectionRun | undefined
  #cache: CustodianCache

  constructor(parts: PersonParts, index: number, contacts: readonly number[], wire: Wire) {
    this.#parts = parts
    this.index = index
    this.#contacts = contacts
    this.#wire = wire
    this.#cache = new CustodianCache(parts, this.node)
    this.#records = new Records(parts, this.node)
    this.#acknowledging = new Acknowledgements(parts.kernel, (to, acknowledges) => {
      this.#commit(() => this.#queue({ to, bytes: ACKNOWLEDGEMENT_BYTES, message: undefined, acknowledges }))
    })
  }

  get node(): number {
    return this.#parts.homes[this.index] as number
  }

  /** What waits, for whoever counts. */
  *waiting(): Generator<{ readonly item: Waiting; readonly letter: Letter | undefined }, void, undefined> {
    for (const { item, deposit } of this.#outbox.values()) {
      yield { item, letter: deposit?.letter }
    }
  }

  /** The node starts. Without its disk the account is there again, from its recovery phrase, and nothing else. */
  start(disk: boolean): void {
    const { kernel, stream } = this.#parts
    this.#turn++
    this.#isRunning = true
    this.#arePeersNew = false
    this.#cache = new CustodianCache(this.#parts, this.node)
    if (!disk) {
      this.#loseDisk()
    }
    for (const contact of this.#contacts) {
      const link = new LinkRun(this.#parts, { person: this.index, contact }, this.#records, (afterMs) =>
        this.#wire.open(this.index, contact, afterMs),
      )
      this.#links.set(contact, link)
      kernel.schedule(stream.uniform(1 + this.#contacts.length * LINK_START_SPREAD_MS), () =>
        link.step({ type: 'wanted' }),
      )
    }
    this.#collection = new CollectionRun(
      this.#parts,
      this.#cache,
      { person: this.index, node: this.node, through: this.#through },
      {
        store: (letter) => this.receive(letter.content as Waiting, 'letter'),
        finished: (through) => {
          this.#through = through
        },
      },
    )
    this.#collection.online()
    this.#publish()
    for (const entry of [...this.#outbox.values()]) {
      this.#deliver(entry)
    }
  }

  stop(): void {
    this.#turn++
    this.#isRunning = false
    for (const link of this.#links.values()) {
      link.stop()
    }
    this.#links.clear()
    this.#recipients.clear()
    this.#acknowledging.clear()
    this.#collection?.stop()
    this.#collection = undefined
    for (const entry of this.#outbox.values()) {
      entry.deposit?.stop()
      entry.deposit = undefined
      this.#cancel(entry)
    }
  }

  /** Writes a message, if the node runs. It is accepted when it is on the disk, and then there is an account of it. */
  write(to: number, bytes: number): void {
    const { ledger } = this.#parts
    const sentMs = this.#parts.kernel.nowMs
    if (this.#isRunning) {
      this.#commit(() => this.#queue({ to, bytes, message: ledger.send(this.index, to, sentMs), acknowledges: [] }))
    }
  }

  /** Something came, whichever way; on the disk when this returns. */
  receive(item: Waiting, way: 'direct' | 'letter'): void {
    const { ledger, kernel } = this.#parts
    const { message } = item
    if (message === undefined) {
      this.#acknowledged(item.acknowledges)
      return
    }
    if (!this.#archive.has(message.id)) {
      this.#archive.add(message.id)
      // A new disk may see again what the old one had.
      if (message.deliveredMs === null) {
        ledger.arrive(message, way, false, kernel.nowMs)
      }
    }
    if (way === 'letter') {
      this.#acknowledging.add(message)
    }
  }

  linkUp(contact: number): void {
    this.#records.learn(contact)
    this.#links.get(contact)?.step({ type: 'up' })
    this.#step(contact, { type: 'up' })
    this.#stepDeliveries(contact, { type: 'link-up', nowMs: this.#parts.kernel.wallMs })
  }

  /** The stream is gone; the session may still come back. */
  linkDetached(contact: number): void {
    this.#links.get(contact)?.step({ type: 'down' })
    this.#stepDeliveries(contact, { type: 'link-down', nowMs: this.#parts.kernel.wallMs })
  }

  linkClosed(contact: number): void {
    this.#step(contact, { type: 'down' })
  }

  /** A peer was connected: once for all that come in the next moment, as in src/node/node.ts. */
  peerCame(): void {
    if (this.#isRunning && !this.#arePeersNew) {
      this.#arePeersNew = true
      const turn = this.#turn
      this.#parts.kernel.schedule(NEW_PEERS_DELAY_MS, () => {
        if (turn === this.#turn) {
          this.#arePeersNew = false
          this.networkChanged()
        }
      })
    }
  }

  /** The network is another one. */
  networkChanged(): void {
    this.#cache.clear()
    this.#collection?.online()
    for (const { deposit } of this.#outbox.values()) {
      deposit?.networkChanged()
    }
  }

  /** The account record goes to its custodians. */
  #publish(): void {
    const { searches, seed, published, kernel } = this.#parts
    const turn = this.#turn
    searches.find(this.node, recordPlace(seed, this.index), (nodes) => {
      if (nodes.length > 0) {
        published[this.index] = 1
      } else if (turn === this.#turn) {
        kernel.schedule(PUBLISH_RETRY_MS, () => (turn === this.#turn ? this.#publish() : undefined))
      }
    })
  }

  /** Calls `then` when what is written now is on the disk, unless the node stops before. */
  #commit(then: () => void): void {
    const turn = this.#turn
    this.#parts.kernel.schedule(COMMIT_DELAY_MS, () => {
      if (turn === this.#turn) {
        then()
      }
    })
  }

  #loseDisk(): void {
    this.#parts.ledger.excuse(this.index)
    this.#records.forget()
    this.#archive = new Set()
    this.#outbox = new Map()
    this.#through = undefined
  }

  #queue(what: Pick<Waiting, 'to' | 'bytes' | 'message' | 'acknowledges'>): void {
    const { wallMs } = this.#parts.kernel
    const position = ++this.#positions
    const item: Waiting = {
      ...what,
      position,
      from: this.index,
      acceptedMs: wallMs,
      expiresMs: wallMs + LETTER_RETENTION_MS,
      storedBefore: false,
    }
    const entry: Entry = { item, delivery: INITIAL_DELIVERY_STATE, deposit: undefined, timer: -1 }
    this.#outbox.set(position, entry)
    this.#deliver(entry)
    this.#step(item.to, { type: 'queued', position })
  }

  #deliver(entry: Entry): void {
    const { expiresMs, storedBefore, to } = entry.item
    entry.delivery = INITIAL_DELIVERY_STATE
    this.#stepDelivery(entry, {
      type: 'queued',
      nowMs: this.#parts.kernel.wallMs,
      expiresMs,
      storable: true,
      linkUp: this.#wire.isUp(this.index, to),
      phase: storedBefore ? 'stored' : 'queued',
    })
  }

  #stepDeliveries(contact: number, event: DeliveryEvent): void {
    for (const entry of [...this.#outbox.values()]) {
      if (entry.item.to === contact) {
        this.#stepDelivery(entry, event)
      }
    }
  }

  #stepDelivery(entry: Entry, event: DeliveryEvent): void {
    const [state, effects] = stepDelivery(entry.delivery, event)
    entry.delivery = state
    const { item } = entry
    for (const effect of effects) {
      if (effect.type === 'start-deposit') {
        this.#startDeposit(entry)
      } else if (effect.type === 'stop-deposit') {
        entry.deposit?.stop()
      } else if (effect.type === 'stored') {
        this.#stored(entry)
      } else if (effect.type === 'failed') {
        this.#end(entry)
        if (item.message !== undefined) {
          this.#parts.ledger.fail(item.message)
        }
      }
    }
    this.#setTimer(entry)
  }

  #startDeposit(entry: Entry): void {
    const deposit = new DepositRun(this.#parts, { cache: this.#cache, records: this.#records }, entry.item, {
      stored: (receipts, of) => this.#stepDelivery(entry, { type: 'stored', receipts, of }),
      failed: (reason) => this.#stepDelivery(entry, { type: 'deposit-failed', reason }),
    })
    entry.deposit = deposit
    deposit.start()
  }

  #stored(entry: Entry): void {
    const { item } = entry
    item.storedBefore = true
    if (item.message === undefined) {
      this.#end(entry)
    } else {
      const { message } = item
      this.#commit(() => this.#parts.ledger.tellStored(message, this.#parts.kernel.nowMs))
    }
  }

  /** The recipient says that it has these. */
  #acknowledged(accounts: readonly Account[]): void {
    for (const entry of [...this.#outbox.values()]) {
      if (entry.item.message !== undefined && accounts.includes(entry.item.message)) {
        this.#delivered(entry)
      }
    }
  }

  #delivered(entry: Entry): void {
    if (this.#outbox.get(entry.item.position) !== entry) {
      return
    }
    const { message } = entry.item
    this.#stepDelivery(entry, { type: 'acknowledged' })
    this.#end(entry)
    if (message !== undefined) {
      this.#parts.ledger.confirm(message, this.#parts.kernel.nowMs)
    }
  }

  #end(entry: Entry): void {
    entry.deposit?.stop()
    this.#outbox.delete(entry.item.position)
    this.#cancel(entry)
  }

  #step(recipient: number, event: OutboxEvent): void {
    if (!this.#isRunning) {
      return
    }
    const before = this.#recipients.get(recipient) ?? initialOutboxState(this.#positions)
    const [state, effect] = stepOutbox(before, event)
    this.#recipients.set(recipient, state)
    if (effect !== undefined) {
      this.#transmit(recipient, effect)
    }
  }

  #transmit(recipient: number, { after, to, limit }: { after: number; to: number; limit: number }): void {
    if (!this.#wire.isUp(this.index, recipient)) {
      this.#step(recipient, { type: 'down' })
      return
    }
    const entries = [...this.#outbox.values()]
      .filter(({ item }) => item.to === recipient && item.position > after && item.position <= to)
      .slice(0, limit)
    const turn = this.#turn
    for (const entry of entries) {
      const { position } = entry.item
      this.#wire.send(entry.item, (outcome) => {
        if (turn !== this.#turn) {
          return
        }
        this.#step(recipient, outcome === 'lost' ? { type: 'lost', position } : { type: 'acknowledged' })
        if (outcome === 'acknowledged') {
          this.#delivered(entry)
        }
      })
      this.#step(recipient, { type: 'sent', position })
    }
    this.#step(recipient, entries.length < limit ? { type: 'exhausted', to } : { type: 'queued', position: to })
  }

  #setTimer(entry: Entry): void {
    this.#cancel(entry)
    const { kernel } = this.#parts
    const { dueMs } = entry.delivery
    if (!this.#isRunning || dueMs === Number.POSITIVE_INFINITY || !this.#outbox.has(entry.item.position)) {
      return
    }
    const delayMs = Math.max(0, Kernel.simulatedMs(dueMs) - kernel.nowMs)
    entry.timer = kernel.schedule(delayMs, () => {
      entry.timer = -1
      this.#stepDelivery(entry, { type: 'due', nowMs: kernel.wallMs })
    })
  }

  #cancel(entry: Entry): void {
    if (entry.timer >= 0) {
      this.#parts.kernel.cancel(entry.timer)
      entry.timer = -1
    }
  }
}
