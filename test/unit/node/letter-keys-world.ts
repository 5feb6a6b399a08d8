import assert from 'node:assert/strict'
import { MemoryStore } from '../../../sim/system/memory-store.ts'
import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import type { AccountKey } from '../../../src/identity/account-key.ts'
import {
  type AccountRecord,
  openAccountRecord,
  RECORD_VALIDITY_MS,
  signAccountRecord,
} from '../../../src/identity/account-record.ts'
import { dayOf } from '../../../src/identity/mailbox-key.ts'
import { LetterKeys } from '../../../src/node/letter-keys.ts'
import type { LetterOrder, SealedOrder } from '../../../src/node/letter-sealer.ts'
import { nodeSchema } from '../../../src/schema.ts'
import type { OpenedLetter } from '../../../src/sealing/open-letter.ts'
import { toUtf8 } from '../../../src/util/bytes.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { accountOf, DAY_MS, peerIdOf } from './record-world.ts'

/** One node of a person, as far as keys for letters go. */
export class KeyHolder {
  readonly account: AccountKey
  readonly peerId: string
  readonly clock: VirtualClock
  readonly logger: RecordingLogger
  /** Of every change it told of, the time in days since the start. */
  readonly changedDays: number[] = []
  store: MemoryStore
  keys: LetterKeys
  readonly #random: SeededRandom

  constructor(clock: VirtualClock, name: string, node: string = name) {
    this.clock = clock
    this.account = accountOf(name)
    this.peerId = peerIdOf(node)
    this.logger = new RecordingLogger(node)
    this.#random = new SeededRandom(node)
    this.store = new MemoryStore(nodeSchema)
    this.keys = this.#create()
  }

  get address(): string {
    return this.account.address
  }

  get today(): number {
    return dayOf(this.clock.wallMs())
  }

  /** As it would be published now. */
  record(others: readonly KeyHolder[] = []): AccountRecord {
    const nowMs = this.clock.wallMs()
    const nodes = [this, ...others].map(({ peerId, keys }) => {
      const prekeys = [keys.recordPart(this.address)!.prekey]
      return { peerId, addresses: [], capabilities: [], updatedMs: nowMs, prekeys }
    })
    const { mailboxKeys } = this.keys.recordPart(this.address)!
    const times = { issuedMs: nowMs, expiresMs: nowMs + RECORD_VALIDITY_MS }
    const bytes = signAccountRecord(this.account, { sequence: 7, ...times, nodes, mailboxKeys })
    return openAccountRecord(bytes, { nowMs })
  }

  order(record: AccountRecord, more: Partial<LetterOrder> = {}): LetterOrder {
    const sentMs = this.clock.wallMs()
    const rest = { messageId: 'm1', sentMs, day: this.today, fresh: true, stanza: toUtf8('<message/>') }
    return { account: this.account, record, ...rest, ...more }
  }

  async seal(record: AccountRecord, more: Partial<LetterOrder> = {}): Promise<SealedOrder> {
    const sealed = await this.keys.seal(this.order(record, more))
    assert.ok(typeof sealed === 'object', `sealed, not ${String(sealed)}`)
    return sealed
  }

  /** Opens a letter and stores it, as a collector does. */
  async take(letter: Uint8Array): Promise<OpenedLetter> {
    const opened = this.keys.open(this.address, letter)
    await this.store.transaction((transaction) => this.keys.consumed(transaction, this.address, opened))
    return opened
  }

  /** Gives the other whatever is due; whether that was anything. */
  async handTo(other: KeyHolder): Promise<boolean> {
    const element = await this.store.transaction((transaction) =>
      this.keys.keysFor(transaction, this.address, other.address),
    )
    if (element !== undefined) {
      await other.store.transaction((transaction) =>
        other.keys.receiveKeys(transaction, other.address, this.address, element),
      )
    }
    return element !== undefined
  }

  /** The node starts again with what its disk has, in good order or after a power failure. */
  async restart(how: 'stop' | 'crash' = 'stop'): Promise<void> {
    if (how === 'crash') {
      this.store = this.store.crash()
    }
    await this.keys.stop()
    if (how === 'stop') {
      await this.store.close()
      this.store = this.store.reopen()
    }
    this.keys = this.#create()
    await this.keys.start()
  }

  /** Every byte column of every row of the tables with secrets, to look for what should be gone. */
  secrets(): Uint8Array[] {
    return nodeSchema.tables
      .filter((table) => 'seed' in table.columns)
      .flatMap((table) => this.store.read.list(table).map((row) => (row as unknown as { seed: Uint8Array }).seed))
  }

  #create(): LetterKeys {
    const { clock, store, logger } = this
    const random = this.#random
    const keys = new LetterKeys({ clock, random, store, logger }, { accounts: [this.account], peerId: this.peerId })
    const startMs = clock.wallMs()
    keys.onChanged((address) => {
      assert.equal(address, this.address)
      this.changedDays.push(Math.floor((clock.wallMs() - startMs) / DAY_MS))
    })
    return keys
  }
}

/** Alice and Bob with a node each, at noon. */
export async function aliceAndBob(): Promise<{ clock: VirtualClock; alice: KeyHolder; bob: KeyHolder }> {
  const clock = new VirtualClock(Date.UTC(2026, 10, 22, 12))
  const [alice, bob] = [new KeyHolder(clock, 'alice'), new KeyHolder(clock, 'bob')]
  await alice.keys.start()
  await bob.keys.start()
  return { clock, alice, bob }
}
