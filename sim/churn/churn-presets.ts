import type { Churn, Law } from '../scenario/scenario.ts'

/** A published way of coming and going. */
export interface ChurnPreset {
  readonly churn: Omit<Churn, 'trace'>
  /** Where the session law comes from. What is not in the literature is ours, and says so. */
  readonly source: string
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** Ours: measurements tell how long nodes stay, hardly how long they stay away; a third of the sessions ends without goodbye. */
const OURS: Omit<Churn, 'session' | 'trace'> = {
  absence: { law: 'exponential', meanMs: 4 * HOUR_MS },
  crashShare: 0.3,
  diskShare: 0.8,
  diurnal: 1,
}

function preset(session: Law | undefined, source: string): ChurnPreset {
  return { churn: { ...OURS, session }, source: `${source}; absence, crashes and disks are ours` }
}

/** Session laws of studies, by the name they have in scenario files: references R8, R10, R12 and R13 of docs/simulator.md. */
export const CHURN_PRESETS: Readonly<Record<string, ChurnPreset>> = {
  'always-on': { churn: { ...OURS, session: undefined }, source: 'a node that never leaves' },
  'ipfs-2022': preset(
    { law: 'weibull', shape: 0.608, scaleMs: 3.66 * HOUR_MS },
    'R13: Probe Lab, RFM2: 50 % of sessions end within 2 h, 80 % within 8 h; Weibull through both, mean 5.41 h',
  ),
  'ipfs-2021': preset(
    { law: 'weibull', shape: 0.518, scaleMs: 1.93 * HOUR_MS },
    "R12: Trautwein, SIGCOMM'22: 87.6 % of sessions under 8 h, 2.5 % over 24 h; Weibull through both, mean 3.63 h",
  ),
  kad2007: preset(
    { law: 'weibull', shape: 0.5, scaleMs: 5_000_000 },
    "R10: Steiner, IMC'07: Weibull with a shape below 1; shape 0.5 and mean 10,000 s as in R/Kademlia (Heep)",
  ),
  'bittorrent-redhat': preset(
    { law: 'weibull', shape: 0.34, scaleMs: 21.3 * MINUTE_MS },
    "R8: Stutzbach and Rejaie, IMC'06, Red Hat: Weibull .34, 21.3 min",
  ),
  'bittorrent-debian': preset(
    { law: 'weibull', shape: 0.38, scaleMs: 42.4 * MINUTE_MS },
    "R8: Stutzbach and Rejaie, IMC'06, Debian: Weibull .38, 42.4 min",
  ),
  'bittorrent-flatout': preset(
    { law: 'weibull', shape: 0.59, scaleMs: 41.9 * MINUTE_MS },
    "R8: Stutzbach and Rejaie, IMC'06, FlatOut: Weibull .59, 41.9 min",
  ),
}
