// The Slurm array script on a real slurmctld and slurmd (Debian's slurm-wlm, installed if missing) on loopback: a sweep of
// four points as an array of two tasks, one of them submitted twice, merged, equals the sweep made in one piece, byte for
// byte. `node test/sim/slurm.ts`, as root.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type AfterHooks, kabber, temporaryFolder } from '../support/kabber-process.ts'
import { runStandalone } from '../support/standalone.ts'
import { installSlurm, type SlurmCluster, startSlurm } from './slurm-cluster.ts'

const LIMIT_MS = 600_000
const JOB_LIMIT_MS = 300_000
const POLL_MS = 500

const ROOT = join(import.meta.dirname, '../..')
const SCRIPT = join(ROOT, 'sim/deploy/sweep.sbatch')

const SCENARIO = `about: A few open nodes, for a sweep that is over soon.
source: a test
tier: model
duration: 30 min
warmup: 5 min
settle: 5 min
population:
  nodes: 20
  classes:
    open: { share: rest, nat: open, storage: 64 MiB }
workload:
  people: 5
  contacts: 2
  messages: 10 per hour
sweep:
  seeds: 2
  grid:
    population.nodes: [20, 30]
    workload.contacts: [2, 3]
`

async function sim(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await kabber(['sim', ...args])
  assert.equal(exitCode, 0, `kabber sim ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}

/** Submits the script and waits until none of its tasks is left. */
async function submit(cluster: SlurmCluster, tasks: string, ...args: readonly string[]): Promise<void> {
  const options = [`--array=${tasks}`, '--cpus-per-task=1', '--mem-per-cpu=0', '--time=10']
  const job = cluster.call('sbatch', '--parsable', ...options, SCRIPT, ...args).trim()
  const limitMs = performance.now() + JOB_LIMIT_MS
  while (cluster.call('squeue', '--noheader', '--states=all', '--format=%T').match(/PENDING|RUNNING|COMPLETING/)) {
    assert.ok(performance.now() < limitMs, `job ${job} is not over\n${cluster.logs()}`)
    await pause(POLL_MS)
  }
}

async function main(hooks: AfterHooks): Promise<number> {
  installSlurm()
  const folder = temporaryFolder(hooks)
  const scenario = join(folder, 'scenario.yaml')
  writeFileSync(scenario, SCENARIO)
  process.env.KABBER = `${process.execPath} ${join(ROOT, 'bin/kabber.js')}`
  const cluster = await startSlurm(hooks, folder)
  const parts = join(folder, 'parts')
  await submit(cluster, '1-2', scenario, parts)
  // A task that runs again finds its work done.
  await submit(cluster, '2-2', scenario, parts, '--shard', '2/2')
  const shards = [1, 2].map((task) => join(parts, `shard-${task}`))
  console.log((await sim('merge', ...shards, '--out', join(parts, 'all'))).trim())
  await sim('sweep', scenario, '--out', join(folder, 'whole'))
  for (const table of ['points.csv', 'runs.csv']) {
    const [merged, whole] = [join(parts, 'all'), join(folder, 'whole')].map((path) =>
      readFileSync(join(path, table), 'utf8'),
    )
    assert.equal(merged, whole, `${table} differs`)
    assert.ok((merged?.split('\n').length ?? 0) > 4, `${table} is empty`)
  }
  console.log('two tasks on a real Slurm give the tables of one sweep')
  return 0
}

await runStandalone(LIMIT_MS, main)
