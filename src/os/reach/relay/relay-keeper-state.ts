import type { PeerIdText } from '../../../system/network.ts'
import type { Random } from '../../../system/random.ts'
import { Backoff } from '../../../util/backoff.ts'
import * as limits from './relay-limits.ts'

/** A reservation that lasted so long shows that the relay is no trouble: its next loss is its first. *ours* */
const PROVEN_AFTER_MS = 60_000

/** A relay that has not answered for so long does not keep the node from asking another. *ours* */
const PATIENCE_MS = 3_000

/** A peer that may be a relay. */
export interface RelayCandidate {
  readonly peerId: PeerIdText
  /** Its /24s and /48s: `networksOf(addresses)`. Empty: exempt from the rule of different networks. */
  readonly networks: readonly string[]
  readonly connected: boolean
}

export type RelayEvent =
  | { readonly type: 'want'; readonly wanted: boolean }
  /** Peers that relay for others. */
  | { readonly type: 'known'; readonly relays: readonly RelayCandidate[] }
  /** The search asked for is over. */
  | { readonly type: 'searched' }
  /** A relay gave or renewed a reservation for so long. */
  | { readonly type: 'reserved'; readonly peerId: PeerIdText; readonly forMs: number }
  /** It did not. `serves`: it is a relay, only not for us now. */
  | { readonly type: 'failed'; readonly peerId: PeerIdText; readonly serves: boolean }
  /** The connection to a relay is gone. */
  | { readonly type: 'lost'; readonly peerId: PeerIdText }
  /** The reservation must be renewed now: its connection is gone, another to the relay is there. */
  | { readonly type: 'moved'; readonly peerId: PeerIdText }
  /** It is still there, and relays no longer. */
  | { readonly type: 'leaving'; readonly peerId: PeerIdText }
  /** The machine has other addresses: what failed before may work now. */
  | { readonly type: 'network-changed' }
  /** The time asked for by `wait` is over. */
  | { readonly type: 'due' }

export type RelayEffect =
  /** Reserve there, or renew. */
  | { readonly type: 'ask'; readonly peerId: PeerIdText }
  /** The reservation is not held any longer. */
  | { readonly type: 'drop'; readonly peerId: PeerIdText }
  /** Look for relays among the known peers; `walk`: ask strangers of the DHT as well. */
  | { readonly type: 'search'; readonly walk: boolean }
  /** Send `due` after this time; replaces an earlier wait. */
  | { readonly type: 'wait'; readonly delayMs: number }

interface Relay {
  candidate: RelayCandidate
  phase: 'idle' | 'asking' | 'held' | 'renewing'
  leaving: boolean
  heldSinceMs: number
  /** When to renew if held, when it may be asked again if idle, when to ask another as well if asked. */
  nextMs: number
  backoff: Backoff
}

/**
 * Decides where a node that cannot be dialled has its reservations: `count` relays, each in another network, and in the
 * same only after a search found no other. Does nothing itself; `step` says what to do.
 */
export class RelayKeeperState {
  readonly #random: Pick<Random, 'uniform'>
  readonly #count: number
  readonly #relays = new Map<PeerIdText, Relay>()
  readonly #searchBackoff: Backoff
  #wanted = false
  #searching = false
  #searches = 0
  #nextSearchMs = 0
  #lastSearchMs = Number.NEGATIVE_INFINITY

  constructor(random: Pick<Random, 'uniform'>, count: number) {
    this.#random = random
    this.#count = count
    this.#searchBackoff = new Backoff(random, {
      minMs: limits.RELAY_SEARCH_MIN_MS,
      maxMs: limits.RELAY_SEARCH_MAX_MS,
    })
  }

  /** One step at `nowMs` of the monotonic clock; no I/O. */
  step(event: RelayEvent, nowMs: number): readonly RelayEffect[] {
    const effects: RelayEffect[] = []
    this.#take(event, nowMs, effects)
    this.#plan(nowMs, effects)
    return effects
  }

  #take(event: RelayEvent, nowMs: number, effects: RelayEffect[]): void {
    switch (event.type) {
      case 'want':
        this.#want(event.wanted, effects)
        break
      case 'known':
        for (const candidate of event.relays) {
          this.#know(candidate)
        }
        break
      case 'searched':
        this.#searching = false
        this.#nextSearchMs = nowMs + this.#searchBackoff.next()
        break
      case 'network-changed':
        this.#startAnew()
        break
      case 'due':
        break
      default:
        this.#takeOf(event, nowMs, effects)
    }
  }

  /** What happened to one relay. */
  #takeOf(event: Extract<RelayEvent, { readonly peerId: PeerIdText }>, nowMs: number, effects: RelayEffect[]): void {
    const relay = this.#relays.get(event.peerId)
    if (relay === undefined) {
      return
    }
    switch (event.type) {
      case 'reserved':
        this.#reserved(relay, event.forMs, nowMs, effects)
        break
      case 'failed':
        this.#fail(relay, nowMs, effects)
        if (!event.serves) {
          this.#relays.delete(event.peerId)
        }
        break
      case 'lost':
        if (isHeld(relay)) {
          this.#fail(relay, nowMs, effects)
        }
        break
      case 'moved':
        relay.nextMs = relay.phase === 'held' ? nowMs : relay.nextMs
        break
      case 'leaving':
        relay.leaving = true
        if (relay.phase === 'idle') {
          this.#relays.delete(event.peerId)
        }
        break
    }
  }

  #want(wanted: boolean, effects: RelayEffect[]): void {
    this.#wanted = wanted
    if (wanted) {
      return
    }
    for (const relay of this.#relays.values()) {
      if (isHeld(relay)) {
        this.#drop(relay, effects)
        relay.nextMs = 0
      }
    }
  }

  #know(candidate: RelayCandidate): void {
    const relay = this.#relays.get(candidate.peerId)
    if (relay !== undefined) {
      relay.candidate = candidate
      relay.leaving = false
      return
    }
    if (this.#relays.size >= limits.RELAY_CANDIDATES_MAX && !this.#forgetOldestIdle()) {
      return
    }
    const backoff = this.#backoff(limits.RELAY_RETRY_MAX_MS)
    this.#relays.set(candidate.peerId, { candidate, phase: 'idle', leaving: false, heldSinceMs: 0, nextMs: 0, backoff })
  }

  #backoff(maxMs: number): Backoff {
    return new Backoff(this.#random, { minMs: limits.RELAY_RETRY_MIN_MS, maxMs })
  }

  #forgetOldestIdle(): boolean {
    for (const [peerId, { phase }] of this.#relays) {
      if (phase === 'idle') {
        return this.#relays.delete(peerId)
      }
    }
    return false
  }

  #reserved(relay: Relay, forMs: number, nowMs: number, effects: RelayEffect[]): void {
    if (relay.phase === 'asking') {
      relay.heldSinceMs = nowMs
    }
    relay.phase = 'held'
    relay.nextMs = nowMs + Math.round(forMs * limits.RENEW_AFTER_SHARE)
    if (!this.#wanted || this.#firm() > this.#count) {
      this.#drop(relay, effects)
      relay.nextMs = nowMs
    }
  }

  /** Relays held that will stay. */
  #firm(): number {
    return [...this.#relays.values()].filter((relay) => isHeld(relay) && !relay.leaving).length
  }

  #fail(relay: Relay, nowMs: number, effects: RelayEffect[]): void {
    if (isHeld(relay)) {
      if (nowMs - relay.heldSinceMs >= PROVEN_AFTER_MS) {
        relay.backoff = this.#backoff(limits.RELAY_RETRY_PROVEN_MAX_MS)
      }
      this.#drop(relay, effects)
      this.#searchSoon(nowMs)
    }
    relay.phase = 'idle'
    relay.nextMs = nowMs + relay.backoff.next()
  }

  #drop(relay: Relay, effects: RelayEffect[]): void {
    relay.phase = 'idle'
    effects.push({ type: 'drop', peerId: relay.candidate.peerId })
  }

  #startAnew(): void {
    for (const relay of this.#relays.values()) {
      relay.backoff.reset()
      relay.nextMs = relay.phase === 'idle' ? 0 : relay.nextMs
    }
    this.#searchBackoff.reset()
    this.#nextSearchMs = 0
  }

  #searchSoon(nowMs: number): void {
    this.#searchBackoff.reset()
    this.#nextSearchMs = Math.min(this.#nextSearchMs, Math.max(nowMs, this.#lastSearchMs + limits.RELAY_SEARCH_MIN_MS))
  }

  #plan(nowMs: number, effects: RelayEffect[]): void {
    if (!this.#wanted || this.#count === 0) {
      return
    }
    for (const relay of this.#relays.values()) {
      if (relay.phase === 'held' && !relay.leaving && relay.nextMs <= nowMs) {
        relay.phase = 'renewing'
        effects.push({ type: 'ask', peerId: relay.candidate.peerId })
      }
    }
    while (this.#missing(nowMs) > 0) {
      const relay = this.#choose(nowMs)
      if (relay === undefined) {
        break
      }
      relay.phase = 'asking'
      relay.nextMs = nowMs + PATIENCE_MS
      effects.push({ type: 'ask', peerId: relay.candidate.peerId })
    }
    if (this.#firm() >= this.#count) {
      this.#letGo(effects)
    } else if (this.#missing(nowMs) <= 0) {
      // An answer comes, or the wait is over.
    } else if (!this.#searching && nowMs >= this.#nextSearchMs) {
      this.#searching = true
      this.#lastSearchMs = nowMs
      effects.push({ type: 'search', walk: this.#searches > 0 })
      this.#searches += 1
    }
    this.#wait(nowMs, effects)
  }

  /** Relays to be found beside those held or being asked. */
  #missing(nowMs: number): number {
    const asked = [...this.#relays.values()].filter(({ phase, nextMs }) => phase === 'asking' && nextMs > nowMs)
    return this.#count - this.#firm() - asked.length
  }

  /** Relays that end are kept until others are there. */
  #letGo(effects: RelayEffect[]): void {
    this.#searches = 0
    this.#searchBackoff.reset()
    for (const relay of [...this.#relays.values()]) {
      if (relay.leaving && isHeld(relay)) {
        this.#drop(relay, effects)
        this.#relays.delete(relay.candidate.peerId)
      }
    }
  }

  /** A relay to ask: connected ones first, of these any. */
  #choose(nowMs: number): Relay | undefined {
    const relays = [...this.#relays.values()]
    const taken = new Set(
      relays.flatMap(({ phase, leaving, candidate }) => (phase === 'idle' || leaving ? [] : candidate.networks)),
    )
    const idle = relays.filter(({ phase, leaving, nextMs }) => phase === 'idle' && !leaving && nextMs <= nowMs)
    const apart = idle.filter(({ candidate }) => !candidate.networks.some((network) => taken.has(network)))
    // The first search looks at what is known, the second asks strangers: when that is over there is no choice left.
    const exhausted = this.#searches > 1 && !this.#searching
    const possible = apart.length > 0 || !exhausted ? apart : idle
    const connected = possible.filter(({ candidate }) => candidate.connected)
    const best = connected.length > 0 ? connected : possible
    return best.length === 0 ? undefined : best[this.#random.uniform(best.length)]
  }

  #wait(nowMs: number, effects: RelayEffect[]): void {
    const missing = this.#missing(nowMs) > 0
    const times = [...this.#relays.values()]
      .filter(({ phase, leaving }) => (phase === 'idle' ? missing : phase !== 'renewing') && !leaving)
      .map(({ nextMs }) => nextMs)
      .filter((timeMs) => timeMs > nowMs)
    if (missing && !this.#searching) {
      times.push(this.#nextSearchMs)
    }
    if (times.length > 0) {
      effects.push({ type: 'wait', delayMs: Math.max(1, Math.ceil(Math.min(...times) - nowMs)) })
    }
  }
}

function isHeld({ phase }: Relay): boolean {
  return phase === 'held' || phase === 'renewing'
}
