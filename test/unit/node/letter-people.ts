import { SeededRandom } from '../../../sim/system/seeded-random.ts'
import type { AccountKey } from '../../../src/identity/account-key.ts'
import { dayOf, mailboxKey } from '../../../src/identity/mailbox-key.ts'
import { Collections } from '../../../src/node/collections.ts'
import type { DepositItem } from '../../../src/node/deposit-item.ts'
import { Deposits } from '../../../src/node/deposits.ts'
import { MailboxClient } from '../../../src/protocol/mailbox/client.ts'
import type { LetterKeeper } from '../../../src/protocol/mailbox/letter-keeper.ts'
import { LETTER_RETENTION_MS } from '../../../src/protocol/mailbox/letter-limits.ts'
import type { OpenedLetter } from '../../../src/sealing/open-letter.ts'
import type { Clock } from '../../../src/system/clock.ts'
import { toUtf8 } from '../../../src/util/bytes.ts'
import type { MemoryLetters } from '../../support/memory-letters.ts'
import type { MemoryNetwork } from '../../support/memory-network.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import type { VirtualClock } from '../../support/virtual-clock.ts'
import { type Custodian, LetterWorld } from '../protocol/mailbox/letter-world.ts'
import { KeyHolder } from './letter-keys-world.ts'

/** What a sender was told of one message, in order. */
export type Told = readonly [what: 'stored' | 'receipts' | 'failed' | 'refused' | 'room', ...rest: (number | string)[]]

export interface LetterPersonOptions {
  readonly skewMs?: number
  readonly keeper?: LetterKeeper
  /** Messages that go by letter at a time. @default what Deposits has */
  readonly maxLetters?: number
}

/** Somebody with a node that sends and collects letters. */
export class LetterPerson {
  readonly world: LetterPeople
  readonly clock: Clock
  readonly holder: KeyHolder
  readonly logger: RecordingLogger
  readonly told: Map<number, Told[]> = new Map()
  /** Message ids of the letters that were stored, in their order. */
  readonly received: string[] = []
  readonly unreadable: string[] = []
  /** What happens when a letter is to be stored. @default nothing but noting it */
  store: (opened: OpenedLetter) => Promise<void> = async () => {}
  /** What happens when there is room for a message again. @default nothing but noting it */
  onRoom: (position: number) => void = () => {}
  network!: MemoryNetwork
  mailbox!: MailboxClient
  deposits!: Deposits
  collections!: Collections
  readonly keeper: LetterKeeper | undefined
  readonly #maxLetters: Pick<LetterPersonOptions, 'maxLetters'>
  #ids = new Set<string>()

  constructor(world: LetterPeople, name: string, options: LetterPersonOptions) {
    this.world = world
    this.clock = skewed(world.clock, options.skewMs ?? 0)
    // Whatever is not of the clock's contract is not used by keys.
    this.holder = new KeyHolder(this.clock as VirtualClock, name)
    this.logger = new RecordingLogger(name)
    this.keeper = options.keeper
    this.#maxLetters = options.maxLetters === undefined ? {} : { maxLetters: options.maxLetters }
  }

  get account(): AccountKey {
    return this.holder.account
  }

  get address(): string {
    return this.holder.address
  }

  /** The node starts, for the first time or again. */
  async arrive(): Promise<void> {
    const { clock, logger, holder, world, keeper } = this
    this.network = world.letters.network.createNetwork(holder.peerId)
    await this.network.start()
    this.mailbox = new MailboxClient({ clock, network: this.network, logger })
    const random = new SeededRandom(`${holder.peerId} ${clock.wallMs()}`)
    const components = {
      clock,
      random,
      network: this.network,
      mailbox: this.mailbox,
      keys: holder.keys,
      logger,
      keeper,
    }
    const tell =
      (what: Told[0]) =>
      (position: number, ...rest: (number | string)[]): void => {
        this.told.set(position, [...(this.told.get(position) ?? []), [what, ...rest]])
      }
    const handlers = {
      stored: tell('stored'),
      receipts: tell('receipts'),
      failed: tell('failed'),
      refused: tell('refused'),
      room: (position: number) => {
        tell('room')(position)
        this.onRoom(position)
      },
    }
    const directory = {
      lookup: async (address: string) => world.recordOf(address),
      ownRecord: () => undefined,
    }
    this.deposits = new Deposits({ ...components, ...this.#maxLetters, directory }, handlers)
    this.collections = new Collections(components, {
      accounts: [holder.account],
      open: async (_account, opened) => {
        await this.store(opened)
        if (!this.#ids.has(opened.messageId)) {
          this.#ids.add(opened.messageId)
          this.received.push(opened.messageId)
        }
      },
      unreadable: async (_account, _letterId, reason) => {
        this.unreadable.push(reason)
      },
    })
  }

  /** The node stops; nothing of it goes on. */
  async leave(): Promise<void> {
    await Promise.all([this.deposits.close(), this.collections.stop()])
    await this.mailbox.stop()
    await this.network.stop()
  }

  item(position: number, recipient: LetterPerson, more: Partial<DepositItem> = {}): DepositItem {
    const acceptedMs = this.clock.wallMs()
    return {
      position,
      id: `m${position}`,
      account: this.account,
      recipient: recipient.address,
      stanza: toUtf8('<message/>'),
      acceptedMs,
      expiresMs: acceptedMs + LETTER_RETENTION_MS,
      storedBefore: false,
      ...more,
    }
  }

  write(position: number, recipient: LetterPerson, more: Partial<DepositItem> = {}): void {
    this.deposits.start(this.item(position, recipient, more))
  }

  last(position: number): Told | undefined {
    return this.told.get(position)?.at(-1)
  }

  isStored(position: number): boolean {
    return this.told.get(position)?.some(([what]) => what === 'stored') ?? false
  }
}

/** Custodians and people, in memory, on a virtual clock. */
export class LetterPeople {
  readonly letters: LetterWorld = new LetterWorld()
  readonly custodians: Custodian[] = []
  readonly people: LetterPerson[] = []

  get clock(): VirtualClock {
    return this.letters.clock
  }

  /** `keeper`: the letters of the custodian with this number. @default plain ones */
  static async create(
    custodians = 12,
    keeper?: (clock: VirtualClock, custodian: number) => MemoryLetters,
  ): Promise<LetterPeople> {
    const world = new LetterPeople()
    world.clock.setWallMs(Date.UTC(2026, 10, 22, 12))
    for (let i = 0; i < custodians; i++) {
      world.custodians.push(await world.letters.custodian(`custodian ${i}`, keeper?.(world.clock, i)))
    }
    return world
  }

  async person(name: string, options: LetterPersonOptions = {}): Promise<LetterPerson> {
    const person = new LetterPerson(this, name, options)
    this.people.push(person)
    await person.holder.keys.start()
    await person.arrive()
    return person
  }

  /** Two people who have handed each other permits. */
  async contacts(one: LetterPerson, other: LetterPerson): Promise<void> {
    await one.holder.handTo(other.holder)
    await other.holder.handTo(one.holder)
  }

  recordOf(address: string): ReturnType<KeyHolder['record']> | undefined {
    return this.people.find((person) => person.address === address)?.holder.record()
  }

  /** Letters that all custodians have for somebody on a day. */
  kept(person: LetterPerson, day: number = dayOf(this.clock.wallMs())): number {
    const { publicKey } = mailboxKey(person.account, day)
    return this.custodians.reduce((sum, { keeper }) => sum + keeper.count(publicKey), 0)
  }

  kill(custodian: Custodian): void {
    this.letters.network.kill(custodian.network.peerId)
  }

  async stop(): Promise<void> {
    for (const person of this.people) {
      await person.leave()
      await person.holder.keys.stop()
    }
    for (const { server, client, network } of this.custodians) {
      await client.stop()
      await server.stop()
      await network.stop()
    }
  }
}

/** A clock that goes as `clock` does and shows another time. */
function skewed(clock: VirtualClock, skewMs: number): Clock {
  return {
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs() + skewMs,
    schedule: (delayMs, fn) => clock.schedule(delayMs, fn),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    timeoutSignal: (delayMs) => clock.timeoutSignal(delayMs),
  }
}
