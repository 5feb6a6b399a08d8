import { LETTER_RETENTION_MS } from '../../src/protocol/mailbox/letter-limits.ts'
import type { Candidate } from '../../src/protocol/mailbox/placement.ts'
import { DIAL_TIMEOUT_MS } from '../../src/protocol/mailbox/protocol.ts'
import type { ReplicationEffect, ReplicationEvent } from '../../src/protocol/mailbox/replication-event.ts'
import {
  initialReplicationState,
  nextReplicationMs,
  stepReplication,
} from '../../src/protocol/mailbox/replication-state.ts'
import { Custodian, type QuotaRefusal, type Watch } from './custodian.ts'
import type { Kernel } from './kernel.ts'
import { type Letter, mailboxPlace } from './letters.ts'
import type { MailboxStreams } from './mailbox-streams.ts'
import type { Paths } from './paths.ts'
import type { Searches } from './searches.ts'
import type { Stream } from './stream.ts'
import { DIGEST_ENTRY_BYTES, MAILBOX_FRAME_BYTES } from './traffic.ts'
import { HONEST, type World } from './world.ts'

/** As in src/node/neighbourhood.ts: peers that come and go are looked at after so long. */
const SETTLE_MS = 30_000
/** Nodes on either side of one that comes or goes whose mailboxes may be concerned. */
const NEIGHBOURS = 24
/** Least time between two rounds of one node, so that a clock at rest cannot spin. */
const WAKE_MIN_MS = 1

const NO_LETTERS: readonly Letter[] = []

export interface CustodyParts {
  readonly kernel: Kernel
  readonly world: World
  readonly paths: Paths
  readonly streams: MailboxStreams
  readonly searches: Searches
  readonly stream: Stream
  readonly seed: number
}

/** The letters of all nodes: obeys `stepReplication` for each, as src/node/replication.ts does for one. */
export class Custody {
  readonly #parts: CustodyParts
  readonly #custodians: (Custodian | undefined)[]
  readonly #candidates: (Candidate | undefined)[]

  constructor(parts: CustodyParts) {
    this.#parts = parts
    this.#custodians = new Array<Custodian | undefined>(parts.world.size)
    this.#candidates = new Array<Candidate | undefined>(parts.world.size)
  }

  lettersAt(node: number): number {
    return this.#custodians[node]?.letters ?? 0
  }

  /** A node as the rules of placement see it; each has a network of its own. */
  candidate(node: number): Candidate {
    const known = this.#candidates[node]
    const candidate = known ?? {
      peerId: String(node),
      kadId: new Uint8Array(0),
      networks: [],
      storage: this.#parts.world.storageOf(node) > 0,
    }
    this.#candidates[node] = candidate
    return candidate
  }

  /** A letter arrives from a depositor. */
  deposit(node: number, from: number, letter: Letter): 'receipt' | QuotaRefusal {
    return this.#put(node, from, letter, false)
  }

  hasLetters(node: number, mailbox: string): boolean {
    return (this.#custodians[node]?.mailboxes.get(mailbox)?.letters.size ?? 0) > 0
  }

  /** The letters that a node shows whoever collects. */
  letters(node: number, mailbox: string): readonly Letter[] {
    const { wallMs } = this.#parts.kernel
    const kept = this.#custodians[node]?.mailboxes.get(mailbox)?.letters
    if (kept === undefined || kept.size === 0) {
      return NO_LETTERS
    }
    return [...kept.values()].filter(({ depositedMs }) => depositedMs + LETTER_RETENTION_MS > wallMs)
  }

  /** Calls `watch` with each letter that comes to the mailbox at a node from now on. */
  watch(node: number, mailbox: string, watch: Watch): void {
    this.#custodian(node).mailbox(mailbox).watches.add(watch)
  }

  unwatch(node: number, mailbox: string, watch: Watch): void {
    this.#custodians[node]?.mailboxes.get(mailbox)?.watches.delete(watch)
  }

  /** The recipient has these letters. */
  acknowledge(node: number, mailbox: string, ids: readonly string[]): void {
    if (this.#parts.world.behaviour[node] !== HONEST) {
      return
    }
    const expiresMs = this.#parts.kernel.wallMs + LETTER_RETENTION_MS
    for (const id of ids) {
      this.#bury(this.#custodian(node), mailbox, id, expiresMs)
    }
  }

  /** A node starts, with what is on its disk or nothing. */
  started(node: number, disk: boolean): void {
    this.#changed(node)
    const custodian = this.#custodians[node]
    if (custodian === undefined) {
      return
    }
    custodian.replication = initialReplicationState(String(node))
    for (const [name, { letters, tombstones }] of custodian.mailboxes) {
      if (!disk) {
        custodian.drop(name)
      } else if (letters.size + tombstones.size > 0) {
        const expiries = [...letters.values()].map(({ depositedMs }) => depositedMs + LETTER_RETENTION_MS)
        this.#kept(custodian, name, { deposited: false, live: letters.size > 0 }, [...expiries, ...tombstones.values()])
      }
    }
    this.#wake(custodian)
  }

  /** A node stops in good order: hands over what it has, which takes no more than 3 s and is done at once here. */
  leaving(node: number): void {
    const custodian = this.#custodians[node]
    if (custodian === undefined) {
      return
    }
    const nowMs = this.#parts.kernel.wallMs
    for (const effect of stepReplication(custodian.replication, { type: 'leaving', nowMs })) {
      if (effect.type === 'sync') {
        const peer = Number(effect.peerId)
        if (this.#canSync(node, peer)) {
          this.#equalize(custodian, peer, effect.mailbox)
        }
      }
    }
  }

  /** A node is gone; those who followed it notice after so long. */
  stopped(node: number, noticedAfterMs: number): void {
    this.#changed(node)
    const custodian = this.#custodians[node]
    if (custodian !== undefined) {
      this.#endWatches(custodian, noticedAfterMs, () => true)
    }
    if (custodian !== undefined && custodian.wakeCall >= 0) {
      this.#parts.kernel.cancel(custodian.wakeCall)
      custodian.wakeCall = -1
      custodian.wakeMs = Number.POSITIVE_INFINITY
    }
  }

  /** The network fell apart: whoever is followed across is silent. */
  parted(noticedAfterMs: number): void {
    const { side } = this.#parts.world
    for (const custodian of this.#custodians) {
      if (custodian !== undefined) {
        this.#endWatches(custodian, noticedAfterMs, ({ node }) => side[node] !== side[custodian.node])
      }
    }
  }

  #endWatches({ mailboxes }: Custodian, noticedAfterMs: number, ends: (watch: Watch) => boolean): void {
    for (const { watches } of mailboxes.values()) {
      for (const watch of watches) {
        if (ends(watch)) {
          watches.delete(watch)
          watch.gone(noticedAfterMs)
        }
      }
    }
  }

  #custodian(node: number): Custodian {
    const known = this.#custodians[node]
    const custodian = known ?? new Custodian(node, this.#parts.world.storageOf(node))
    this.#custodians[node] = custodian
    return custodian
  }

  #put(node: number, from: number, letter: Letter, replica: boolean): ReturnType<Custody['deposit']> {
    if (this.#parts.world.behaviour[node] !== HONEST) {
      return 'receipt'
    }
    const custodian = this.#custodian(node)
    const outcome = custodian.put(letter, from, replica, this.#parts.kernel.wallMs)
    if (outcome === 'known') {
      return 'receipt'
    }
    if (outcome !== 'kept') {
      return outcome
    }
    const expiresMs = letter.depositedMs + LETTER_RETENTION_MS
    this.#kept(custodian, letter.mailbox, { deposited: !replica, live: true }, [expiresMs])
    for (const watch of [...custodian.mailbox(letter.mailbox).watches]) {
      watch.take(letter)
    }
    return 'receipt'
  }

  #bury(custodian: Custodian, mailbox: string, id: string, expiresMs: number): void {
    if (!custodian.acknowledge(mailbox, id, expiresMs)) {
      return
    }
    this.#kept(custodian, mailbox, { deposited: false, live: false }, [expiresMs])
    if (custodian.mailbox(mailbox).letters.size === 0) {
      this.#step(custodian, { type: 'quiet', mailbox })
    }
  }

  #kept(
    custodian: Custodian,
    mailbox: string,
    how: { readonly deposited: boolean; readonly live: boolean },
    expiries: readonly number[],
  ): void {
    const nowMs = this.#parts.kernel.wallMs
    const jitter = this.#parts.stream.next()
    this.#step(custodian, { type: 'kept', mailbox, expiresMs: Math.max(...expiries), ...how, nowMs, jitter })
  }

  #step(custodian: Custodian, event: ReplicationEvent): void {
    for (const effect of stepReplication(custodian.replication, event)) {
      this.#obey(custodian, effect)
    }
    this.#wake(custodian)
  }

  #wake(custodian: Custodian): void {
    const { kernel, world } = this.#parts
    const dueMs = nextReplicationMs(custodian.replication) ?? Number.POSITIVE_INFINITY
    if (dueMs >= custodian.wakeMs || world.up[custodian.node] === 0) {
      return
    }
    if (custodian.wakeCall >= 0) {
      kernel.cancel(custodian.wakeCall)
    }
    custodian.wakeMs = dueMs
    custodian.wakeCall = kernel.schedule(Math.max(WAKE_MIN_MS, dueMs - kernel.wallMs), () => {
      custodian.wakeCall = -1
      custodian.wakeMs = Number.POSITIVE_INFINITY
      this.#step(custodian, { type: 'due', nowMs: kernel.wallMs })
    })
  }

  #obey(custodian: Custodian, effect: ReplicationEffect): void {
    if (effect.type === 'lookup') {
      this.#lookUp(custodian, effect.mailbox)
    } else if (effect.type === 'sync') {
      this.#sync(custodian, effect.mailbox, Number(effect.peerId))
    } else if (effect.type === 'drop') {
      custodian.drop(effect.mailbox)
    }
  }

  #lookUp(custodian: Custodian, mailbox: string): void {
    const { kernel, searches, stream, world, seed } = this.#parts
    const { replication, node } = custodian
    const place = mailboxPlace(seed, mailbox)
    searches.find(node, place, (nodes) => {
      if (custodian.replication !== replication || world.up[node] === 0) {
        return
      }
      const moment = { mailbox, nowMs: kernel.wallMs, jitter: stream.next() }
      if (nodes.length === 0) {
        this.#step(custodian, { type: 'lookup-failed', ...moment })
        return
      }
      const own = nodes.findIndex((other) => world.ids.compare(place, node, other) < 0)
      const all = own < 0 ? [...nodes, node] : nodes.toSpliced(own, 0, node)
      const candidates = all.map((other) => this.candidate(other))
      this.#step(custodian, { type: 'closest', candidates, choice: stream.next(), ...moment })
    })
  }

  #canSync(node: number, peer: number): boolean {
    const { world, paths } = this.#parts
    return world.up[peer] === 1 && this.candidate(peer).storage && paths.reaches(node, peer)
  }

  #sync(custodian: Custodian, mailbox: string, peer: number): void {
    const { kernel, paths, streams, world } = this.#parts
    const { replication, node } = custodian
    const reach = paths.reach(node, peer)
    const answers = this.#canSync(node, peer) && reach !== 'none'
    const bytes = 2 * MAILBOX_FRAME_BYTES
    const delayMs = answers ? streams.requestMs(node, peer, reach, { bytes, roundTrips: 2 }) : DIAL_TIMEOUT_MS
    world.charge(node, peer, MAILBOX_FRAME_BYTES)
    kernel.schedule(delayMs, () => {
      if (custodian.replication !== replication || world.up[node] === 0) {
        return
      }
      const isSynced = answers && this.#canSync(node, peer)
      if (isSynced) {
        this.#equalize(custodian, peer, mailbox)
      }
      this.#step(custodian, {
        type: isSynced ? 'synced' : 'silent',
        mailbox,
        peerId: String(peer),
        nowMs: kernel.wallMs,
      })
    })
  }

  /** Both have the same afterwards, as far as the other takes it: tombstones first, then letters. */
  #equalize(custodian: Custodian, peer: number, mailbox: string): void {
    const { world } = this.#parts
    if (world.behaviour[peer] !== HONEST) {
      return
    }
    const other = this.#custodian(peer)
    const mine = custodian.mailbox(mailbox)
    const theirs = other.mailbox(mailbox)
    const entries = mine.letters.size + mine.tombstones.size + theirs.letters.size + theirs.tombstones.size
    world.charge(custodian.node, peer, entries * DIGEST_ENTRY_BYTES)
    world.charge(peer, custodian.node, entries * DIGEST_ENTRY_BYTES + MAILBOX_FRAME_BYTES)
    for (const [from, to] of [
      [custodian, other],
      [other, custodian],
    ] as const) {
      for (const [id, expiresMs] of [...from.mailbox(mailbox).tombstones]) {
        this.#bury(to, mailbox, id, expiresMs)
      }
    }
    for (const [from, to] of [
      [custodian, other],
      [other, custodian],
    ] as const) {
      for (const letter of [...from.mailbox(mailbox).letters.values()]) {
        if (!to.mailbox(mailbox).letters.has(letter.id)) {
          world.charge(from.node, to.node, letter.bytes)
          this.#put(to.node, from.node, letter, true)
        }
      }
    }
    this.#step(other, { type: 'heard', peerId: String(custodian.node) })
  }

  /** A node came or went: those near it look again at the mailboxes that concerns (src/node/neighbourhood.ts). */
  #changed(node: number): void {
    const { ids } = this.#parts.world
    const rank = ids.rankOf[node] as number
    const from = Math.max(0, rank - NEIGHBOURS)
    const to = Math.min(ids.size - 1, rank + NEIGHBOURS)
    for (let near = from; near <= to; near++) {
      const custodian = this.#custodians[ids.nodeAt[near] as number]
      if (custodian !== undefined && custodian.node !== node && custodian.replication.replicas.size > 0) {
        this.#parts.kernel.schedule(SETTLE_MS, () => this.#settle(custodian, node))
      }
    }
  }

  #settle(custodian: Custodian, node: number): void {
    const { world, kernel, seed } = this.#parts
    if (world.up[custodian.node] === 0) {
      return
    }
    const isUp = world.up[node] === 1
    for (const { mailbox, custodians } of [...custodian.replication.replicas.values()]) {
      const isAmong = custodians.includes(String(node))
      const last = Number(custodians.at(-1) ?? node)
      const isNearer = isUp && !isAmong && world.ids.compare(mailboxPlace(seed, mailbox), node, last) < 0
      if (isNearer || (isAmong && !isUp)) {
        this.#step(custodian, { type: 'refresh', mailbox, nowMs: kernel.wallMs })
      }
    }
  }
}
