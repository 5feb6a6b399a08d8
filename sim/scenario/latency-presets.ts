import type { Law } from './scenario.ts'

/**
 * One-way delays between two nodes. These are ours, rounded: `internet` has the order of what King (Gummadi, IMC'02) saw
 * between name servers, round trips of 160 ms in the middle with a long tail. Measured ones belong into the file.
 */
export const LATENCY_PRESETS: Readonly<Record<string, { readonly law: Law; readonly about: string }>> = {
  lan: { law: { law: 'constant', ms: 1 }, about: '1 ms, as in one building' },
  continent: { law: { law: 'lognormal', medianMs: 20, sigma: 0.4 }, about: 'median 20 ms, lognormal, sigma 0.4' },
  internet: { law: { law: 'lognormal', medianMs: 80, sigma: 0.5 }, about: 'median 80 ms, lognormal, sigma 0.5' },
  mobile: { law: { law: 'lognormal', medianMs: 110, sigma: 0.7 }, about: 'median 110 ms, lognormal, sigma 0.7' },
}
