import type { Tier } from '../tier.ts'

/** Loads a tier; the stack brings all of libp2p. */
export async function loadTier(name: 'stack' | 'model'): Promise<Tier> {
  if (name === 'stack') {
    return (await import('../stack/stack-tier.ts')).stackTier
  }
  throw new Error('the model tier is being written')
}
