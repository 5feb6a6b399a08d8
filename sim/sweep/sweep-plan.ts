import { createHash } from 'node:crypto'
import type { Scenario } from '../scenario/scenario.ts'
import type { Shard } from './shard.ts'
import type { PointValues } from './sweep-points.ts'

/** What a sweep runs; the same in all its shards. Stands in `sweep.json` with the shard. */
export interface SweepPlan {
  readonly format: 1
  readonly version: string
  readonly scenario: string
  readonly tier: 'stack' | 'model'
  readonly ci: boolean
  /** What holds in every point. */
  readonly overrides: PointValues
  readonly points: readonly PointValues[]
  /** Seeds 1 to this, the same in every point: runs are paired. */
  readonly seeds: number
  readonly stop: NonNullable<Scenario['sweep']>['stop'] | null
  /** The file as it was read. */
  readonly scenarioText: string
}

/** A plan and the part of it that a folder holds. */
export interface SweepHead {
  readonly plan: SweepPlan
  readonly shard: Shard
}

/** Whether what a file said is a plan and a part of it. */
export function isSweepHead(value: unknown): value is SweepHead {
  const { plan, shard } = (value ?? {}) as Partial<SweepHead>
  return (
    plan?.format === 1 &&
    Array.isArray(plan.points) &&
    plan.points.every((point) => typeof point === 'object' && point !== null) &&
    Number.isInteger(plan.seeds) &&
    Number.isInteger(shard?.index) &&
    Number.isInteger(shard?.count)
  )
}

/** A name for a plan: two folders belong to the same sweep if theirs are equal. */
export function planDigest(plan: SweepPlan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex')
}
