import { createHash } from 'node:crypto'
import type { Account } from '../../src/node/api.ts'
import { drawsOf } from '../churn/draws.ts'
import type { NodeRow, RunObserver, RunResult, SampleRow } from '../results/results.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { messagePlan } from '../workload/message-plan.ts'
import { playArrivals } from './arrivals.ts'
import { checkBounds } from './checkers/bound-checker.ts'
import { DeliveryChecker } from './checkers/delivery-checker.ts'
import { PromiseChecker } from './checkers/promise-checker.ts'
import { Replicas } from './checkers/replicas.ts'
import { playFaults } from './fault-player.ts'
import { LinkCensus } from './link-census.ts'
import { playLookups } from './lookups.ts'
import { type BookedMessage, MessageBook } from './message-book.ts'
import { metricsOf } from './metrics.ts'
import type { HomeEvents, NodeHome, PlantedBug, RunningNode } from './node-home.ts'
import { isIncoming, type Person, sendText, wholeArchive } from './person.ts'
import { playPlan } from './plan-player.ts'
import { RelayGaps } from './relay-gaps.ts'
import { TraceHash } from './trace-hash.ts'
import { ViolationLog } from './violation-log.ts'
import { StackWorld } from './world.ts'

/** Between two looks whether all has arrived, or somebody wants the run to end. */
const STEP_MAX_MS = 10_000

/** What a run is made of. */
export interface StackRunInit {
  readonly scenario: Scenario
  readonly seed: number
  readonly observer: RunObserver
  readonly signal: AbortSignal
  /** A bug between nodes and their disks, which a checker must catch. */
  readonly plantedBug?: PlantedBug | undefined
}

/** One run of the stack tier: plays the scenario and keeps the books. */
export class StackRun implements HomeEvents {
  readonly #time: VirtualTime
  readonly #init: StackRunInit
  readonly #world: StackWorld
  readonly #book = new MessageBook()
  readonly #violations: ViolationLog
  readonly #deliveries: DeliveryChecker
  readonly #promises: PromiseChecker
  readonly #replicas: Replicas
  readonly #trace = new TraceHash()
  readonly #samples: SampleRow[] = []
  /** Messages whose letter was opened at a node that has not told of them yet. */
  readonly #byLetter = new Set<string>()
  readonly #links: LinkCensus
  readonly #relayGaps: RelayGaps
  #isSettling = false

  constructor(time: VirtualTime, init: StackRunInit) {
    const { scenario, seed, plantedBug } = init
    this.#time = time
    this.#init = init
    this.#violations = new ViolationLog(() => time.now())
    this.#deliveries = new DeliveryChecker(this.#book, this.#violations)
    this.#promises = new PromiseChecker(this.#violations)
    this.#replicas = new Replicas(this.#violations)
    this.#world = new StackWorld(time, { scenario, seed, events: this, plantedBug })
    this.#links = new LinkCensus(this.#world)
    this.#relayGaps = new RelayGaps(this.#world)
  }

  /** Plays the scenario to its end, or to where `signal` aborts. */
  async play(): Promise<RunResult> {
    const { scenario, signal } = this.#init
    const unwatch = this.#promises.watch()
    try {
      const isOver = (): boolean => this.#isSettling
      playArrivals(this.#world, isOver)
      playFaults(this.#world, isOver)
      playPlan(
        this.#time,
        messagePlan(scenario, this.#world.graph, drawsOf(this.#world.random.fork('messages'))),
        ({ from, to, bytes }) => this.#write(from, to, bytes),
      )
      const lookups = playLookups(this.#world)
      this.#relayGaps.watch()
      const endMs = scenario.warmupMs + scenario.durationMs
      await this.#passUntil(endMs, () => signal.aborted)
      if (!signal.aborted) {
        await this.#settle(endMs + scenario.settleMs)
      }
      return this.#result(lookups)
    } finally {
      unwatch()
    }
  }

  starting(home: NodeHome, running: RunningNode): void {
    const { node } = running
    this.#links.watch(home, running)
    const person = this.#world.personAt(home)
    this.#tell('starting', { node: home.index })
    node.accounts[0]?.subscribe((event) => {
      if (person === undefined || home.running?.node !== node) {
        return
      }
      if (isIncoming(event)) {
        const message = this.#deliveries.received(person.index, event.message)
        this.#delivered(message, this.#byLetter.delete(letterKey(home, event.message.id)) ? 'letter' : 'direct')
      } else if (event.type === 'message-state' && event.state === 'stored') {
        this.#book.stored(event.id, this.#time.now())
      } else if (event.type === 'message-state' && event.state === 'failed') {
        this.#book.failed(event.id)
      }
    })
  }

  started(home: NodeHome): void {
    const person = this.#world.personAt(home)
    const account = home.running?.node.accounts[0]
    if (person === undefined || account === undefined) {
      return
    }
    this.#reconcile(person, account)
    const known = new Set(account.roster().map(({ jid }) => jid))
    for (const contact of this.#addressesOf(person).filter((address) => !known.has(address))) {
      account.addContact(contact).catch((error: unknown) => this.#refused(home, error))
    }
  }

  crashing(home: NodeHome, store: Parameters<HomeEvents['crashing']>[1]): ReturnType<HomeEvents['crashing']> {
    this.#tell('crash', { node: home.index })
    return this.#promises.crashing(home.peerId, store)
  }

  diskLost(home: NodeHome): void {
    this.#promises.diskLost(home.peerId)
    const person = this.#world.personAt(home)
    if (person !== undefined) {
      this.#excuse(({ from, to }) => from === person.index || to === person.index)
    }
  }

  failed(_home: NodeHome, what: string): void {
    this.#violations.add('no-failure', what)
  }

  letterHandedIn(home: NodeHome, id: string): void {
    this.#byLetter.add(letterKey(home, id))
  }

  #write(from: number, to: number, bytes: number): void {
    const { people } = this.#world
    const [writer, reader] = [people[from], people[to]]
    const home = writer && this.#world.homeOf(writer)
    const account = home?.isUp === true ? home.running?.node.accounts[0] : undefined
    if (home === undefined || account === undefined || reader === undefined) {
      return
    }
    const message = this.#book.write({ from, to, bytes, sentMs: this.#time.now() })
    this.#tell('written', { message: message.id, from, to })
    sendText(account, reader.key.address, message.body).then(
      (stanzaId) => this.#book.accepted(message, stanzaId),
      (error: unknown) => this.#refused(home, error),
    )
  }

  /** A node refuses for good reasons when it is being switched off. */
  #refused(home: NodeHome, error: unknown): void {
    if (home.isUp) {
      this.#violations.add('no-failure', `node ${home.index} refused: ${String(error)}`)
    }
  }

  #delivered(message: BookedMessage | undefined, way: 'direct' | 'letter'): void {
    if (message !== undefined) {
      this.#book.delivered(message, way, this.#time.now())
      this.#trace.add(message.id, this.#time.now())
      this.#tell('delivered', { message: message.id, from: message.from, to: message.to, way })
    }
  }

  #reconcile(person: Person, account: Account): void {
    const archive = wholeArchive(account, this.#addressesOf(person))
    for (const message of this.#deliveries.returned(person.index, archive)) {
      this.#delivered(message, 'direct')
    }
  }

  #addressesOf(person: Person): string[] {
    return person.contacts.flatMap((contact) => this.#world.people[contact]?.key.address ?? [])
  }

  #excuse(concerns: (message: BookedMessage) => boolean): void {
    for (const message of this.#book.messages.filter(concerns)) {
      this.#book.excuse(message)
    }
  }

  /** Faults and writing are over: who can come back does, and everything pending must arrive. */
  async #settle(untilMs: number): Promise<void> {
    const { attendances, people, network } = this.#world
    this.#isSettling = true
    network.heal()
    network.links.degrade(1, 0)
    const homes = new Set(people.map(({ home }) => home))
    for (const attendance of attendances.filter(({ home }) => homes.has(home.index))) {
      attendance.recall((reason) => reason === 'killed')
      if (attendance.reasons.size > 0) {
        const gone = this.#world.personAt(attendance.home)?.index
        this.#excuse(({ from, to }) => from === gone || to === gone)
      }
    }
    await this.#passUntil(untilMs, () => this.#init.signal.aborted || this.#book.pending === 0)
    this.#deliveries.ended()
    for (const person of people) {
      const account = this.#world.homeOf(person).running?.node.accounts[0]
      if (account !== undefined) {
        this.#reconcile(person, account)
      }
    }
  }

  async #passUntil(untilMs: number, isEnough: () => boolean): Promise<void> {
    const { sampleEveryMs } = this.#init.scenario
    let sampleMs = Math.ceil((this.#time.now() + 1) / sampleEveryMs) * sampleEveryMs
    while (this.#time.now() < untilMs && !isEnough()) {
      const nextMs = Math.min(untilMs, sampleMs, this.#time.now() + STEP_MAX_MS)
      await new Promise<void>((resolve) => this.#time.schedule(nextMs - this.#time.now(), resolve))
      this.#init.observer.progress(this.#time.now())
      if (this.#time.now() >= sampleMs) {
        sampleMs += sampleEveryMs
        this.#sample()
      }
    }
  }

  #sample(): void {
    const { homes, sybils } = this.#world
    let [up, connections] = [sybils.length, sybils.reduce((sum, { connectedPeers }) => sum + connectedPeers, 0)]
    for (const home of homes.filter(({ isUp }) => isUp)) {
      const status = home.running?.node.status()
      if (status !== undefined) {
        checkBounds(home, status, this.#violations)
        up += 1
        connections += status.connectedPeers
      }
    }
    if (this.#time.now() > this.#init.scenario.warmupMs) {
      this.#links.count()
    }
    const there = new Set(homes.filter(({ isUp }) => isUp).map(({ peerId }) => peerId))
    const wallMs = this.#time.wallMs()
    const replicas = this.#replicas.count(
      homes,
      wallMs,
      this.#promises.signers((peerId) => there.has(peerId), wallMs),
    )
    this.#samples.push({
      t_ms: Math.round(this.#time.now()),
      nodes_up: up,
      ...this.#book.counts(),
      replicas_mean: replicas.mean,
      replicas_min: replicas.least,
      connections: Math.round(connections / 2),
      bytes: this.#world.network.hosts.reduce((sum, { counters }) => sum + counters.bytesSent, 0),
      events: this.#time.fired,
    })
  }

  #tell(kind: string, facts: Readonly<Record<string, string | number>>): void {
    this.#init.observer.trace({ t_ms: Math.round(this.#time.now()), kind, ...facts })
  }

  #result(lookups: RunResult['lookups']): RunResult {
    const { network, homes, sybils } = this.#world
    sybils.forEach((sybil, index) => {
      this.#tell('sybil', { node: homes.length + index, letters: sybil.lettersDropped })
    })
    const [samples, messages] = [this.#samples, this.#book.rows()]
    const nodes = [...homes.map(nodeRow), ...sybils.map((sybil, index) => sybil.row(homes.length + index))]
    const natMatrix = network.natMatrix()
    const hash = createHash('sha256').update(`${network.hash} ${this.#trace} ${network.packets} ${this.#time.fired}`)
    return {
      tier: 'stack',
      seed: this.#init.seed,
      simulatedMs: Math.round(this.#time.now()),
      isPartial: this.#init.signal.aborted,
      traceHash: hash.digest('hex').slice(0, 16),
      metrics: metricsOf({
        ...{ messages, samples, lookups, nodes, links: this.#links.counts },
        relayGapMs: this.#relayGaps.longestMs,
        dials: network.hosts.reduce((sum, { counters }) => sum + counters.dials, 0),
        dialsFailed: network.hosts.reduce((sum, { counters }) => sum + counters.dialsFailed, 0),
        deliveredTwice: this.#deliveries.twice,
        outOfOrder: this.#deliveries.outOfOrder,
        lost: this.#isSettling ? this.#book.pending : 0,
        violations: this.#violations.count,
      }),
      ...{ samples, messages, nodes, lookups: [...lookups], natMatrix },
      violations: this.#violations.kept,
      events: this.#time.fired,
    }
  }
}

function letterKey({ index }: NodeHome, id: string): string {
  return `${index} ${id}`
}

function nodeRow(home: NodeHome): NodeRow {
  return {
    node: home.index,
    class: home.nodeClass.name,
    nat: home.host.label,
    uptime_ms: Math.round(home.uptimeMs),
    sessions: home.sessions,
    bytes_sent: home.host.counters.bytesSent,
    bytes_received: home.host.counters.bytesReceived,
    letters_kept: home.isUp ? (home.running?.node.status().letters.kept ?? 0) : 0,
  }
}
