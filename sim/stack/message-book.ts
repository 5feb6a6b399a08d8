import type { MessageRow } from '../results/results.ts'

/** What a message is padded with. */
const FILLER = 'And so I did with Kabber what I had done with letters before. '

/** One message and all that is known of it. */
export interface BookedMessage {
  readonly id: number
  /** Indices of people. */
  readonly from: number
  readonly to: number
  readonly body: string
  readonly sentMs: number
  /** The id under which nodes know it, once its node has acknowledged it. */
  stanzaId: string | undefined
  storedMs: number | undefined
  deliveredMs: number | undefined
  way: MessageRow['way']
  hasFailed: boolean
  /** A disk that held it was lost, or a node it needs never comes back: nobody promised that it arrives. */
  isExcused: boolean
}

/** Every message that was written, by its number. */
export class MessageBook {
  readonly #messages: BookedMessage[] = []
  readonly #byStanzaId = new Map<string, BookedMessage>()
  #pending = 0

  /** A message about to be handed to its node: `#7:` and as much text as there is to be. */
  write(message: { from: number; to: number; bytes: number; sentMs: number }): BookedMessage {
    const id = this.#messages.length
    const start = `#${id}:`
    const repeats = Math.ceil(Math.max(0, message.bytes - start.length) / FILLER.length)
    const body = (start + FILLER.repeat(repeats)).slice(0, Math.max(start.length, message.bytes))
    const { from, to, sentMs } = message
    const booked: BookedMessage = {
      ...{ id, from, to, body, sentMs, stanzaId: undefined, storedMs: undefined, deliveredMs: undefined },
      ...{ way: 'none', hasFailed: false, isExcused: false },
    }
    this.#messages.push(booked)
    return booked
  }

  /** Its node has acknowledged it: from now on it must not get lost. */
  accepted(message: BookedMessage, stanzaId: string): void {
    message.stanzaId = stanzaId
    this.#byStanzaId.set(stanzaId, message)
    this.#pending += isPending(message) ? 1 : 0
  }

  stored(stanzaId: string, nowMs: number): void {
    const message = this.#byStanzaId.get(stanzaId)
    if (message !== undefined) {
      message.storedMs ??= nowMs
    }
  }

  failed(stanzaId: string): void {
    const message = this.#byStanzaId.get(stanzaId)
    if (message !== undefined) {
      this.#settle(message, () => {
        message.hasFailed = true
      })
    }
  }

  delivered(message: BookedMessage, way: 'direct' | 'letter', nowMs: number): void {
    this.#settle(message, () => {
      message.deliveredMs = nowMs
      message.way = way
    })
  }

  excuse(message: BookedMessage): void {
    this.#settle(message, () => {
      message.isExcused = true
    })
  }

  /** The message that a body tells of; undefined if there is none. */
  find(body: string): BookedMessage | undefined {
    const id = /^#(\d+):/.exec(body)?.[1]
    return id === undefined ? undefined : this.#messages[Number(id)]
  }

  get messages(): readonly BookedMessage[] {
    return this.#messages
  }

  /** Acknowledged to their writers, and neither delivered nor given up. */
  get pending(): number {
    return this.#pending
  }

  counts(): { sent: number; delivered: number; failed: number; pending: number; stored: number } {
    const counts = { sent: 0, delivered: 0, failed: 0, pending: 0, stored: 0 }
    for (const message of this.#messages.filter(isBooked)) {
      counts.sent += 1
      counts[stateOf(message)] += 1
      counts.stored += message.storedMs === undefined ? 0 : 1
    }
    return counts
  }

  rows(): MessageRow[] {
    return this.#messages.filter(isBooked).map((message) => ({
      id: message.id,
      from: message.from,
      to: message.to,
      sent_ms: Math.round(message.sentMs),
      stored_ms: message.storedMs === undefined ? null : Math.round(message.storedMs),
      delivered_ms: message.deliveredMs === undefined ? null : Math.round(message.deliveredMs),
      way: message.way,
      state: stateOf(message),
    }))
  }

  #settle(message: BookedMessage, change: () => void): void {
    const before = isPending(message)
    change()
    this.#pending -= before && !isPending(message) ? 1 : 0
  }
}

function isBooked(message: BookedMessage): boolean {
  return message.stanzaId !== undefined || message.deliveredMs !== undefined
}

function isPending(message: BookedMessage): boolean {
  return message.stanzaId !== undefined && stateOf(message) === 'pending' && !message.isExcused
}

function stateOf(message: BookedMessage): MessageRow['state'] {
  return message.deliveredMs !== undefined ? 'delivered' : message.hasFailed ? 'failed' : 'pending'
}
