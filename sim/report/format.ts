const DURATIONS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

const RATES: readonly (readonly [number, string])[] = [
  [2 ** 20, 'MiB/s'],
  [2 ** 10, 'KiB/s'],
]

/** A duration for people: `1.5 h`. */
export function formatDuration(ms: number): string {
  const [unitMs, unit] = DURATIONS.find(([length]) => ms >= length) ?? [1, 'ms']
  return `${formatNumber(ms / unitMs)} ${unit}`
}

/** Three digits, thousands apart. */
export function formatNumber(value: number): string {
  return Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)))
}

/** A share of one, in percent; what is not whole never reads 100 %. */
function formatShare(share: number): string {
  const percent = share * 100
  const digits = share > 0.99 && share < 1 ? Math.floor(percent * 100) / 100 : Number(percent.toPrecision(3))
  return `${digits} %`
}

/** A metric with its unit, which its name tells; an en dash where there is none. */
export function formatMetric(name: string, value: number | null | undefined): string {
  if (value === null || value === undefined) {
    return '–'
  }
  if (name.endsWith('_share')) {
    return formatShare(value)
  }
  if (name.endsWith('_ms')) {
    return formatDuration(value)
  }
  return name.endsWith('_per_s') ? formatRate(value) : formatNumber(value)
}

function formatRate(bytesPerSecond: number): string {
  const [size, unit] = RATES.find(([least]) => bytesPerSecond >= least) ?? [1, 'B/s']
  return `${formatNumber(bytesPerSecond / size)} ${unit}`
}
