import { compare } from 'uint8arrays/compare'
import { xor } from 'uint8arrays/xor'
import { kadId, kadIdOfPeer } from '../../src/identity/kad-id.ts'
import { drawsOf } from '../churn/draws.ts'
import type { LookupRow } from '../results/results.ts'
import { SimulatedClock } from '../time/simulated-clock.ts'
import { lookupPlan } from '../workload/lookup-plan.ts'
import type { NodeHome } from './node-home.ts'
import { playPlan } from './plan-player.ts'
import type { StackWorld } from './world.ts'

/** A lookup that takes longer is given up, and found nothing. */
const LOOKUP_LIMIT_MS = 60_000
const KEY_BYTES = 32
/** Kademlia's k. */
const CLOSEST = 20

/** Looks up random keys, for measuring alone; the rows come as lookups end. */
export function playLookups(world: StackWorld): readonly LookupRow[] {
  const rows: LookupRow[] = []
  const random = world.random.fork('lookups')
  playPlan(world.time, lookupPlan(world.scenario, drawsOf(random.fork('plan'))), ({ node }) => {
    const home = world.attendances[node]?.home
    const key = random.bytes(KEY_BYTES)
    if (home?.isUp) {
      void lookUp(world, home, key).then((row) => rows.push(row))
    }
  })
  return rows
}

async function lookUp(world: StackWorld, home: NodeHome, key: Uint8Array): Promise<LookupRow> {
  const startMs = world.time.now()
  const depths = new Map<string, number>()
  let messages = 0
  const found = await home.running?.network
    .closestPeers(key, CLOSEST, new SimulatedClock(world.time).timeoutSignal(LOOKUP_LIMIT_MS), (step) => {
      if (step.type === 'began') {
        for (const peerId of step.known) {
          depths.set(peerId, 1)
        }
        return
      }
      if (step.type === 'asked') {
        messages += 1
        depths.set(step.peerId, depths.get(step.peerId) ?? 1)
        return
      }
      const depth = (depths.get(step.peerId) ?? 1) + 1
      for (const peerId of step.closer) {
        depths.set(peerId, Math.min(depth, depths.get(peerId) ?? depth))
      }
    })
    .catch(() => [])
  const nearest = found?.[0]?.peerId
  return {
    t_ms: Math.round(startMs),
    node: home.index,
    hops: nearest === undefined ? 0 : (depths.get(nearest) ?? 1),
    messages,
    took_ms: Math.round(world.time.now() - startMs),
    found: nearest !== undefined && nearest === nearestServer(world, home, key),
  }
}

/** The server closest to a key among those that are up, without the one that asks. Sybils are servers like others. */
function nearestServer({ homes, sybils }: StackWorld, asking: NodeHome, key: Uint8Array): string | undefined {
  const target = kadId(key)
  let best: { readonly peerId: string; readonly distance: Uint8Array } | undefined
  const servers = homes.filter((home) => home.isUp && home.nodeClass.storageBytes > 0 && home !== asking)
  for (const { peerId } of [...servers, ...sybils]) {
    const distance = xor(kadIdOfPeer(peerId), target)
    if (best === undefined || compare(distance, best.distance) < 0) {
      best = { peerId, distance }
    }
  }
  return best?.peerId
}
