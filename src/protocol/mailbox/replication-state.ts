import type { PeerIdText } from '../../system/network.ts'
import { BoundedMap } from '../../util/bounded-map.ts'
import { DueQueue } from './due-queue.ts'
import {
  ANSWERING_MIN,
  FORMER_KEPT_MS,
  QUIET_INTERVAL_MS,
  REPLICATION_INTERVAL_MS,
  REPLICATION_LOOKUPS_MAX,
  SILENT_FORGOTTEN_MS,
  SILENT_MAX_MS,
  SILENT_PEERS_MAX,
} from './letter-limits.ts'
import {
  answeringCustodians,
  isHandedOver,
  isRingNeighbour,
  missingHandOvers,
  type ReplicatedMailbox,
  ringPartners,
  successorOf,
} from './replicated-mailbox.ts'
import type { ReplicationEffect, ReplicationEvent } from './replication-event.ts'

/** Changed in place by `stepReplication`. */
export interface ReplicationState {
  readonly self: PeerIdText
  /** By mailbox key, in text. */
  readonly replicas: Map<string, ReplicatedMailbox>
  readonly due: DueQueue
  /** Mailboxes that are due and wait for a lookup, in order. */
  readonly waiting: Set<string>
  lookups: number
  /** Since when custodians have not answered. */
  readonly silent: BoundedMap<PeerIdText, number>
  leaving: boolean
  /** Syncs still to be answered before this node may leave: mailbox and PeerId. */
  readonly handOvers: Set<string>
}

type EventOf<Type extends ReplicationEvent['type']> = Extract<ReplicationEvent, { readonly type: Type }>
type Effects = readonly ReplicationEffect[]

/** A custodian without mailboxes. */
export function initialReplicationState(self: PeerIdText): ReplicationState {
  return {
    self,
    replicas: new Map(),
    due: new DueQueue(),
    waiting: new Set(),
    lookups: 0,
    silent: new BoundedMap({ maxEntries: SILENT_PEERS_MAX }),
    leaving: false,
    handOvers: new Set(),
  }
}

/** When to send `due`, by the clock that `nowMs` is of; undefined: nothing is due. */
export function nextReplicationMs(state: ReplicationState): number | undefined {
  for (;;) {
    const next = state.due.peek()
    if (next === undefined || isCurrent(state, next)) {
      return next?.atMs
    }
    state.due.pop()
  }
}

/** One step; changes `state` in place. */
export function stepReplication(state: ReplicationState, event: ReplicationEvent): Effects {
  switch (event.type) {
    case 'kept':
      kept(state, event)
      return []
    case 'quiet':
      return quiet(state, event.mailbox)
    case 'empty':
      forget(state, event.mailbox)
      return []
    case 'closest':
      return closest(state, event)
    case 'lookup-failed':
      return lookupFailed(state, event)
    case 'synced':
      return synced(state, event)
    case 'silent':
      return silent(state, event)
    case 'heard':
      state.silent.delete(event.peerId)
      return []
    case 'refresh':
      return refresh(state, event)
    case 'due':
      return due(state, event.nowMs)
    case 'leaving':
      return leave(state)
  }
}

function kept(state: ReplicationState, event: EventOf<'kept'>): void {
  const { mailbox, expiresMs, nowMs, jitter } = event
  const soonMs = Math.min(expiresMs, nowMs + Math.round(REPLICATION_INTERVAL_MS * jitter))
  const replica = state.replicas.get(mailbox)
  if (replica === undefined) {
    const fresh = { custodians: [], successor: undefined, formerSinceMs: undefined, handedTo: [] }
    const dueMs = Number.POSITIVE_INFINITY
    const first: ReplicatedMailbox = { mailbox, expiresMs, live: event.live, phase: 'idle', dueMs, ...fresh }
    state.replicas.set(mailbox, first)
    schedule(state, first, soonMs)
    return
  }
  const wakes = (event.live && !replica.live) || (event.deposited && replica.formerSinceMs !== undefined)
  replica.expiresMs = Math.max(replica.expiresMs, expiresMs)
  replica.live ||= event.live
  if (event.deposited) {
    replica.handedTo = []
  }
  if (wakes && soonMs < replica.dueMs) {
    schedule(state, replica, soonMs)
  }
}

function quiet(state: ReplicationState, mailbox: string): Effects {
  const replica = state.replicas.get(mailbox)
  if (replica !== undefined) {
    replica.live = false
  }
  return []
}

function closest(state: ReplicationState, event: EventOf<'closest'>): Effects {
  state.lookups--
  const replica = state.replicas.get(event.mailbox)
  if (replica === undefined || state.leaving) {
    return startLookups(state)
  }
  const previous = replica.custodians
  replica.custodians = chooseCustodians(state, event)
  replica.successor = successorOf(event.candidates, replica.custodians, state.self)
  const serves = replica.custodians.includes(state.self)
  if (serves) {
    replica.formerSinceMs = undefined
    replica.handedTo = []
  } else {
    replica.formerSinceMs ??= event.nowMs
  }
  if (isHandedOver(replica, event.nowMs)) {
    return [...drop(state, replica, 'handed-over'), ...startLookups(state)]
  }
  const effects = serves ? careFor(state, replica, previous, event.choice) : handOver(state, replica)
  rest(state, replica, event)
  return [...effects, ...startLookups(state)]
}

/** A silent custodian is replaced after its time, and at once when too few of the others answer. */
function chooseCustodians(state: ReplicationState, { candidates, nowMs }: EventOf<'closest'>): readonly PeerIdText[] {
  const silentMs = (peerId: PeerIdText): number => {
    const sinceMs = peerId === state.self ? undefined : state.silent.get(peerId)
    return sinceMs === undefined || nowMs - sinceMs > SILENT_FORGOTTEN_MS ? -1 : nowMs - sinceMs
  }
  const custodians = answeringCustodians(candidates, (peerId) => silentMs(peerId) >= SILENT_MAX_MS)
  const answering = custodians.filter((peerId) => silentMs(peerId) < 0).length
  return answering >= ANSWERING_MIN ? custodians : answeringCustodians(candidates, (peerId) => silentMs(peerId) >= 0)
}

function careFor(
  state: ReplicationState,
  { mailbox, custodians }: ReplicatedMailbox,
  previous: readonly PeerIdText[],
  choice: number,
): Effects {
  const { self } = state
  const partners = ringPartners(custodians, self, choice)
  const newcomers = previous.length === 0 ? [] : custodians.filter((peerId) => !previous.includes(peerId))
  const welcome = newcomers.filter((peerId) => isRingNeighbour(custodians, self, peerId))
  return [...new Set([...welcome, ...partners])].map((peerId) => {
    return { type: 'sync', mailbox, peerId, reason: newcomers.includes(peerId) ? 'newcomer' : 'round' }
  })
}

function handOver(state: ReplicationState, replica: ReplicatedMailbox): Effects {
  const { mailbox, custodians, handedTo } = replica
  const missing = custodians.filter((peerId) => !handedTo.includes(peerId))
  // One more than needed, and those that answer first, so that dead ones do not hold the rest up.
  missing.sort((one, other) => Number(state.silent.has(one)) - Number(state.silent.has(other)))
  return missing.slice(0, missingHandOvers(replica) + 1).map((peerId) => {
    return { type: 'sync', mailbox, peerId, reason: 'hand-over' }
  })
}

function lookupFailed(state: ReplicationState, event: EventOf<'lookup-failed'>): Effects {
  state.lookups--
  const replica = state.replicas.get(event.mailbox)
  if (replica !== undefined) {
    rest(state, replica, event)
  }
  return startLookups(state)
}

/** Between three and five quarters of the interval, so that custodians do not keep step. */
function rest(state: ReplicationState, replica: ReplicatedMailbox, moment: { nowMs: number; jitter: number }): void {
  const quietNow = !replica.live && replica.formerSinceMs === undefined
  const intervalMs = quietNow ? QUIET_INTERVAL_MS : REPLICATION_INTERVAL_MS
  replica.phase = 'idle'
  const atMs = moment.nowMs + Math.round(intervalMs * (0.75 + 0.5 * moment.jitter))
  schedule(state, replica, Math.min(atMs, Math.max(moment.nowMs, replica.expiresMs)))
}

function synced(state: ReplicationState, { mailbox, peerId, nowMs }: EventOf<'synced'>): Effects {
  state.silent.delete(peerId)
  const replica = state.replicas.get(mailbox)
  if (replica?.formerSinceMs !== undefined) {
    replica.handedTo = [...replica.handedTo.filter((other) => replica.custodians.includes(other)), peerId]
    if (isHandedOver(replica, nowMs)) {
      return [...drop(state, replica, 'handed-over'), ...settleLeaving(state, mailbox, peerId)]
    }
    if (missingHandOvers(replica) === 0 && replica.phase === 'idle') {
      schedule(state, replica, Math.min(replica.expiresMs, replica.formerSinceMs + FORMER_KEPT_MS))
    }
  }
  return settleLeaving(state, mailbox, peerId)
}

function silent(state: ReplicationState, { mailbox, peerId, nowMs }: EventOf<'silent'>): Effects {
  const sinceMs = state.silent.get(peerId)
  if (sinceMs === undefined || nowMs - sinceMs > SILENT_FORGOTTEN_MS) {
    state.silent.set(peerId, nowMs)
  }
  return settleLeaving(state, mailbox, peerId)
}

function refresh(state: ReplicationState, { mailbox, nowMs }: EventOf<'refresh'>): Effects {
  const chosen = mailbox === undefined ? [...state.replicas.values()] : [state.replicas.get(mailbox)]
  for (const replica of chosen) {
    if (replica !== undefined && replica.phase === 'idle') {
      schedule(state, replica, nowMs)
    }
  }
  return due(state, nowMs)
}

function due(state: ReplicationState, nowMs: number): Effects {
  const effects: ReplicationEffect[] = []
  for (let atMs = nextReplicationMs(state); atMs !== undefined && atMs <= nowMs; atMs = nextReplicationMs(state)) {
    const replica = state.replicas.get(state.due.pop()?.key ?? '')
    if (replica !== undefined) {
      replica.dueMs = Number.POSITIVE_INFINITY
      if (replica.expiresMs <= nowMs) {
        effects.push(...drop(state, replica, 'expired'))
      } else if (replica.phase === 'idle') {
        replica.phase = 'waiting'
        state.waiting.add(replica.mailbox)
      }
    }
  }
  return [...effects, ...startLookups(state)]
}

function startLookups(state: ReplicationState): Effects {
  const effects: ReplicationEffect[] = []
  for (const mailbox of state.waiting) {
    if (state.lookups >= REPLICATION_LOOKUPS_MAX || state.leaving) {
      break
    }
    state.waiting.delete(mailbox)
    const replica = state.replicas.get(mailbox)
    if (replica !== undefined) {
      replica.phase = 'looking-up'
      state.lookups++
      effects.push({ type: 'lookup', mailbox })
    }
  }
  return effects
}

/** Each mailbox goes to who takes this node's place and to the next in the ring, which passes it on if that one is dead. */
function leave(state: ReplicationState): Effects {
  if (state.leaving) {
    return []
  }
  state.leaving = true
  const effects: ReplicationEffect[] = []
  for (const replica of state.replicas.values()) {
    const { mailbox, live, custodians, successor, handedTo, formerSinceMs } = replica
    const others = ringPartners(custodians, state.self, 0).filter((peerId) => !handedTo.includes(peerId))
    const heirs = successor === undefined || formerSinceMs !== undefined ? others : [successor, ...others]
    for (const peerId of live ? heirs.slice(0, 2) : []) {
      state.handOvers.add(`${mailbox} ${peerId}`)
      effects.push({ type: 'sync', mailbox, peerId, reason: 'hand-over' })
    }
  }
  return effects.length === 0 ? [{ type: 'left' }] : effects
}

function settleLeaving(state: ReplicationState, mailbox: string, peerId: PeerIdText): Effects {
  return state.handOvers.delete(`${mailbox} ${peerId}`) && state.handOvers.size === 0 ? [{ type: 'left' }] : []
}

function drop(state: ReplicationState, replica: ReplicatedMailbox, reason: 'expired' | 'handed-over'): Effects {
  forget(state, replica.mailbox)
  return [{ type: 'drop', mailbox: replica.mailbox, reason }]
}

function forget(state: ReplicationState, mailbox: string): void {
  state.replicas.delete(mailbox)
  state.waiting.delete(mailbox)
}

function schedule(state: ReplicationState, replica: ReplicatedMailbox, atMs: number): void {
  replica.dueMs = atMs
  state.due.push(atMs, replica.mailbox)
}

function isCurrent(state: ReplicationState, { atMs, key }: { atMs: number; key: string }): boolean {
  return state.replicas.get(key)?.dueMs === atMs
}
