import type { Reference } from './finding.ts'

function notYet(
  reference: Omit<Reference, 'check'>,
  quantity: string,
  published: string,
  tolerance: string,
): Reference {
  const reason = 'the node neither punches holes nor uses relays yet (issue 6)'
  return { ...reference, check: () => [{ quantity, published, ours: '', tolerance, outcome: 'not yet', reason }] }
}

/** R18: hole punching in the field. */
export const HOLE_PUNCHING: Reference = notYet(
  { id: 'R18', subject: 'hole punching (DCUtR), population of R20', source: 'arXiv 2510.27500; Probe Lab, RFM15' },
  'punched, of 10,000 pairs',
  '70 %',
  '62.9 to 77.1 %',
)

/** R23: what a relay lets through. */
export const RELAY_LIMITS: Reference = notYet(
  { id: 'R23', subject: 'limits of a relay', source: 'go-libp2p, resources.go' },
  'bytes each way before the reset',
  '131072',
  'exact',
)
