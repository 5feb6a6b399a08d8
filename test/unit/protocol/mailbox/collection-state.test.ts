import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CollectionEffect } from '../../../../src/protocol/mailbox/collection-effect.ts'
import {
  type CollectionEvent,
  type CollectionState,
  initialCollectionState,
  isFollowedDay,
  stepCollection,
} from '../../../../src/protocol/mailbox/collection-state.ts'
import {
  COLLECT_INTERVAL_MS,
  COLLECT_RETRY_MAX_MS,
  COLLECTED_DAYS_MAX,
  COLLECTED_LETTERS_MAX,
  DAY_MS,
} from '../../../../src/protocol/mailbox/letter-limits.ts'

const TODAY = 100
const NOON_MS = (TODAY + 0.5) * DAY_MS

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `p${index}`)
}

type Loose = { type: CollectionEvent['type']; [key: string]: unknown }

/** A recipient alone: events in, effects out. */
class Recipient {
  readonly state: CollectionState
  nowMs = NOON_MS
  constructor(through?: number) {
    this.state = initialCollectionState(through)
  }

  on(event: Loose): readonly CollectionEffect[] {
    return stepCollection(this.state, { nowMs: this.nowMs, jitter: 0.5, ...event } as CollectionEvent)
  }

  /** Today's custodians were found. */
  found(peers: readonly string[] = names(10)): readonly CollectionEffect[] {
    this.on({ type: 'online' })
    return this.on({ type: 'custodians', day: TODAY, peers })
  }

  today(type: CollectionEvent['type'], more: object): readonly CollectionEffect[] {
    return this.on({ type, day: TODAY, ...more })
  }

  collected(peers: readonly string[]): readonly CollectionEffect[] {
    return peers.flatMap((peerId) => this.today('collected', { peerId }))
  }
}

function daysOf(effects: readonly CollectionEffect[]): number[] {
  return effects.flatMap((effect) => (effect.type === 'lookup' ? [effect.day] : []))
}

function asked(effects: readonly CollectionEffect[]): string[] {
  return effects.flatMap((effect) => (effect.type === 'collect' ? [effect.peerId + (effect.follow ? '+' : '')] : []))
}

function told(effects: readonly CollectionEffect[]): [string, readonly string[]][] {
  return effects
    .flatMap((effect) => (effect.type === 'acknowledge' ? [[effect.peerId, effect.letterIds] as const] : []))
    .map(([peerId, letterIds]) => [peerId, letterIds])
}

test('the mailboxes of all days since the last finished one are looked up, at most 15, tomorrow’s first', () => {
  const range = (from: number): number[] => Array.from({ length: TODAY + 2 - from }, (_, index) => TODAY + 1 - index)
  const cases: [number | undefined, number][] = [
    [undefined, TODAY - COLLECTED_DAYS_MAX + 1],
    [TODAY - 14, TODAY - 13],
    [TODAY - 2, TODAY - 1],
    [TODAY - 300, TODAY - COLLECTED_DAYS_MAX + 1],
    // Finished by a clock that was a day, or a year, ahead.
    [TODAY - 1, TODAY - 1],
    [TODAY, TODAY - 1],
    [TODAY + 365, TODAY - COLLECTED_DAYS_MAX + 1],
  ]
  for (const [through, from] of cases) {
    assert.deepEqual(daysOf(new Recipient(through).on({ type: 'online' })), range(from), `through ${through}`)
  }
})

test('three custodians are asked first, the other seven when the letters of the three are acknowledged', () => {
  const recipient = new Recipient()
  assert.deepEqual(asked(recipient.found()), ['p0+', 'p1+', 'p2'])
  const opened = recipient.today('letter', { peerId: 'p0', letterId: 'a' })
  assert.deepEqual(opened, [{ type: 'open', day: TODAY, peerId: 'p0', letterId: 'a' }])
  assert.deepEqual(recipient.today('letter', { peerId: 'p1', letterId: 'a' }), [])
  assert.deepEqual(recipient.collected(names(3)), [])
  const effects = recipient.today('stored', { letterId: 'a' })
  assert.deepEqual(
    told(effects),
    names(10).map((peerId) => [peerId, ['a']]),
  )
  assert.deepEqual(asked(effects), names(10).slice(3))
  assert.ok(
    effects.findIndex(({ type }) => type === 'collect') > effects.findLastIndex(({ type }) => type === 'acknowledge'),
  )
})

test('a letter that one custodian of ten has is found, though nine withhold it', () => {
  for (let honest = 0; honest < 10; honest++) {
    const recipient = new Recipient()
    let effects = recipient.found()
    const open: string[] = []
    for (let turn = 0; turn < 20 && effects.length > 0; turn++) {
      effects = effects.flatMap((effect) => {
        if (effect.type !== 'collect') {
          return []
        }
        const { peerId } = effect
        const letters = peerId === `p${honest}` ? recipient.today('letter', { peerId, letterId: 'a' }) : []
        open.push(...letters.flatMap((each) => (each.type === 'open' ? [each.letterId] : [])))
        return recipient.today('collected', { peerId })
      })
    }
    assert.deepEqual(open, ['a'])
  }
})

test('silent custodians hold nothing up, and with nobody there the day is tried again', () => {
  const recipient = new Recipient()
  recipient.found()
  assert.equal(asked(names(3).flatMap((peerId) => recipient.today('silent', { peerId }))).length, 7)
  for (const peerId of names(10).slice(3)) {
    recipient.today('silent', { peerId })
  }
  const day = recipient.state.days.get(TODAY)
  assert.equal(day?.phase, 'settled')
  assert.ok((day?.dueMs ?? 0) < recipient.nowMs + 60_000)
  let failures = 0
  for (; failures < 30; failures++) {
    recipient.nowMs = day?.dueMs ?? 0
    recipient.on({ type: 'due' })
    recipient.today('lookup-failed', {})
    assert.ok((day?.dueMs ?? 0) - recipient.nowMs <= COLLECT_RETRY_MAX_MS)
  }
})

test('a custodian that still has a letter which is on disk is told again; one being opened is not opened twice', () => {
  const recipient = new Recipient()
  recipient.found()
  recipient.today('letter', { peerId: 'p0', letterId: 'a' })
  recipient.today('stored', { letterId: 'a' })
  assert.deepEqual(told(recipient.today('letter', { peerId: 'p1', letterId: 'a' })), [['p1', ['a']]])
  assert.deepEqual(recipient.today('stored', { letterId: 'a' }), [])
  assert.deepEqual(recipient.today('stored', { letterId: 'never heard of' }), [])
  assert.deepEqual(recipient.today('letter', { peerId: 'stranger', letterId: 'b' }), [])
})

test('a letter that could not be stored is not acknowledged, is opened when it comes again, and keeps the day open', () => {
  const recipient = new Recipient()
  recipient.found(['p0'])
  recipient.today('letter', { peerId: 'p0', letterId: 'a' })
  recipient.today('collected', { peerId: 'p0' })
  assert.deepEqual(told(recipient.today('not-stored', { letterId: 'a' })), [])
  const day = recipient.state.days.get(TODAY)
  assert.ok((day?.dueMs ?? 0) < recipient.nowMs + 60_000)
  assert.equal(recipient.today('letter', { peerId: 'p0', letterId: 'a' })[0]?.type, 'open')
})

test('two custodians of today’s mailbox are followed, and replaced when they fall silent', () => {
  const recipient = new Recipient()
  recipient.found()
  recipient.collected(names(10))
  const followed = (): string[] => {
    const custodians = recipient.state.days.get(TODAY)?.custodians ?? []
    return custodians.filter(({ following }) => following).map(({ peerId }) => peerId)
  }
  assert.deepEqual(followed(), ['p0', 'p1'])
  assert.deepEqual(asked(recipient.today('silent', { peerId: 'p0' })), ['p2+'])
  recipient.collected(['p2'])
  const [, ...acknowledged] = [
    ...recipient.today('letter', { peerId: 'p2', letterId: 'late' }),
    ...recipient.today('stored', { letterId: 'late' }),
  ]
  assert.equal(told(acknowledged).length, 9)
})

test('when nobody is left to follow, the custodians are looked up again soon', () => {
  const recipient = new Recipient()
  recipient.found(['p0', 'p1'])
  recipient.collected(['p0', 'p1'])
  recipient.today('silent', { peerId: 'p0' })
  assert.ok((recipient.state.days.get(TODAY)?.dueMs ?? 0) <= recipient.nowMs + 60_000)
})

test('yesterday is followed until and tomorrow from a quarter of an hour around midnight', () => {
  const midnightMs = TODAY * DAY_MS
  const cases: [number, number[]][] = [
    [0, [99, 100]],
    [14 * 60_000, [99, 100]],
    [16 * 60_000, [100]],
    [DAY_MS - 16 * 60_000, [100]],
    [DAY_MS - 14 * 60_000, [100, 101]],
  ]
  for (const [offsetMs, days] of cases) {
    assert.deepEqual(
      [99, 100, 101].filter((day) => isFollowedDay(day, midnightMs + offsetMs)),
      days,
    )
  }
})

test('around midnight following moves on from day to day', () => {
  const recipient = new Recipient(TODAY - 2)
  recipient.on({ type: 'online' })
  const answer = (effects: readonly CollectionEffect[]): readonly CollectionEffect[] => {
    return effects.flatMap((effect) => {
      if (effect.type === 'lookup') {
        return answer(recipient.on({ type: 'custodians', day: effect.day, peers: names(10) }))
      }
      const done =
        effect.type === 'collect'
          ? answer(recipient.on({ type: 'collected', day: effect.day, peerId: effect.peerId }))
          : []
      return [effect, ...done]
    })
  }
  answer([TODAY - 1, TODAY, TODAY + 1].map((day) => ({ type: 'lookup' as const, day })))
  const followed = (): number[] => {
    const days = [...recipient.state.days.values()]
    return days
      .filter(({ custodians }) => custodians.filter(({ following }) => following).length === 2)
      .map(({ day }) => day)
  }
  const seen = new Map<string, number[]>()
  const finished: number[] = []
  while (recipient.nowMs < NOON_MS + DAY_MS) {
    recipient.nowMs = recipient.state.dueMs
    const effects = answer(recipient.on({ type: 'due' }))
    finished.push(...effects.flatMap((effect) => (effect.type === 'finished' ? [effect.through] : [])))
    const minute = Math.floor((recipient.nowMs - TODAY * DAY_MS) / 60_000)
    seen.set(minute < 1425 ? 'day' : minute < 1440 + 15 ? 'midnight' : 'next day', followed())
  }
  assert.deepEqual(
    [...seen],
    [
      ['day', [TODAY]],
      ['midnight', [TODAY, TODAY + 1]],
      ['next day', [TODAY + 1]],
    ],
  )
  assert.deepEqual(finished, [TODAY - 1])
})

test('a day is finished when it is over for every clock, six custodians have answered, and all before it are finished', () => {
  const recipient = new Recipient(TODAY - 5)
  recipient.on({ type: 'online' })
  const collect = (day: number, answering: number): readonly CollectionEffect[] => {
    recipient.on({ type: 'custodians', day, peers: names(10) })
    return names(10).flatMap((peerId, index) =>
      recipient.on({ type: index < answering ? 'collected' : 'silent', day, peerId }),
    )
  }
  const through = (effects: readonly CollectionEffect[]): number[] => {
    return effects.flatMap((effect) => (effect.type === 'finished' ? [effect.through] : []))
  }
  assert.deepEqual(through(collect(TODAY - 3, 10)), [])
  assert.deepEqual(through(collect(TODAY - 4, 5)), [])
  recipient.on({ type: 'online' })
  assert.deepEqual(through(collect(TODAY - 4, 6)), [TODAY - 3])
  assert.deepEqual(through(collect(TODAY - 1, 10)), [])
  assert.deepEqual(through(collect(TODAY - 2, 10)), [TODAY - 2])
  assert.equal(recipient.state.days.has(TODAY - 2), false)
})

test('custodians that are followed and do not pass on what others have are named and replaced', () => {
  const recipient = new Recipient()
  recipient.found()
  recipient.collected(names(10))
  recipient.nowMs += 2 * COLLECT_INTERVAL_MS
  recipient.on({ type: 'due' })
  assert.deepEqual(asked(recipient.today('custodians', { peers: names(10) })), ['p2'])
  recipient.today('letter', { peerId: 'p2', letterId: 'a' })
  recipient.today('stored', { letterId: 'a' })
  const effects = [...recipient.collected(names(10).slice(2))]
  assert.deepEqual(
    effects
      .filter(({ type }) => type === 'withheld' || type === 'unfollow')
      .map((effect) => 'peerId' in effect && effect.peerId),
    ['p0', 'p0', 'p1', 'p1'],
  )
  assert.deepEqual(asked(effects).slice(-2), ['p2+', 'p3+'])
})

test('a change of network during a round starts another one after it', () => {
  const recipient = new Recipient()
  recipient.found(['p0'])
  assert.deepEqual(daysOf(recipient.on({ type: 'online' })), [])
  assert.deepEqual(daysOf(recipient.collected(['p0'])), [TODAY])
})

test('a custodian that sends letters without end is not heeded beyond the bound', () => {
  const recipient = new Recipient()
  recipient.found()
  let opened = 0
  for (let index = 0; index < 2 * COLLECTED_LETTERS_MAX; index++) {
    opened += recipient.today('letter', { peerId: 'p0', letterId: `${index}` }).length
  }
  assert.equal(opened, COLLECTED_LETTERS_MAX)
})

test('whatever custodians do: acknowledged is only what was stored, each letter of an honest one gets stored, days end', () => {
  const custodian = fc.record({
    letters: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')),
    behaviour: fc.constantFrom('honest', 'honest', 'silent', 'flaky', 'repeats'),
  })
  const world = fc.record({
    custodians: fc.array(custodian, { minLength: 1, maxLength: 10 }),
    order: fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }),
    failStore: fc.nat(3),
    networkChanges: fc.nat(3),
  })
  fc.assert(
    fc.property(world, ({ custodians, order, failStore, networkChanges }) => {
      const recipient = new Recipient(TODAY - 3)
      const stored = new Set<string>()
      const pending: Loose[] = [{ type: 'online' }]
      let [storeFailures, changes, turn] = [failStore, networkChanges, 0]
      const take = (effect: CollectionEffect): void => {
        if (effect.type === 'lookup') {
          pending.push({ type: 'custodians', day: effect.day, peers: names(custodians.length) })
        } else if (effect.type === 'open') {
          const fails = storeFailures > 0
          storeFailures--
          pending.push({ type: fails ? 'not-stored' : 'stored', day: effect.day, letterId: effect.letterId })
        } else if (effect.type === 'acknowledge') {
          assert.ok(effect.letterIds.every((letterId) => stored.has(`${effect.day} ${letterId}`)))
        } else if (effect.type === 'collect') {
          const { day, peerId } = effect
          const { letters, behaviour } = custodians[Number(peerId.slice(1))] ?? { letters: [], behaviour: 'silent' }
          if (behaviour !== 'silent') {
            const sent = behaviour === 'repeats' ? [...letters, ...letters] : letters
            // The letters of one custodian and their end come in order: as one entry.
            pending.push({ type: 'letter', sent, end: behaviour === 'flaky' ? 'silent' : 'collected', day, peerId })
          } else {
            pending.push({ type: 'silent', day, peerId })
          }
        }
      }
      const handle = (event: Loose): void => {
        if (event.type === 'letter') {
          for (const letterId of event.sent as string[]) {
            recipient.on({ ...event, letterId }).forEach(take)
          }
          recipient.on({ ...event, type: event.end as 'silent' }).forEach(take)
          return
        }
        if (event.type === 'stored') {
          stored.add(`${event.day} ${event.letterId}`)
        }
        recipient.on(event).forEach(take)
      }
      for (; turn < 3_000; turn++) {
        const [event] = pending.splice((order[turn % order.length] ?? 0) % Math.max(1, pending.length), 1)
        if (event !== undefined) {
          handle(event)
        } else if (changes > 0) {
          changes--
          handle({ type: 'online' })
        } else {
          if (recipient.nowMs > NOON_MS + DAY_MS / 4) {
            break
          }
          assert.ok(recipient.state.dueMs > recipient.nowMs || recipient.state.dueMs === recipient.nowMs)
          recipient.nowMs = Math.max(recipient.nowMs, recipient.state.dueMs)
          handle({ type: 'due' })
        }
      }
      assert.ok(turn < 3_000, 'comes to rest')
      for (const { letters, behaviour } of custodians) {
        for (const letterId of behaviour === 'silent' ? [] : letters) {
          for (const day of [TODAY - 1, TODAY, TODAY + 1]) {
            assert.ok(stored.has(`${day} ${letterId}`), `${letterId} of day ${day}`)
          }
        }
      }
    }),
    { numRuns: 200 },
  )
})
