import type { Place } from './places.ts'

/** What became of one conversation. */
export type Outcome = 'direct' | 'mapped' | 'punched' | 'relayed' | 'failed'

export const OUTCOMES: readonly Outcome[] = ['direct', 'mapped', 'punched', 'relayed', 'failed']

/** One conversation between people at two places. */
export interface Trial {
  readonly from: string
  readonly to: string
  readonly outcome: Outcome
  /** From the start of the node that writes to the delivery of its first message, milliseconds; undefined: not delivered. */
  readonly firstMessageMs: number | undefined
  /** To the direct path; undefined: relayed to the end. */
  readonly directMs: number | undefined
}

/** What trials of a pair of places gave. */
export interface Cell {
  readonly from: string
  readonly to: string
  readonly counts: Readonly<Record<Outcome, number>>
  readonly firstMessageMs: readonly number[]
  readonly directMs: readonly number[]
}

export function cellsOf(trials: readonly Trial[]): readonly Cell[] {
  const groups = Map.groupBy(trials, ({ from, to }) => `${from} ${to}`)
  return [...groups.values()].map((group) => ({
    from: group[0]!.from,
    to: group[0]!.to,
    counts: Object.fromEntries(
      OUTCOMES.map((outcome) => [outcome, group.filter((trial) => trial.outcome === outcome).length]),
    ) as Record<Outcome, number>,
    firstMessageMs: numbers(group.map(({ firstMessageMs }) => firstMessageMs)),
    directMs: numbers(group.map(({ directMs }) => directMs)),
  }))
}

/** What a pair of places must come to in every trial; `relayed` may be better. */
export function expected(from: Place, to: Place): Exclude<Outcome, 'failed'> {
  if (from.boxes.length === 0 || to.boxes.length === 0) {
    return 'direct'
  }
  if (from.mapsPorts === true || to.mapsPorts === true) {
    return 'mapped'
  }
  return from.isPunchable && to.isPunchable ? 'punched' : 'relayed'
}

/** What is wrong with a cell, one line each. */
export function faultsOf(cell: Cell, wanted: Outcome): readonly string[] {
  const { counts, from, to } = cell
  const straight = counts.direct + counts.mapped + counts.punched
  const trials = straight + counts.relayed + counts.failed
  return [
    ...(counts.failed > 0 ? [`${from} to ${to}: ${counts.failed} of ${trials} failed`] : []),
    ...(wanted !== 'relayed' && counts.relayed > 0
      ? [`${from} to ${to}: ${counts.relayed} of ${trials} stayed relayed, where ${wanted} is possible`]
      : []),
  ]
}

/** A cell as one line of the table. */
export function cellLine(cell: Cell, simulated: string): string {
  const counts = OUTCOMES.map((outcome) => String(cell.counts[outcome] || '.').padStart(8))
  const times = [cell.firstMessageMs, cell.directMs].map((ms) => timesText(ms).padStart(13))
  return [cell.from.padEnd(9), cell.to.padEnd(9), ...counts, ...times, `  ${simulated}`].join('')
}

export function headLine(): string {
  const counts = OUTCOMES.map((outcome) => outcome.padStart(8))
  const times = ['message, s', 'direct, s'].map((title) => title.padStart(13))
  return ['from'.padEnd(9), 'to'.padEnd(9), ...counts, ...times, '  simulator'].join('')
}

/** Median and maximum in seconds. */
export function timesText(ms: readonly number[]): string {
  if (ms.length === 0) {
    return '-'
  }
  const sorted = ms.toSorted((a, b) => a - b)
  const seconds = (value: number): string => (value / 1_000).toFixed(1)
  return `${seconds(sorted[Math.floor(sorted.length / 2)]!)} / ${seconds(sorted.at(-1)!)}`
}

function numbers(values: readonly (number | undefined)[]): readonly number[] {
  return values.filter((value) => value !== undefined)
}
