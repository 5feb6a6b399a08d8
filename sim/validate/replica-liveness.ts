import { assert } from '../../src/util/assert.ts'
import { CHURN_PRESETS } from '../churn/churn-presets.ts'
import { sessionPlan } from '../churn/session-plan.ts'
import { Stream } from '../model/stream.ts'
import type { Churn } from '../scenario/scenario.ts'
import { between, type Effort, type Finding, type Reference } from './finding.ts'

/** Of 20 asked, the median number that took the record. */
const HOLDERS = 18
const LONG_LIVED_SHARE = 0.78
const HOUR_MS = 3_600_000
const AT_HOURS: readonly number[] = [1, 10, 24, 36]
const RECORDS = { quick: 2_000, full: 20_000 }
/** 13 to 16, and 1.5 holders to either side. */
const RANGE: readonly [number, number] = [11.5, 17.5]

/** Long-lived holders stay 30 days in the mean (simulation.md §4). */
const LONG_LIVED: Churn = {
  session: { law: 'exponential', meanMs: 30 * 24 * HOUR_MS },
  absence: { law: 'exponential', meanMs: 4 * HOUR_MS },
  crashShare: 0.3,
  diskShare: 1,
  diurnal: 1,
  trace: undefined,
}

/** R16: holders of a record that are on-line, without republication. */
export const REPLICA_LIVENESS: Reference = {
  id: 'R16',
  subject: 'holders of a record that run, of 18, 78 % of them long-lived',
  source: 'Probe Lab, RFM17: 13 to 16 for 36 h',
  check,
}

function check({ quick, seed }: Effort): Finding[] {
  const short = CHURN_PRESETS['ipfs-2022']?.churn
  assert(short !== undefined, 'the preset is there')
  const records = quick ? RECORDS.quick : RECORDS.full
  const up = AT_HOURS.map(() => 0)
  for (let holder = 0; holder < records * HOLDERS; holder++) {
    const draws = new Stream(seed, 'holder', holder)
    const churn = draws.next() < LONG_LIVED_SHARE ? LONG_LIVED : { ...short, trace: undefined }
    const isUp = presence(churn, draws)
    AT_HOURS.forEach((_, i) => {
      up[i] = (up[i] ?? 0) + (isUp[i] ? 1 : 0)
    })
  }
  return AT_HOURS.map((hours, i) =>
    between(`after ${hours} h`, { published: '13 to 16', ours: (up[i] ?? 0) / records, range: RANGE }),
  )
}

/** Whether a node that was on-line when the record came is on-line at each of the hours. */
function presence(churn: Churn, draws: Stream): boolean[] {
  for (;;) {
    const plan = sessionPlan(churn, draws, 0)
    const first = plan.next()
    // Whoever is away at the start was not asked to keep it.
    if (first.value?.atMs === 0) {
      return hoursUp(plan)
    }
  }
}

function hoursUp(plan: ReturnType<typeof sessionPlan>): boolean[] {
  const answers: boolean[] = []
  let isUp = true
  for (const { kind, atMs } of plan) {
    while (answers.length < AT_HOURS.length && (AT_HOURS[answers.length] ?? 0) * HOUR_MS < atMs) {
      answers.push(isUp)
    }
    if (answers.length === AT_HOURS.length) {
      break
    }
    isUp = kind === 'join'
  }
  return answers
}
