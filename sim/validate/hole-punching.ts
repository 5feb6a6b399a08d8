import { NAT_POPULATIONS } from '../nat/populations.ts'
import { punchTrial } from '../network/punch-trial.ts'
import { SeededRandom } from '../system/seeded-random.ts'
import { between, type Effort, type Finding, type Reference } from './finding.ts'

const PAIRS = { quick: 1_000, full: 10_000 }
/** One way, as between homes on one continent; both sides begin together but for what is wrong in the round trip they measured. */
const LATENCY_MS = 40
const SKEW_MAX_MS = 20

/** R18: hole punching in the field: both behind a box, dialling each other over TCP at a moment agreed on. */
export const HOLE_PUNCHING: Reference = {
  id: 'R18',
  subject: 'hole punching (DCUtR) over TCP, pairs behind boxes',
  source: 'arXiv 2510.27500; Probe Lab, RFM15: 70 % ± 7.1 %',
  check,
}

function check({ quick, seed }: Effort): Finding[] {
  const pairs = quick ? PAIRS.quick : PAIRS.full
  const row = (population: string, reason: string): Finding =>
    between(
      `punched, boxes of ${population}`,
      { published: '70 %', ours: 100 * punchedShare(population, pairs, seed), range: [62.9, 77.1], unit: ' %' },
      reason,
    )
  return [
    row('ipfs2022', 'another share of boxes without a port that can be foretold'),
    row('fixed', 'fixed lines alone, which is not whom the campaign punched'),
    row('cellular', 'mobile carriers alone, 40 % of them with another port for each destination'),
  ]
}

/** Of pairs of nodes drawn from those of a population that are behind boxes. */
function punchedShare(name: string, pairs: number, seed: number): number {
  const shares = (NAT_POPULATIONS[name]?.shares ?? []).filter(({ nat }) => nat !== 'open')
  const total = shares.reduce((sum, { share }) => sum + share, 0)
  const random = new SeededRandom(`${seed}/hole punching/${name}`)
  const draw = (): string => {
    let left = (random.uniform(2 ** 32) / 2 ** 32) * total
    return (
      shares.find(({ share }) => {
        left -= share
        return left < 0
      }) ?? shares[0]
    )?.nat as string
  }
  let punched = 0
  for (let pair = 0; pair < pairs; pair++) {
    const timing = { latencyMs: LATENCY_MS, skewMs: random.uniform(SKEW_MAX_MS + 1) }
    punched += punchTrial(draw(), draw(), 'tcp', seed + pair, timing) === 'failed' ? 0 : 1
  }
  return punched / pairs
}
