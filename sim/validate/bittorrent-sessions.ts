import { drawSessions } from './draw-sessions.ts'
import { between, type Effort, type Finding, type Reference } from './finding.ts'

const DRAWS = 100_000
const MINUTE_MS = 60_000
/** Terms of Kolmogorov's series; it converges with the square of their number. */
const TERMS = 100

/** Preset, Weibull shape, scale in minutes. */
const LAWS: readonly (readonly [string, number, number])[] = [
  ['bittorrent-redhat', 0.34, 21.3],
  ['bittorrent-debian', 0.38, 42.4],
  ['bittorrent-flatout', 0.59, 41.9],
]

/** R8: the generator gives the published laws. */
export const BITTORRENT_SESSIONS: Reference = {
  id: 'R8',
  subject: 'BitTorrent sessions: our draws against the published Weibull law',
  source: "Stutzbach and Rejaie, IMC'06",
  check,
}

function check({ seed }: Effort): Finding[] {
  return LAWS.map(([preset, shape, scaleMinutes]) => {
    const sorted = drawSessions(preset, DRAWS, seed)
    const ours = kolmogorovP(sorted, (ms) => 1 - Math.exp(-((ms / (scaleMinutes * MINUTE_MS)) ** shape)))
    return between(`${preset}: Kolmogorov-Smirnov p`, {
      published: `Weibull ${shape}, ${scaleMinutes} min`,
      ours,
      range: [0.05, 1],
    })
  })
}

/** The chance of draws that differ from the law at least as much as these (Kolmogorov's limit, sound for many draws). */
function kolmogorovP(sorted: Float64Array, law: (value: number) => number): number {
  const n = sorted.length
  const distance = sorted.reduce((most, value, i) => {
    const expected = law(value)
    return Math.max(most, expected - i / n, (i + 1) / n - expected)
  }, 0)
  const x2 = n * distance ** 2
  let p = 0
  for (let j = 1; j <= TERMS; j++) {
    p += 2 * (-1) ** (j - 1) * Math.exp(-2 * j ** 2 * x2)
  }
  return Math.min(1, Math.max(0, p))
}
