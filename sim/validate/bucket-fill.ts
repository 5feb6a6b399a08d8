import { KAD_K } from '../../src/util/kad-limits.ts'
import { type Effort, type Finding, near, type Reference } from './finding.ts'
import { stillNetwork } from './still-network.ts'

const NODES = 15_371
const BUCKET = 9
const TOLERANCE = 0.1
const TABLES = 2_000

/** R5: entries of the first bucket that is not full. */
export const BUCKET_FILL: Reference = {
  id: 'R5',
  subject: `entries of bucket ${BUCKET}, N = 15,371`,
  source: 'Probe Lab, RFM19 (28 crawls of IPFS): 14.16; in theory 15.01',
  check,
}

function check({ seed }: Effort): Finding[] {
  const { tables, stream, nowMs } = stillNetwork(NODES, seed)
  let entries = 0
  for (let i = 0; i < TABLES; i++) {
    const table = tables.of(stream.uniform(NODES), nowMs)
    const bucket = table.subarray(BUCKET * KAD_K, (BUCKET + 1) * KAD_K)
    entries += bucket.filter((node) => node >= 0).length
  }
  const ours = entries / TABLES
  return [
    near('against the crawls', { published: 14.16, ours, within: 14.16 * TOLERANCE }),
    near('against the theory', { published: 15.01, ours, within: 15.01 * TOLERANCE }),
  ]
}
