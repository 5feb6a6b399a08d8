import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { drawsOf } from '../../../../sim/churn/draws.ts'
import { findScenario } from '../../../../sim/scenario/find-scenario.ts'
import { readScenario } from '../../../../sim/scenario/read-scenario.ts'
import type { Scenario } from '../../../../sim/scenario/scenario.ts'
import { SeededRandom } from '../../../../sim/system/seeded-random.ts'
import { absencePlan } from '../../../../sim/workload/absence-plan.ts'
import { ContactsGraph } from '../../../../sim/workload/contacts-graph.ts'
import { lookupPlan } from '../../../../sim/workload/lookup-plan.ts'
import { messagePlan } from '../../../../sim/workload/message-plan.ts'
import { placePeople } from '../../../../sim/workload/place-people.ts'

const HOUR_MS = 3_600_000

const { scenario: HALF } = readScenario(findScenario('half-the-nodes-die'))

function draws(label: string | number): ReturnType<typeof drawsOf> {
  return drawsOf(new SeededRandom('workload').fork(String(label)))
}

function withWorkload(changes: Partial<Scenario['workload']>, others: Partial<Scenario> = {}): Scenario {
  return { ...HALF, ...others, workload: { ...HALF.workload, ...changes } }
}

describe('people', () => {
  it('live on nodes of the classes that have them, one on each', () => {
    const homes = placePeople(HALF, draws('homes'))
    assert.equal(homes.length, HALF.workload.people)
    assert.equal(new Set(homes).size, homes.length)
    // The first class, 70 of 100, has no people.
    assert(homes.every((node) => node >= 70 && node < 100))
    assert.equal(placePeople(withWorkload({ people: 4 }), draws('homes')).length, 4)
  })

  it('know as many as they should, and are known by them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 30, max: 300 }),
        fc.integer({ min: 0, max: 8 }),
        fc.nat(),
        (people, contacts, seed) => {
          const graph = new ContactsGraph(people, contacts, draws(seed))
          let all = 0
          for (let person = 0; person < people; person++) {
            const known = graph.of(person)
            all += known.length
            assert(!known.includes(person) && new Set(known).size === known.length && known.length <= contacts)
            assert(known.every((other) => graph.of(other).includes(person)))
          }
          // Two rings may name the same one: with few people, a few.
          assert(all >= people * contacts * 0.6, `${all} of ${people * contacts}`)
        },
      ),
      { numRuns: 50 },
    )
    assert.deepEqual(new ContactsGraph(1, 3, draws(1)).of(0), [])
    assert.deepEqual(new ContactsGraph(2, 1, draws(1)).of(0), [1])
  })
})

describe('the messages of a run', () => {
  it('are written by a Poisson process of each person, to contacts, between warm-up and settling', () => {
    const scenario = withWorkload({ messagesPerPersonPerHour: 60 }, { durationMs: 20 * HOUR_MS })
    const graph = new ContactsGraph(30, 6, draws('graph'))
    const messages = [...messagePlan(scenario, graph, draws('messages'))]
    const expected = 30 * 60 * 20
    assert(Math.abs(messages.length - expected) < 4 * Math.sqrt(expected), `${messages.length} of ${expected}`)
    messages.forEach(({ atMs, from, to, bytes }, i) => {
      assert(atMs >= (messages[i - 1]?.atMs ?? scenario.warmupMs) && atMs < scenario.warmupMs + scenario.durationMs)
      assert(graph.of(from).includes(to) && bytes === 200)
    })
    const hours = Map.groupBy(messages, ({ atMs }) => Math.floor((atMs - scenario.warmupMs) / HOUR_MS))
    const counts = [...hours.values()].map((hour) => hour.length)
    const variance = counts.reduce((sum, count) => sum + (count - 1_800) ** 2, 0) / counts.length
    assert(variance / 1_800 > 0.3 && variance / 1_800 < 2.5, 'as many as the mean, as of a Poisson law')
    assert.deepEqual([...messagePlan(scenario, graph, draws('messages'))], messages)
  })

  it('are none when nobody writes', () => {
    const graph = new ContactsGraph(30, 6, draws('graph'))
    assert.deepEqual([...messagePlan(withWorkload({ messagesPerPersonPerHour: 0 }), graph, draws(1))], [])
  })

  it('leave lookups to all nodes alike', () => {
    const lookups = [...lookupPlan(withWorkload({ lookupsPerNodePerHour: 10 }), draws('lookups'))]
    const expected = HALF.nodes * 10 * (HALF.durationMs / HOUR_MS)
    assert(Math.abs(lookups.length - expected) < 4 * Math.sqrt(expected))
    assert.equal(new Set(lookups.map(({ node }) => node)).size, HALF.nodes)
  })
})

describe('the absences of people', () => {
  const offline = { share: 0.3, forLaw: { law: 'exponential', meanMs: 2 * HOUR_MS } } as const
  const scenario = withWorkload({ offline }, { durationMs: 48 * HOUR_MS })
  const untilMs = scenario.warmupMs + scenario.durationMs

  it('begin when everybody has been there, and from then on leave the same share away at any moment', () => {
    const people = 3_000
    const plans = Array.from({ length: people }, (_, person) => [...absencePlan(scenario, draws(person))])
    assert(plans.every((plan) => plan.every(({ atMs }) => atMs >= scenario.warmupMs / 2)))
    for (const hour of [scenario.warmupMs / HOUR_MS, 1, 5, 24, 47]) {
      const away = plans.filter((plan) => plan.findLast(({ atMs }) => atMs <= hour * HOUR_MS)?.kind === 'away').length
      assert(Math.abs(away / people - 0.3) < 4 * Math.sqrt(0.21 / people), `${away} after ${hour} h`)
    }
  })

  it('begin and end in turn, and are over when the run settles', () => {
    for (let person = 0; person < 500; person++) {
      const plan = [...absencePlan(scenario, draws(person))]
      plan.forEach(({ kind, atMs }, i) => {
        assert.equal(kind, i % 2 === 0 ? 'away' : 'back')
        assert(atMs >= (plan[i - 1]?.atMs ?? 0) && atMs <= untilMs)
      })
      assert(plan.length % 2 === 0)
    }
  })

  it('are none without the word of the scenario', () => {
    assert.deepEqual([...absencePlan(withWorkload({ offline: undefined }), draws(1))], [])
  })
})
