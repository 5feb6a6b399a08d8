import { OutputError } from '../output/output-error.ts'
import { SweepFolder } from '../sweep/sweep-folder.ts'
import { planDigest } from '../sweep/sweep-plan.ts'

/** Points that are named when many are missing. */
const NAMED_MAX = 10

/**
 * `kabber sim merge DIR… --out DIR`: puts the shards of a sweep together. Gives the exit code: 0 complete, 1 something
 * is missing (it says what).
 *
 * @throws OutputError: exit code 2
 */
export function merge(
  paths: readonly string[],
  { out }: { readonly out: string },
  { write }: { write(line: string): void },
): number {
  const shards = paths.map((path) => SweepFolder.read(path))
  const [first] = shards
  if (first === undefined) {
    throw new OutputError('the folders of the shards are missing')
  }
  const stranger = shards.find(({ plan }) => planDigest(plan) !== planDigest(first.plan))
  if (stranger !== undefined) {
    throw new OutputError(
      `${stranger.path}: this is not the sweep of ${first.path} (scenario, options or version differ)`,
    )
  }
  const whole = SweepFolder.open(out, { plan: first.plan, shard: { index: 1, count: 1 } })
  for (const shard of shards) {
    copyRuns(shard, whole)
  }
  const missing = whole.finish()
  if (missing.length === 0) {
    write(`${whole.plan.points.length} points, complete: ${out}`)
    return 0
  }
  for (const line of missingLines(missing, shards)) {
    write(line)
  }
  return 1
}

function copyRuns(shard: SweepFolder, whole: SweepFolder): void {
  for (const point of shard.points) {
    for (const run of shard.runsOf(point)) {
      whole.add(run)
    }
  }
}

/** What is missing, by the shard that has to make it. */
function missingLines(missing: readonly number[], shards: readonly SweepFolder[]): string[] {
  const count = shards.reduce((most, { shard }) => Math.max(most, shard.count), 1)
  const byShard = Map.groupBy(missing, (point) => (point % count) + 1)
  return [...byShard]
    .sort(([a], [b]) => a - b)
    .map(([index, points]) => {
      const named = points.slice(0, NAMED_MAX).join(', ')
      const more = points.length > NAMED_MAX ? ` and ${points.length - NAMED_MAX} more` : ''
      return `missing: shard ${index}/${count}: points ${named}${more}`
    })
}
