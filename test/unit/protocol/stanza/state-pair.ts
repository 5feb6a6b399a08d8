import type { AccountRecord } from '../../../../src/identity/account-record.ts'
import { decodeFrame, type StreamFrame } from '../../../../src/protocol/stanza/messages.ts'
import type { Receipt } from '../../../../src/protocol/stanza/received-stanzas.ts'
import type { SessionEffect, SessionEvent } from '../../../../src/protocol/stanza/session-events.ts'
import { SessionState } from '../../../../src/protocol/stanza/session-state.ts'
import { element } from '../../../../src/xml/element.ts'
import { NS_CLIENT } from '../../../../src/xmpp/namespaces.ts'
import { StreamError } from '../../../../src/xmpp/stream-error.ts'

/** A stanza of a play: numbered by its sender in the order of sending. */
export interface Item {
  readonly number: number
  readonly size: number
}

type Signal = StreamFrame | { readonly type: 'end' } | { readonly type: 'reset' }

/** A stream between the two sides; `toward[i]` is on its way to side `i`. */
export interface PlayStream {
  readonly dialler: 0 | 1
  readonly toward: [Signal[], Signal[]]
}

/** One side: a session's state, and what was done with it. */
export class Side {
  readonly index: 0 | 1
  state: SessionState<Item>
  current: PlayStream | undefined
  /** The stream before, while the session moves away from it. */
  left: PlayStream | undefined
  moved = 0
  sent = 0
  readonly delivered: number[] = []
  readonly handled: Set<number> = new Set()
  readonly failed: Set<number> = new Set()
  readonly acknowledged: number[] = []
  readonly lost: number[] = []
  readonly opened: boolean[] = []
  closed = 0
  pending: { number: number; receipt: Receipt }[] = []

  constructor(index: 0 | 1, state: SessionState<Item>) {
    this.index = index
    this.state = state
  }
}

/** Two session states and the streams between them, moved by hand. */
export class StatePair {
  readonly sides: [Side, Side]
  readonly streams: PlayStream[] = []
  readonly firstCount: number
  /** Of what is under way on a stream that a side gives up by itself, so many signals still arrive. */
  readonly keptAtAbort: number
  nowMs = 0
  #ids = 0

  constructor(firstCount: number = 0, keptAtAbort: number = 0) {
    this.firstCount = firstCount
    this.keptAtAbort = keptAtAbort
    this.sides = [new Side(0, this.#newState(0)), new Side(1, this.#newState(1))]
  }

  #newState(index: 0 | 1): SessionState<Item> {
    const names = ['alice@example', 'bob@example'] as const
    return new SessionState<Item>({
      isLower: index === 0,
      newId: () => {
        this.#ids += 1
        return `session-${this.#ids}`
      },
      localAccounts: () => [{ address: names[index], record: new Uint8Array() }],
      verify: ({ address, record }) => ({ address, bytes: record, record: {} as AccountRecord }),
      firstCount: this.firstCount,
    })
  }

  /** Dials a stream; a session that is up moves there. */
  dial(index: 0 | 1): void {
    const side = this.sides[index]
    if (side.state.phase === 'closed') {
      side.state = this.#newState(index)
    }
    if (side.state.maySwitch) {
      const stream: PlayStream = { dialler: index, toward: [[], []] }
      this.streams.push(stream)
      side.left = side.current
      side.current = stream
      this.step(side, { type: 'attached', direction: 'outbound', nowMs: this.nowMs })
    }
  }

  send(index: 0 | 1): void {
    const side = this.sides[index]
    if (side.state.accepts(1)) {
      const item = { number: side.sent, size: 1 }
      side.sent += 1
      this.step(side, { type: 'send', item, nowMs: this.nowMs })
    }
  }

  handle(index: 0 | 1, which: number, ok: boolean): void {
    const side = this.sides[index]
    const [entry] = side.pending.splice(which % Math.max(1, side.pending.length), 1)
    if (entry === undefined) {
      return
    }
    if (ok) {
      side.handled.add(entry.number)
      this.step(side, { type: 'handled', receipts: [entry.receipt] })
    } else {
      side.failed.add(entry.number)
      this.step(side, { type: 'failed', receipt: entry.receipt, nowMs: this.nowMs })
    }
  }

  /** The side has forgotten everything; its streams die without a word and the other side learns of it later. */
  restart(index: 0 | 1): void {
    const side = this.sides[index]
    side.state = this.#newState(index)
    side.current = undefined
    side.left = undefined
    side.pending = []
    for (const stream of this.streams) {
      stream.toward[index].length = 0
      this.#cut(stream, other(index), 0)
    }
  }

  /** The side notices that its stream broke; of what is on its way to the other, `keep` signals still arrive. */
  breakStream(index: 0 | 1, keep: number): void {
    const side = this.sides[index]
    const stream = side.current
    if (stream !== undefined) {
      side.current = undefined
      stream.toward[index].length = 0
      this.#cut(stream, other(index), keep)
      this.step(side, { type: 'detached', reason: new Error('broken'), nowMs: this.nowMs })
    }
  }

  tick(ms: number): void {
    this.nowMs += ms
    for (const side of this.sides) {
      this.step(side, { type: 'tick', nowMs: this.nowMs })
    }
  }

  /** Lets up to `count` signals of one stream arrive at a side. */
  arrive(index: 0 | 1, which: number, count: number): void {
    const busy = this.streams.filter((stream) => stream.toward[index].length > 0)
    const stream = busy[which % Math.max(1, busy.length)]
    for (let i = 0; stream !== undefined && i < count; i++) {
      const signal = stream.toward[index].shift()
      if (signal === undefined) {
        return
      }
      this.#receive(this.sides[index], stream, signal)
    }
  }

  #receive(side: Side, stream: PlayStream, signal: Signal): void {
    const { nowMs } = this
    if (stream !== side.current) {
      if (signal.type === 'open' && stream.dialler !== side.index) {
        this.#offer(side, stream, signal)
      }
      return
    }
    if (signal.type === 'end') {
      this.step(side, { type: 'ended', nowMs })
    } else if (signal.type === 'reset') {
      side.current = undefined
      this.step(side, { type: 'detached', reason: new Error('reset'), nowMs })
    } else {
      this.step(side, { type: 'frame', frame: signal, bytes: 1, nowMs })
    }
  }

  #offer(side: Side, stream: PlayStream, open: StreamFrame & { type: 'open' }): void {
    const back = stream.toward[other(side.index)]
    if (side.state.phase === 'closed') {
      side.state = this.#newState(side.index)
    }
    if (!side.state.admits(open)) {
      back.push({ type: 'error', error: new StreamError('conflict') }, { type: 'end' })
      return
    }
    const accounts = open.accounts.map(({ address, record }) => ({
      address,
      bytes: record,
      record: {} as AccountRecord,
    }))
    const effects = side.state.step({ type: 'attached', direction: 'inbound', open, accounts, nowMs: this.nowMs })
    if (side.current !== undefined) {
      this.#cut(side.current, other(side.index), this.keptAtAbort)
    }
    side.current = stream
    this.apply(side, effects)
  }

  step(side: Side, event: SessionEvent<Item>): void {
    this.apply(side, side.state.step(event))
  }

  apply(side: Side, effects: readonly SessionEffect<Item>[]): void {
    for (const effect of effects) {
      this.#perform(side, effect)
    }
  }

  #perform(side: Side, effect: SessionEffect<Item>): void {
    const out = side.current?.toward[other(side.index)]
    switch (effect.type) {
      case 'transmit':
        out?.push(decodeFrame(effect.frame))
        break
      case 'transmit-item':
        out?.push({ type: 'stanza', stanza: stanzaOf(side.index, effect.item.number) })
        break
      case 'deliver': {
        const number = Number(effect.stanza.attribute('id'))
        side.delivered.push(number)
        side.pending.push({ number, receipt: effect.receipt })
        break
      }
      case 'acknowledged':
      case 'lost':
        side[effect.type].push(...effect.items.map(({ number }) => number))
        break
      case 'end':
        out?.push(...(effect.error === undefined ? [] : [{ type: 'error', error: effect.error } as const]), {
          type: 'end',
        })
        side.current = undefined
        break
      case 'break':
        if (side.current !== undefined) {
          this.#cut(side.current, other(side.index), this.keptAtAbort)
        }
        side.current = undefined
        break
      case 'opened':
        side.opened.push(effect.resumed)
        side.moved += side.left === undefined ? 0 : 1
        this.#leave(side)
        break
      case 'closed':
        side.closed += 1
        break
      case 'refused':
        this.#leave(side)
        break
      case 'record-changed':
      case 'detached':
    }
  }

  #leave(side: Side): void {
    if (side.left !== undefined) {
      this.#cut(side.left, other(side.index), this.keptAtAbort)
      side.left = undefined
    }
  }

  #cut(stream: PlayStream, toward: 0 | 1, keep: number): void {
    stream.toward[toward].length = Math.min(stream.toward[toward].length, keep)
    stream.toward[toward].push({ type: 'reset' })
  }
}

function other(index: 0 | 1): 0 | 1 {
  return index === 0 ? 1 : 0
}

function stanzaOf(index: 0 | 1, number: number): ReturnType<typeof element> {
  const names = ['alice@example', 'bob@example'] as const
  const attributes = { from: `${names[index]}/x`, to: names[other(index)], id: String(number) }
  return element('message', NS_CLIENT, attributes)
}
