/**
 * A planted bug for every checker of the simulator's stack tier: each must be caught within 20 seeds.
 * Run: node --import ./sim/time/preload.ts test/canary/simulator.ts [bug [seed]]
 */
import { StackRun } from '../../sim/stack/stack-run.ts'
import { virtualTime } from '../../sim/time/virtual-time.ts'
import { PLANTED_BUGS } from '../support/planted-bugs.ts'
import { stackScenario } from '../support/stack-scenario.ts'

const SEEDS_MAX = 20

/** Half of the nodes lose power while others write to people who are away. */
const scenario = stackScenario({
  faults: [{ kind: 'kill', atMs: 240_000, share: 0.5, returnAfterMs: 20_000, className: undefined }],
  workload: {
    messagesPerPersonPerHour: 240,
    offline: { share: 0.4, forLaw: { law: 'exponential', meanMs: 60_000 } },
  },
})

async function caughtBy(name: string, seed: number): Promise<string[]> {
  const time = virtualTime()
  const observer = { progress: () => {}, trace: () => {} }
  const init = { scenario, seed, observer, signal: new AbortController().signal }
  const result = await time.drive(seed, () =>
    new StackRun(time, { ...init, plantedBug: PLANTED_BUGS[name]?.bug }).play(),
  )
  return result.violations.map(({ t_ms, checker, what }) => `${checker} at ${t_ms} ms: ${what}`)
}

async function tryBug(name: string, seeds: readonly number[]): Promise<boolean> {
  const { checker } = PLANTED_BUGS[name] ?? { checker: '' }
  for (const seed of seeds) {
    const caught = await caughtBy(name, seed)
    const first = caught.find((line) => line.startsWith(checker))
    if (first !== undefined) {
      console.log(`${name}: caught with seed ${seed} by ${first}`)
      console.log(`  repeat: node --import ./sim/time/preload.ts test/canary/simulator.ts ${name} ${seed}`)
      return true
    }
    console.log(`${name}: seed ${seed}: ${caught.length} violations, none of ${checker} ${caught[0] ?? ''}`)
  }
  return false
}

const [only, seed] = process.argv.slice(2)
const seeds = seed === undefined ? Array.from({ length: SEEDS_MAX }, (_, index) => index + 1) : [Number(seed)]
const names = only === undefined ? ['none', ...Object.keys(PLANTED_BUGS)] : [only]
let failed = false
for (const name of names) {
  if (name === 'none') {
    const violations = await caughtBy(name, 1)
    console.log(`without a bug: ${violations.length} violations ${violations[0] ?? ''}`)
    failed ||= violations.length > 0
  } else {
    failed = !(await tryBug(name, seeds)) || failed
  }
}
process.exit(failed ? 1 : 0)
