/** One number beside another. */
export interface Finding {
  /** What is compared, such as `N = 10,000`. */
  readonly quantity: string
  readonly published: string
  /** Ours; empty where there is none yet. */
  readonly ours: string
  readonly tolerance: string
  readonly outcome: 'pass' | 'FAIL' | 'not yet'
  /** Why it fails, or what is missing; empty if it passes. */
  readonly reason: string
}

/** How much work a validation may take. */
export interface Effort {
  /** Fewer draws and smaller networks. */
  readonly quick: boolean
  readonly seed: number
}

/** A published result and how we reproduce it. `id` is the number in docs/simulator.md. */
export interface Reference {
  readonly id: string
  readonly subject: string
  readonly source: string
  /** Compares; long ones give way to others between their steps. */
  check(effort: Effort): readonly Finding[] | Promise<readonly Finding[]>
}

/** A number that must lie within so much of the published one. `reason` explains a miss that is understood. */
export function near(
  quantity: string,
  {
    published,
    ours,
    within,
    unit = '',
  }: {
    readonly published: number
    readonly ours: number
    readonly within: number
    readonly unit?: string
  },
  reason = '',
): Finding {
  return between(
    quantity,
    { published: `${digits(published)}${unit}`, ours, range: [published - within, published + within], unit },
    reason,
  )
}

/** A number that must lie in a range. */
export function between(
  quantity: string,
  {
    published,
    ours,
    range: [low, high],
    unit = '',
  }: {
    readonly published: string
    readonly ours: number
    readonly range: readonly [number, number]
    readonly unit?: string
  },
  reason = '',
): Finding {
  const passes = ours >= low && ours <= high
  return {
    quantity,
    published,
    ours: `${digits(ours)}${unit}`,
    tolerance: `${digits(low)} to ${digits(high)}${unit}`,
    outcome: passes ? 'pass' : 'FAIL',
    reason: passes ? '' : reason || 'outside the tolerance',
  }
}

function digits(value: number): string {
  return String(Number(value.toPrecision(4)))
}
