import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  initialOutboxState,
  OUTBOX_WINDOW,
  type OutboxEffect,
  type OutboxEvent,
  type OutboxState,
  stepOutbox,
} from '../../../src/node/outbox-state.ts'

/** An outbox over a link that takes at most `room` stanzas, and a recipient that drops repetitions. */
class Play {
  readonly stored: number[] = []
  readonly received: number[] = []
  readonly underWay: number[] = []
  state: OutboxState = initialOutboxState(0)
  room = OUTBOX_WINDOW
  #last = 0

  write(): void {
    this.#last += 1 + (this.#last % 3)
    this.stored.push(this.#last)
    this.step({ type: 'queued', position: this.#last })
  }

  step(event: OutboxEvent): void {
    const [state, effect] = stepOutbox(this.state, event)
    this.state = state
    if (effect !== undefined) {
      this.#transmit(effect)
    }
  }

  acknowledge(): void {
    const position = this.underWay.shift()
    if (position === undefined) {
      return
    }
    if (!this.received.includes(position)) {
      this.received.push(position)
    }
    this.stored.splice(this.stored.indexOf(position), 1)
    this.step({ type: 'acknowledged' })
  }

  /** The link is given up: everything under way is lost, the first `arrived` of it after it had arrived. */
  breakLink(arrived: number): void {
    const lost = this.underWay.splice(0)
    this.received.push(...lost.slice(0, arrived).filter((position) => !this.received.includes(position)))
    this.step({ type: 'down' })
    for (const position of lost) {
      this.step({ type: 'lost', position })
    }
  }

  #transmit({ after, to, limit }: OutboxEffect): void {
    const batch = this.stored.filter((position) => position > after && position <= to).slice(0, limit)
    for (const position of batch) {
      if (this.underWay.length >= this.room) {
        this.step({ type: 'full' })
        return
      }
      this.underWay.push(position)
      this.step({ type: 'sent', position })
    }
    this.step(batch.length < limit ? { type: 'exhausted', to } : { type: 'queued', position: to })
  }
}

test('nothing leaves while no link is up, everything when it comes up', () => {
  const play = new Play()
  play.write()
  play.write()
  assert.deepEqual(play.underWay, [])
  play.step({ type: 'up' })
  assert.deepEqual(play.underWay, play.stored)
})

test('a stanza that is not on disk does not leave', () => {
  const play = new Play()
  play.step({ type: 'up' })
  play.stored.push(5)
  play.step({ type: 'queued', position: 4 })
  assert.deepEqual(play.underWay, [])
})

test('no more is under way than the window, whatever waits', () => {
  const play = new Play()
  play.step({ type: 'up' })
  for (let count = 0; count < 3 * OUTBOX_WINDOW; count += 1) {
    play.write()
  }
  assert.ok(play.underWay.length <= OUTBOX_WINDOW)
  assert.ok(play.underWay.length >= OUTBOX_WINDOW / 2)
})

test('a link that takes no more is tried again after an acknowledgement', () => {
  const play = new Play()
  play.room = 1
  play.step({ type: 'up' })
  play.write()
  play.write()
  assert.equal(play.underWay.length, 1)
  play.acknowledge()
  assert.equal(play.underWay.length, 1)
  play.acknowledge()
  assert.deepEqual([play.stored, play.received.length], [[], 2])
})

test('through breaks and losses everything arrives, first occurrences in the order written', () => {
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.constant({ type: 'write' as const }) },
    { weight: 6, arbitrary: fc.constant({ type: 'acknowledge' as const }) },
    { weight: 2, arbitrary: fc.nat(30).map((arrived) => ({ type: 'break' as const, arrived })) },
    { weight: 3, arbitrary: fc.constant({ type: 'up' as const }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }).map((room) => ({ type: 'room' as const, room })) },
  )
  fc.assert(
    fc.property(fc.array(act, { maxLength: 300 }), (acts) => {
      const play = new Play()
      for (const step of acts) {
        if (step.type === 'write') {
          play.write()
        } else if (step.type === 'acknowledge') {
          play.acknowledge()
        } else if (step.type === 'break') {
          play.breakLink(step.arrived)
        } else if (step.type === 'up') {
          play.step({ type: 'up' })
        } else {
          play.room = step.room
        }
      }
      play.step({ type: 'up' })
      for (let turn = 0; play.stored.length > 0 && turn < 2_000; turn += 1) {
        play.acknowledge()
      }
      assert.deepEqual(play.stored, [])
      assert.deepEqual(
        play.received,
        [...play.received].sort((a, b) => a - b),
      )
      assert.equal(play.state.inFlight, 0)
    }),
  )
})
