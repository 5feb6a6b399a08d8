import { setTimeout as sleep } from 'node:timers/promises'
import { kabberJson } from '../support/kabber-process.ts'
import type { LabNode } from './lab-node.ts'
import { until } from './wait.ts'

/** Time for the last messages after the writing has ended. */
const DRAIN_LIMIT_MS = 60_000

/** What a conversation came to. */
export interface Account {
  /** Lost, doubled or misplaced messages, in words; empty when all is well. */
  readonly problems: readonly string[]
  readonly messages: number
  /** The longest from handing in to the acknowledgement of the other's node, milliseconds. */
  readonly longestMs: number
}

/** One person writes numbered messages to another, one after the other, until told to stop. */
export class Conversation {
  readonly #writer: LabNode
  readonly #reader: LabNode
  readonly #sentMs = new Map<string, number>()
  readonly #delivered = new Map<string, number>()
  readonly #writing: Promise<void>
  #isOver = false
  #count = 0

  /** `pauseMs` between two messages. */
  constructor(writer: LabNode, reader: LabNode, pauseMs: number) {
    this.#writer = writer
    this.#reader = reader
    writer.outgoing.onNews(({ id, state }) => {
      if (state === 'delivered' && !this.#delivered.has(id)) {
        this.#delivered.set(id, performance.now())
      }
    })
    this.#writing = this.#write(pauseMs)
    this.#writing.catch(() => {})
  }

  /** Messages whose delivery is known. */
  get delivered(): number {
    return this.#delivered.size
  }

  /** Messages handed in so far. */
  get written(): number {
    return this.#count
  }

  /** The longest time that one of the messages took, those handed in since `sinceMs` (performance.now). */
  longestSince(sinceMs: number): number {
    const times = [...this.#sentMs].filter(([, sentMs]) => sentMs >= sinceMs)
    return Math.max(0, ...times.map(([id, sentMs]) => (this.#delivered.get(id) ?? performance.now()) - sentMs))
  }

  /** Stops writing, waits until all has arrived, and compares what the reader has with what was written. */
  async end(): Promise<Account> {
    this.#isOver = true
    await this.#writing
    await until(DRAIN_LIMIT_MS, async () => this.#delivered.size === this.#count)
    const received = await this.#received()
    const texts = new Set(received)
    const lost = this.#count - texts.size
    const isOrdered = [...texts].every((text, index) => text === textOf(index))
    return {
      problems: [
        ...(lost > 0 ? [`${lost} of ${this.#count} messages lost`] : []),
        ...(texts.size < received.length ? [`${received.length - texts.size} messages came twice`] : []),
        ...(lost === 0 && !isOrdered ? ['messages came out of order'] : []),
      ],
      messages: this.#count,
      longestMs: this.longestSince(0),
    }
  }

  async #write(pauseMs: number): Promise<void> {
    while (!this.#isOver) {
      const handedInMs = performance.now()
      const { id } = await this.#writer.outgoing.send(this.#reader.address, textOf(this.#count))
      this.#sentMs.set(id, handedInMs)
      this.#count += 1
      await sleep(pauseMs)
    }
  }

  async #received(): Promise<readonly string[]> {
    const limit = ['--limit', '1000000']
    const lines = await kabberJson(this.#reader.home, 'history', this.#writer.address, ...limit)
    return lines
      .filter(({ direction, body }) => direction === 'in' && String(body).startsWith(PREFIX))
      .map(({ body }) => String(body))
  }
}

const PREFIX = 'message '

function textOf(number: number): string {
  return `${PREFIX}${number}`
}
