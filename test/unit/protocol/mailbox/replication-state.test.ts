import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DueQueue } from '../../../../src/protocol/mailbox/due-queue.ts'
import {
  DAY_MS,
  FORMER_KEPT_MS,
  LETTER_RETENTION_MS,
  QUIET_INTERVAL_MS,
  REPLICATION_INTERVAL_MS,
  REPLICATION_LOOKUPS_MAX,
  SILENT_MAX_MS,
} from '../../../../src/protocol/mailbox/letter-limits.ts'
import type { Candidate } from '../../../../src/protocol/mailbox/placement.ts'
import { isRingNeighbour, ringPartners } from '../../../../src/protocol/mailbox/replicated-mailbox.ts'
import type { ReplicationEffect, ReplicationEvent } from '../../../../src/protocol/mailbox/replication-event.ts'
import {
  initialReplicationState,
  nextReplicationMs,
  type ReplicationState,
  stepReplication,
} from '../../../../src/protocol/mailbox/replication-state.ts'

const HOUR_MS = 60 * 60_000
const EXPIRES_MS = LETTER_RETENTION_MS

function peers(count: number, from = 0): Candidate[] {
  return Array.from({ length: count }, (_, index) => {
    return { peerId: `p${from + index}`, kadId: Uint8Array.of(from + index), networks: [], storage: true }
  })
}

function kept(nowMs: number, more: object = {}): ReplicationEvent {
  const letter = { mailbox: 'm', expiresMs: EXPIRES_MS, deposited: true, live: true }
  return { type: 'kept', ...letter, nowMs, jitter: 0, ...more }
}

/** One custodian, alone: events in, effects out. */
class Custodian {
  readonly state: ReplicationState
  constructor(self: string) {
    this.state = initialReplicationState(self)
  }

  step(event: ReplicationEvent): readonly ReplicationEffect[] {
    return stepReplication(this.state, event)
  }

  /** A round of `m` at `nowMs` whose lookup finds `candidates`. */
  round(nowMs: number, candidates: readonly Candidate[], choice = 0): readonly ReplicationEffect[] {
    this.step({ type: 'refresh', mailbox: 'm', nowMs })
    return this.step({ type: 'closest', mailbox: 'm', candidates, nowMs, jitter: 0.5, choice })
  }
}

function partners(effects: readonly ReplicationEffect[], reason?: string): string[] {
  return effects.flatMap((effect) => {
    return effect.type === 'sync' && (reason === undefined || effect.reason === reason) ? [effect.peerId] : []
  })
}

test('a custodian starts syncs with the next two in the ring and one of the others', () => {
  const ids = peers(10).map(({ peerId }) => peerId)
  assert.deepEqual(ringPartners(ids, 'p8', 0), ['p9', 'p0', 'p1'])
  assert.deepEqual(ringPartners(ids, 'p0', 0.999), ['p1', 'p2', 'p9'])
  assert.deepEqual(ringPartners(ids.slice(0, 3), 'p1', 0.5), ['p2', 'p0'])
  assert.deepEqual(ringPartners(['p0'], 'p0', 0.5), [])
  const welcoming = ids.filter((self) => isRingNeighbour(ids, self, 'p4'))
  assert.deepEqual(welcoming, ['p2', 'p3', 'p5', 'p6'])
})

test('a mailbox is looked up within an interval of its first letter, then about every interval', () => {
  const custodian = new Custodian('p0')
  custodian.step(kept(0, { jitter: 0.5 }))
  assert.equal(nextReplicationMs(custodian.state), REPLICATION_INTERVAL_MS / 2)
  assert.deepEqual(custodian.step({ type: 'due', nowMs: REPLICATION_INTERVAL_MS / 2 - 1 }), [])
  assert.deepEqual(custodian.step({ type: 'due', nowMs: REPLICATION_INTERVAL_MS / 2 }), [
    { type: 'lookup', mailbox: 'm' },
  ])
  custodian.step({ type: 'lookup-failed', mailbox: 'm', nowMs: HOUR_MS, jitter: 0.5 })
  assert.equal(nextReplicationMs(custodian.state), HOUR_MS + REPLICATION_INTERVAL_MS)
})

test('a mailbox with nothing but tombstones is cared for once a day, until there is a letter again', () => {
  const custodian = new Custodian('p0')
  custodian.step(kept(0))
  custodian.step({ type: 'quiet', mailbox: 'm' })
  custodian.round(0, peers(10))
  assert.equal(nextReplicationMs(custodian.state), QUIET_INTERVAL_MS)
  custodian.step(kept(HOUR_MS, { jitter: 0.5 }))
  assert.equal(nextReplicationMs(custodian.state), 1.5 * HOUR_MS)
})

test('only so many lookups run at once; the others wait their turn', () => {
  const custodian = new Custodian('p0')
  for (let index = 0; index < 20; index++) {
    custodian.step(kept(0, { mailbox: `m${index}` }))
  }
  const first = custodian.step({ type: 'due', nowMs: 0 })
  assert.equal(first.length, REPLICATION_LOOKUPS_MAX)
  for (let index = 0; index < 20; index++) {
    custodian.step({ type: 'lookup-failed', mailbox: `m${index}`, nowMs: 1, jitter: 0 })
    assert.ok(custodian.state.lookups <= REPLICATION_LOOKUPS_MAX)
  }
  assert.deepEqual([custodian.state.lookups, custodian.state.waiting.size], [0, 0])
})

test('a newcomer is welcomed at once by its neighbours in the ring, not by all', () => {
  const before = peers(11).filter(({ peerId }) => peerId !== 'p5')
  const welcoming = before.filter(({ peerId }) => {
    const custodian = new Custodian(peerId)
    custodian.step(kept(0))
    assert.deepEqual(partners(custodian.round(0, before), 'newcomer'), [])
    return partners(custodian.round(HOUR_MS, peers(11), 0.999), 'newcomer').includes('p5')
  })
  assert.deepEqual(
    welcoming.map(({ peerId }) => peerId),
    ['p3', 'p4', 'p6', 'p7'],
  )
})

test('a custodian that lookups still find is replaced when it was silent for four hours, and tried again after a day', () => {
  const custodian = new Custodian('p0')
  custodian.step(kept(0))
  custodian.step({ type: 'silent', mailbox: 'm', peerId: 'p3', nowMs: 0 })
  custodian.round(SILENT_MAX_MS - 1, peers(12))
  assert.equal(custodian.state.replicas.get('m')?.custodians.includes('p3'), true)
  custodian.step({ type: 'silent', mailbox: 'm', peerId: 'p3', nowMs: HOUR_MS })
  custodian.round(SILENT_MAX_MS, peers(12))
  const custodians = custodian.state.replicas.get('m')?.custodians
  assert.deepEqual([custodians?.includes('p3'), custodians?.includes('p10')], [false, true])
  custodian.round(DAY_MS + 1, peers(12))
  assert.equal(custodian.state.replicas.get('m')?.custodians.includes('p3'), true)
})

test('a silent custodian that shows itself is one again at once', () => {
  const custodian = new Custodian('p0')
  custodian.step(kept(0))
  custodian.step({ type: 'silent', mailbox: 'm', peerId: 'p3', nowMs: 0 })
  custodian.step({ type: 'heard', peerId: 'p3' })
  custodian.round(2 * SILENT_MAX_MS, peers(12))
  assert.equal(custodian.state.replicas.get('m')?.custodians.includes('p3'), true)
})

test('when fewer than six custodians answer, silent ones are replaced at once, where there is anybody', () => {
  const custodian = new Custodian('p0')
  custodian.step(kept(0))
  for (const peerId of ['p1', 'p2', 'p3', 'p4', 'p5']) {
    custodian.step({ type: 'silent', mailbox: 'm', peerId, nowMs: 0 })
  }
  custodian.round(1, peers(14))
  const custodians = ['p0', 'p1', 'p6', 'p7', 'p8', 'p9', 'p10', 'p11', 'p12', 'p13']
  assert.deepEqual(custodian.state.replicas.get('m')?.custodians, custodians)
})

test('who is not custodian any more deletes only after four hours and when six of the right ones have everything', () => {
  const custodian = new Custodian('p12')
  custodian.step(kept(0))
  assert.deepEqual(partners(custodian.round(0, peers(13)), 'hand-over').length, 7)
  for (let index = 0; index < 5; index++) {
    custodian.step({ type: 'synced', mailbox: 'm', peerId: `p${index}`, nowMs: 1 })
  }
  assert.deepEqual(partners(custodian.round(FORMER_KEPT_MS, peers(13)), 'hand-over'), ['p5', 'p6'])
  assert.deepEqual(custodian.step({ type: 'synced', mailbox: 'm', peerId: 'p5', nowMs: FORMER_KEPT_MS + 1 }), [
    { type: 'drop', mailbox: 'm', reason: 'handed-over' },
  ])
  assert.equal(custodian.state.replicas.size, 0)
})

test('a letter deposited at a former custodian starts the handing over again', () => {
  const custodian = new Custodian('p12')
  custodian.step(kept(0))
  custodian.round(0, peers(13))
  for (let index = 0; index < 6; index++) {
    custodian.step({ type: 'synced', mailbox: 'm', peerId: `p${index}`, nowMs: 1 })
  }
  custodian.step(kept(2))
  assert.equal(partners(custodian.round(FORMER_KEPT_MS, peers(13)), 'hand-over').length, 7)
  assert.equal(custodian.state.replicas.size, 1)
})

test('a former custodian that is one again before it deleted keeps everything', () => {
  const custodian = new Custodian('p10')
  custodian.step(kept(0))
  custodian.round(0, peers(11))
  assert.deepEqual(partners(custodian.round(HOUR_MS, peers(11).slice(1)), 'hand-over'), [])
  assert.equal(custodian.state.replicas.get('m')?.formerSinceMs, undefined)
})

test('a node that leaves hands each mailbox to its successor and a neighbour, and waits for both, dead or not', () => {
  const custodian = new Custodian('p4')
  custodian.step(kept(0))
  custodian.round(0, peers(12))
  const effects = custodian.step({ type: 'leaving', nowMs: 1 })
  assert.deepEqual(partners(effects, 'hand-over'), ['p10', 'p5'])
  assert.deepEqual(custodian.step({ type: 'synced', mailbox: 'm', peerId: 'p10', nowMs: 2 }), [])
  assert.deepEqual(custodian.step({ type: 'silent', mailbox: 'm', peerId: 'p9', nowMs: 2 }), [])
  assert.deepEqual(custodian.step({ type: 'silent', mailbox: 'm', peerId: 'p5', nowMs: 2 }), [{ type: 'left' }])
  assert.deepEqual(new Custodian('p0').step({ type: 'leaving', nowMs: 1 }), [{ type: 'left' }])
})

test('an expired mailbox is dropped and an empty one forgotten', () => {
  const custodian = new Custodian('p0')
  custodian.step(kept(0, { expiresMs: HOUR_MS }))
  custodian.round(0, peers(3))
  assert.equal(nextReplicationMs(custodian.state), HOUR_MS)
  assert.deepEqual(custodian.step({ type: 'due', nowMs: HOUR_MS }), [{ type: 'drop', mailbox: 'm', reason: 'expired' }])
  custodian.step(kept(0))
  custodian.step({ type: 'empty', mailbox: 'm' })
  assert.equal(nextReplicationMs(custodian.state), undefined)
})

test('the due queue gives what was put in, earliest first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000)), (times) => {
      const queue = new DueQueue()
      for (const atMs of times) {
        queue.push(atMs, String(atMs))
      }
      const out = times.map(() => queue.pop()?.atMs)
      assert.deepEqual(
        out,
        [...times].sort((one, other) => one - other),
      )
      assert.equal(queue.pop(), undefined)
    }),
  )
})

/** Mulberry32, so that a run can be repeated. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** A neighbourhood of nodes around one place, on virtual time. Lookups see who is alive; a sync with a dead one fails. */
class Neighbourhood {
  readonly random: () => number
  readonly alive = new Map<string, { state: ReplicationState; letters: Set<string> }>()
  readonly all: readonly Candidate[]
  nowMs = 0
  syncs = 0
  lookups = 0

  constructor(size: number, seed: number) {
    this.random = generator(seed)
    this.all = peers(size)
    for (const { peerId } of this.all) {
      this.join(peerId)
    }
  }

  join(peerId: string): void {
    this.alive.set(peerId, { state: initialReplicationState(peerId), letters: new Set() })
  }

  keep(peerId: string, letter: string, deposited: boolean): void {
    const node = this.alive.get(peerId)
    if (node !== undefined && !node.letters.has(letter)) {
      node.letters.add(letter)
      this.#act(peerId, stepReplication(node.state, kept(this.nowMs, { deposited, jitter: this.random() })))
    }
  }

  run(untilMs: number): void {
    for (;;) {
      let next: { peerId: string; atMs: number } | undefined
      for (const [peerId, { state }] of this.alive) {
        const atMs = nextReplicationMs(state)
        next = atMs !== undefined && (next === undefined || atMs < next.atMs) ? { peerId, atMs } : next
      }
      if (next === undefined || next.atMs > untilMs) {
        this.nowMs = untilMs
        return
      }
      this.nowMs = Math.max(this.nowMs, next.atMs)
      this.#step(next.peerId, { type: 'due', nowMs: this.nowMs })
    }
  }

  holders(letter: string): string[] {
    return [...this.alive].filter(([, { letters }]) => letters.has(letter)).map(([peerId]) => peerId)
  }

  closest(): readonly Candidate[] {
    return this.all.filter(({ peerId }) => this.alive.has(peerId)).slice(0, 20)
  }

  #step(peerId: string, event: ReplicationEvent): void {
    const node = this.alive.get(peerId)
    if (node !== undefined) {
      this.#act(peerId, stepReplication(node.state, event))
    }
  }

  #act(peerId: string, effects: readonly ReplicationEffect[]): void {
    const { nowMs } = this
    for (const effect of effects) {
      if (effect.type === 'lookup') {
        this.lookups++
        const drawn = { jitter: this.random(), choice: this.random() }
        this.#step(peerId, { type: 'closest', mailbox: 'm', candidates: this.closest(), nowMs, ...drawn })
      } else if (effect.type === 'sync') {
        this.#sync(peerId, effect.peerId)
      } else if (effect.type === 'drop') {
        this.alive.get(peerId)?.letters.clear()
      }
    }
  }

  #sync(one: string, other: string): void {
    this.syncs++
    const theirs = this.alive.get(other)
    if (theirs === undefined) {
      this.#step(one, { type: 'silent', mailbox: 'm', peerId: other, nowMs: this.nowMs })
      return
    }
    this.#step(other, { type: 'heard', peerId: one })
    for (const letter of theirs.letters) {
      this.keep(one, letter, false)
    }
    for (const letter of this.alive.get(one)?.letters ?? []) {
      this.keep(other, letter, false)
    }
    this.#step(one, { type: 'synced', mailbox: 'm', peerId: other, nowMs: this.nowMs })
  }
}

test('a letter at 1 of 10 custodians is at all 10 within three hours, of which the first passes before the first round', () => {
  const hours: number[] = []
  for (let seed = 0; seed < 100; seed++) {
    const world = new Neighbourhood(30, seed)
    world.keep(`p${seed % 10}`, 'letter', true)
    while (world.holders('letter').length < 10) {
      world.run(world.nowMs + HOUR_MS / 4)
      assert.ok(world.nowMs <= 5 * HOUR_MS, `seed ${seed}`)
    }
    hours.push(world.nowMs / HOUR_MS)
  }
  hours.sort((one, other) => one - other)
  assert.ok((hours.at(-1) ?? 9) <= 3, `hours until all ten have it, at worst: ${hours.at(-1)}`)
})

test('a mailbox costs 10 lookups and 30 exchanges of digests an hour, whatever is in it', () => {
  const world = new Neighbourhood(30, 1)
  for (let index = 0; index < 10; index++) {
    world.keep(`p${index}`, 'letter', true)
  }
  world.run(DAY_MS)
  const [syncs, lookups] = [world.syncs / 24, world.lookups / 24]
  assert.ok(syncs > 25 && syncs <= 31, `${syncs} exchanges an hour`)
  assert.ok(lookups > 8 && lookups <= 10.5, `${lookups} lookups an hour`)
})

test('when half of all nodes die at once the survivors have ten copies again within two hours', () => {
  for (let seed = 0; seed < 50; seed++) {
    const world = new Neighbourhood(40, seed)
    for (let index = 0; index < 10; index++) {
      world.keep(`p${index}`, 'letter', true)
    }
    world.run(2 * HOUR_MS)
    for (const { peerId } of world.all) {
      if (world.random() < 0.5 && world.holders('letter').length > 1) {
        world.alive.delete(peerId)
      }
    }
    world.run(4 * HOUR_MS)
    const right = world.closest().slice(0, 10)
    const having = right.filter(({ peerId }) => world.alive.get(peerId)?.letters.has('letter'))
    assert.equal(having.length, right.length, `seed ${seed}`)
  }
})

test('through a week of churn no letter is lost, and those who are not custodians delete it', () => {
  for (let seed = 0; seed < 5; seed++) {
    const world = new Neighbourhood(40, seed)
    for (let index = 0; index < 10; index++) {
      world.keep(`p${index}`, 'letter', true)
    }
    for (let hour = 1; hour <= 7 * 24; hour++) {
      world.run(hour * HOUR_MS)
      for (const { peerId } of world.all) {
        if (!world.alive.has(peerId) && world.random() < 0.3) {
          world.join(peerId)
        } else if (world.alive.has(peerId) && world.random() < 0.1) {
          world.alive.delete(peerId)
        }
      }
      assert.ok(world.holders('letter').length >= 3, `seed ${seed}, hour ${hour}`)
    }
    world.run(world.nowMs + 12 * HOUR_MS)
    assert.deepEqual(
      world.holders('letter').toSorted(),
      world
        .closest()
        .slice(0, 10)
        .map(({ peerId }) => peerId)
        .toSorted(),
    )
  }
})
