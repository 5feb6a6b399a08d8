import { EventHeap } from '../model/event-heap.ts'
import { ANSWER } from '../model/kernel.ts'
import { Lookups } from '../model/lookups.ts'
import { type Effort, type Finding, near, type Reference } from './finding.ts'
import { stillNetwork } from './still-network.ts'

const NODES = 15_400
const UNREACHABLE_SHARE = 0.1
const LOOKUPS = { quick: 2_000, full: 10_000 }

/** R2: hops until the closest node is known. */
export const DISCOVERY_HOPS: Reference = {
  id: 'R2',
  subject: 'hops to the closest node, N = 15,400, 10 % of entries dead',
  source: 'Probe Lab, RFM17 (IPFS): 50 % <= 3, 95 % <= 4',
  check,
}

function check({ quick, seed }: Effort): Finding[] {
  const { world, tables, paths, stream, nowMs } = stillNetwork(NODES, seed, UNREACHABLE_SHARE)
  const heap = new EventHeap()
  let clockMs = nowMs
  const lookups = new Lookups(world, tables, paths, stream, (delayMs, request) =>
    heap.add(clockMs + delayMs, ANSWER, request),
  )
  const hops: number[] = []
  const wanted = quick ? LOOKUPS.quick : LOOKUPS.full
  while (hops.length < wanted) {
    // Each at the same moment, at which the dead are in all tables.
    clockMs = nowMs
    const source = stream.uniform(NODES)
    if (world.up[source] === 1) {
      lookups.start(source, { high: stream.bits(), low: stream.bits() }, clockMs, (result) => hops.push(result.hops))
    }
    while (Number.isFinite(heap.nextMs)) {
      heap.take()
      clockMs = heap.atMs
      lookups.answered(heap.subject, clockMs)
    }
  }
  const sorted = hops.sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(share * wanted) - 1] ?? Number.NaN
  return [
    near('median', { published: 3, ours: at(0.5), within: 1 }),
    near('95th percentile', { published: 4, ours: at(0.95), within: 1 }),
  ]
}
