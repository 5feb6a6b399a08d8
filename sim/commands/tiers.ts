import type { Tier } from '../tier.ts'

/** Loads a tier; the stack brings all of libp2p. */
export async function loadTier(name: 'stack' | 'model'): Promise<Tier> {
  if (name === 'stack') {
    return (await import('../stack/stack-tier.ts')).stackTier
  }
  return (await import('../model/model-tier.ts')).modelTier
}
