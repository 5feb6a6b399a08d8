/**
 * Plays one small scenario in both tiers and prints what they count side by side; fails where they disagree by more than
 * simulator.md allows. Figures without a bound are for information. One seed means the same people, contacts, messages,
 * comings and goings and latencies in both, so that a single one tells.
 *
 *     node test/sim/tier-agreement.ts [scenario.yaml] [seeds]
 *     node test/sim/tier-agreement.ts test/sim/tier-agreement-larger.yaml    eighty nodes, by hand
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricName } from '../../sim/scenario/scenario.ts'

const ROOT = join(import.meta.dirname, '../..')
const SCENARIO = process.argv[2] ?? join(import.meta.dirname, 'tier-agreement.yaml')
/** Paired seeds whose figures are averaged. */
const SEEDS = Number(process.argv[3] ?? 1)
const RUN_LIMIT_MS = 20 * 60_000

/** What must agree, and how closely: an absolute difference or a part of the stack tier's figure. */
const BOUNDS: readonly { readonly metric: MetricName; readonly points?: number; readonly part?: number }[] = [
  { metric: 'delivered_share', points: 0.02 },
  { metric: 'lookup_hops_mean', part: 0.08 },
  { metric: 'delay_p50_ms', part: 0.2 },
]
/** Printed beside them. */
const SHOWN: readonly MetricName[] = [
  'messages_sent',
  'delay_p90_ms',
  'delay_p99_ms',
  'stored_p50_ms',
  'letters_share',
  'replicas_mean',
  'lookup_found_share',
  'bytes_per_node_per_s',
  'lost',
  'delivered_twice',
  'out_of_order',
  'violations',
]

/** Null: not measured. */
type Metrics = Readonly<Record<MetricName, number | null>>

const folder = mkdtempSync(join(tmpdir(), 'kabber-tiers-'))

function play(tier: 'stack' | 'model', seed: number): Metrics {
  const out = join(folder, `${tier}-${seed}`)
  const preload = join(ROOT, 'sim/time/preload.ts')
  const main = join(ROOT, 'sim/main.ts')
  const args = [
    '--max-semi-space-size=64',
    '--import',
    preload,
    main,
    'run',
    SCENARIO,
    '--tier',
    tier,
    '--seed',
    String(seed),
    '--out',
    out,
  ]
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: RUN_LIMIT_MS })
  try {
    const { metrics } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as { metrics: Metrics }
    return metrics
  } catch (error) {
    throw new Error(`the ${tier} tier left no result: ${child.stdout}${child.stderr}`, { cause: error })
  }
}

function mean(runs: readonly Metrics[], metric: MetricName): number {
  return runs.reduce((sum, metrics) => sum + (metrics[metric] ?? Number.NaN), 0) / runs.length
}

function line(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(22) : cell.padStart(12))).join(' ')
}

let failures = 0
try {
  const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1)
  const stack = seeds.map((seed) => play('stack', seed))
  const model = seeds.map((seed) => play('model', seed))
  console.log(line(['metric', 'stack', 'model', 'difference', 'allowed', '']))
  for (const { metric, points, part = 0 } of BOUNDS) {
    const [ofStack, ofModel] = [mean(stack, metric), mean(model, metric)]
    const allowed = points ?? part * ofStack
    const agrees = Math.abs(ofModel - ofStack) <= allowed
    failures += agrees ? 0 : 1
    const figures = [ofStack, ofModel, ofModel - ofStack, allowed].map((figure) => figure.toFixed(3))
    console.log(line([metric, ...figures, agrees ? 'agrees' : 'DISAGREES']))
  }
  for (const metric of SHOWN) {
    const [ofStack, ofModel] = [mean(stack, metric), mean(model, metric)]
    console.log(line([metric, ofStack.toFixed(3), ofModel.toFixed(3), (ofModel - ofStack).toFixed(3), '-', '']))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(failures === 0 ? 'the tiers agree' : `${failures} figures disagree`)
process.exitCode = failures === 0 ? 0 : 1
