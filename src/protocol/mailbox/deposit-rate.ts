import { BoundedMap } from '../../util/bounded-map.ts'
import {
  DEPOSIT_BUCKETS_MAX,
  LETTER_RETENTION_MS,
  NETWORK_DEPOSITS_BURST,
  NETWORK_DEPOSITS_PER_SECOND,
  NETWORK_STORAGE_SHARE,
  PEER_DEPOSITS_BURST,
  PEER_DEPOSITS_PER_SECOND,
  REPLICA_COST,
} from './letter-limits.ts'

/** Token buckets of deposits: how many at once, and how many per second afterwards. */
export interface DepositRates {
  readonly peerBurst: number
  readonly peerPerSecond: number
  readonly networkBurst: number
  readonly networkPerSecond: number
}

export const DEPOSIT_RATES: DepositRates = {
  peerBurst: PEER_DEPOSITS_BURST,
  peerPerSecond: PEER_DEPOSITS_PER_SECOND,
  networkBurst: NETWORK_DEPOSITS_BURST,
  networkPerSecond: NETWORK_DEPOSITS_PER_SECOND,
}

/**
 * The buckets, each kept as one number: the time at which it will be full again (the generic cell rate algorithm, ITU-T
 * I.371). A key never seen has a full bucket.
 */
export interface DepositTimes {
  readonly peers: BoundedMap<string, number>
  readonly networks: BoundedMap<string, number>
  /** Bytes of this node's storage, by network, or by peer in private networks. */
  readonly storage: BoundedMap<string, number>
}

interface Depositor {
  readonly from: string
  readonly network: string | undefined
  readonly nowMs: number
}

export function initialDepositTimes(): DepositTimes {
  const options = { maxEntries: DEPOSIT_BUCKETS_MAX }
  return { peers: new BoundedMap(options), networks: new BoundedMap(options), storage: new BoundedMap(options) }
}

/** Takes a token of the peer and one of its network. 0: both had one; else neither was taken, and the wait in ms. */
export function takeDeposit(times: DepositTimes, rates: DepositRates, { from, network, nowMs }: Depositor): number {
  const peerFillMs = (1000 * rates.peerBurst) / rates.peerPerSecond
  const networkFillMs = (1000 * rates.networkBurst) / rates.networkPerSecond
  const ofPeer = fullAtMs(times.peers, from, nowMs, peerFillMs) + 1000 / rates.peerPerSecond
  const ofNetwork =
    network === undefined ? 0 : fullAtMs(times.networks, network, nowMs, networkFillMs) + 1000 / rates.networkPerSecond
  const longestMs = Math.max(ofPeer - nowMs - peerFillMs, ofNetwork - nowMs - networkFillMs)
  // Sums of fractions of a millisecond are not exact.
  const waitMs = Math.max(0, Math.ceil(longestMs - 1))
  if (waitMs === 0) {
    times.peers.set(from, ofPeer)
    if (network !== undefined) {
      times.networks.set(network, ofNetwork)
    }
  }
  return waitMs
}

/** Takes `bytes` of the storage share of the network; false, and nothing is taken, when it has used it up. */
export function takeStorage(
  times: DepositTimes,
  nodeMaxBytes: number,
  { from, network, nowMs, bytes, replica }: Depositor & { readonly bytes: number; readonly replica: boolean },
): boolean {
  const key = network ?? from
  const msPerByte = LETTER_RETENTION_MS / (nodeMaxBytes * NETWORK_STORAGE_SHARE)
  const usedMs = bytes * msPerByte * (replica ? REPLICA_COST : 1)
  const fullMs = fullAtMs(times.storage, key, nowMs, LETTER_RETENTION_MS) + usedMs
  if (fullMs - nowMs > LETTER_RETENTION_MS) {
    return false
  }
  times.storage.set(key, fullMs)
  return true
}

/** After the clock was put back a bucket is empty at worst: `fillMs` is what an empty one takes to fill. */
function fullAtMs(times: BoundedMap<string, number>, key: string, nowMs: number, fillMs: number): number {
  return Math.min(Math.max(nowMs, times.get(key) ?? 0), nowMs + fillMs)
}
