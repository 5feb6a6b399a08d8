import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CHURN_PRESETS } from '../../../../sim/churn/churn-presets.ts'
import { endOfSession } from '../../../../sim/churn/daily-rhythm.ts'
import { drawShare } from '../../../../sim/churn/draw-share.ts'
import { drawsOf } from '../../../../sim/churn/draws.ts'
import { type SessionEvent, sessionPlan, shareUp } from '../../../../sim/churn/session-plan.ts'
import type { Churn } from '../../../../sim/scenario/scenario.ts'
import { SeededRandom } from '../../../../sim/system/seeded-random.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

function churn(changes: Partial<Churn>): Churn {
  const base = CHURN_PRESETS['ipfs-2022']?.churn
  assert(base !== undefined)
  return { ...base, trace: undefined, ...changes }
}

function eventsUntil(plan: Iterator<SessionEvent>, untilMs: number): SessionEvent[] {
  const events: SessionEvent[] = []
  for (let next = plan.next(); next.done !== true && next.value.atMs <= untilMs; next = plan.next()) {
    events.push(next.value)
  }
  return events
}

function isUpAt(events: readonly SessionEvent[], ms: number): boolean {
  return events.findLast(({ atMs }) => atMs <= ms)?.kind === 'join'
}

function draws(label: string | number): ReturnType<typeof drawsOf> {
  return drawsOf(new SeededRandom('sessions').fork(String(label)))
}

describe('the sessions of a node', () => {
  it('are joins and departures in turn, in the order of time, the same for the same stream', () => {
    const laws = fc.constantFrom(...Object.keys(CHURN_PRESETS))
    fc.assert(
      fc.property(laws, fc.nat(), fc.double({ min: 1, max: 2, noNaN: true }), (name, seed, diurnal) => {
        const nodeChurn = churn({ ...CHURN_PRESETS[name]?.churn, diurnal })
        const events = eventsUntil(sessionPlan(nodeChurn, draws(seed), 0), 2 * DAY_MS)
        assert.deepEqual(eventsUntil(sessionPlan(nodeChurn, draws(seed), 0), 2 * DAY_MS), events)
        events.forEach((event, i) => {
          assert.equal(event.kind === 'join', i % 2 === 0)
          assert(Number.isSafeInteger(event.atMs) && event.atMs >= (events[i - 1]?.atMs ?? 0))
        })
      }),
      { numRuns: 50 },
    )
  })

  it('never end for a node that stays', () => {
    const plan = [...sessionPlan(churn({ session: undefined }), draws(1), 0)]
    assert.deepEqual(plan, [{ kind: 'join', atMs: 0, disk: false }])
  })

  it('are in the steady state from the first moment: as many are up at any time', () => {
    const law = churn({ session: { law: 'weibull', shape: 0.608, scaleMs: 3.66 * HOUR_MS } })
    const nodes = 4_000
    const plans = Array.from({ length: nodes }, (_, node) => eventsUntil(sessionPlan(law, draws(node), node), DAY_MS))
    const expected = shareUp(law)
    assert(Math.abs(expected - 5.41 / 9.41) < 0.001)
    // Four standard deviations.
    const tolerance = 4 * Math.sqrt((expected * (1 - expected)) / nodes)
    for (const hour of [0, 1, 3, 7, 12, 24]) {
      const up = plans.filter((events) => isUpAt(events, hour * HOUR_MS)).length / nodes
      assert(Math.abs(up - expected) < tolerance, `${up} of ${expected} after ${hour} h`)
    }
  })

  it('end without goodbye and find their disk as often as was asked for', () => {
    const often = churn({
      session: { law: 'constant', ms: 1_000 },
      absence: { law: 'constant', ms: 1_000 },
      crashShare: 0.3,
      diskShare: 0.8,
    })
    const events = eventsUntil(sessionPlan(often, draws('shares'), 0), 40_000_000).slice(1)
    const departures = events.filter(({ kind }) => kind !== 'join')
    const returns = events.filter(({ kind }) => kind === 'join')
    assert(Math.abs(departures.filter(({ kind }) => kind === 'crash').length / departures.length - 0.3) < 0.015)
    assert(Math.abs(returns.filter(({ disk }) => disk).length / returns.length - 0.8) < 0.015)
  })

  it('follow a trace, where there is one', () => {
    const trace = [
      { atMs: 0, node: 1, kind: 'join' },
      { atMs: 5, node: 0, kind: 'join' },
      { atMs: 7, node: 1, kind: 'crash' },
      { atMs: 9, node: 1, kind: 'join' },
    ] as const
    const traced = churn({ trace, diskShare: 1 })
    assert.deepEqual(
      [...sessionPlan(traced, draws(2), 1)],
      [
        { kind: 'join', atMs: 0, disk: false },
        { kind: 'crash', atMs: 7, disk: false },
        { kind: 'join', atMs: 9, disk: true },
      ],
    )
    assert.deepEqual([...sessionPlan(traced, draws(2), 9)], [])
  })

  it('use themselves up at the rate of the hour', () => {
    fc.assert(
      fc.property(
        fc.nat(10 * DAY_MS),
        fc.nat(3 * DAY_MS),
        fc.double({ min: 1, max: 2, noNaN: true }),
        (start, length, diurnal) => {
          const end = endOfSession(start, length, diurnal)
          assert(end >= start)
          let used = 0
          const steps = 2_000
          for (let i = 0; i < steps; i++) {
            const t = start + ((i + 0.5) * (end - start)) / steps
            used +=
              (1 + (diurnal - 1) * Math.cos((2 * Math.PI * (t - 18 * HOUR_MS)) / DAY_MS)) * ((end - start) / steps)
          }
          assert(Math.abs(used - length) < 1_000, `${used} of ${length}`)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('a part drawn of all', () => {
  it('has its size, nothing twice, and is another for another stream', () => {
    const all = Array.from({ length: 1_000 }, (_, i) => i)
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, share) => {
        const part = drawShare(all, share, draws(seed))
        assert.equal(part.length, Math.round(1_000 * share))
        assert.equal(new Set(part).size, part.length)
      }),
      { numRuns: 50 },
    )
    assert.notDeepEqual(drawShare(all, 0.5, draws('a')), drawShare(all, 0.5, draws('b')))
  })
})
