import type { Tier } from '../tier.ts'

/** Loads a tier; the stack brings all of libp2p. */
export async function loadTier(name: 'stack' | 'model'): Promise<Tier> {
  throw new Error(`the ${name} tier is being written`)
}
