import { LETTER_RETENTION_MS } from '../../src/protocol/mailbox/letter-limits.ts'
import { KAD_SELF_LOOKUP_INTERVAL_MS } from '../../src/util/kad-limits.ts'
import { Links } from '../network/links.ts'
import type { LookupRow, RunObserver, RunResult, SampleRow } from '../results/results.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { metricsOf } from '../stack/metrics.ts'
import { ContactsGraph } from '../workload/contacts-graph.ts'
import { lookupPlan } from '../workload/lookup-plan.ts'
import { messagePlan } from '../workload/message-plan.ts'
import { placePeople } from '../workload/place-people.ts'
import { ScenarioStreams } from '../workload/scenario-streams.ts'
import { Attendance } from './attendance.ts'
import { Connections } from './connections.ts'
import { Custody } from './custody.ts'
import { extrasOf, planFaults } from './faults.ts'
import { ANSWER, Kernel } from './kernel.ts'
import { Ledger } from './ledger.ts'
import type { Letter } from './letters.ts'
import { Lookups } from './lookups.ts'
import { MailboxStreams } from './mailbox-streams.ts'
import { natMatrixOf } from './nat-matrix.ts'
import { Paths } from './paths.ts'
import { Person } from './person.ts'
import type { PersonParts } from './person-parts.ts'
import { RoutingTables } from './routing-tables.ts'
import { Searches } from './searches.ts'
import { SleepingLinks } from './sleeping-links.ts'
import { Stream } from './stream.ts'
import { LOOKUP_ANSWER_BYTES, LOOKUP_REQUEST_BYTES } from './traffic.ts'
import { Wires } from './wires.ts'
import { World } from './world.ts'

/** Everything of one run. */
export class ModelRun {
  readonly endMs: number
  readonly kernel: Kernel = new Kernel()
  readonly #scenario: Scenario
  readonly #seed: number
  readonly #world: World
  readonly #paths: Paths
  readonly #lookups: Lookups
  readonly #searches: Searches
  readonly #sleepers: SleepingLinks
  readonly #custody: Custody
  readonly #wires: Wires
  readonly #attendance: Attendance
  readonly #ledger: Ledger
  readonly #people: Person[] = []
  readonly #samples: SampleRow[] = []
  readonly #lookupRows: LookupRow[] = []
  #isSettling = false
  /** Keys of lookups that are measured. */
  readonly #keys: Stream

  /** `tell` hears what the trace of the run is to hold. */
  constructor(scenario: Scenario, seed: number, tell: RunObserver['trace'] = () => {}) {
    this.#ledger = new Ledger(tell)
    this.#scenario = scenario
    this.#seed = seed
    this.#keys = new Stream(seed, 'keys')
    this.endMs = scenario.warmupMs + scenario.durationMs + scenario.settleMs
    const stream = (label: string): Stream => new Stream(seed, label)
    const streams = new ScenarioStreams(seed)
    const kernel = this.kernel
    const world = new World(scenario, seed, extrasOf(scenario, seed))
    const tables = new RoutingTables(world, stream('tables'))
    const now = (): number => kernel.nowMs
    const connections = new Connections(world, tables, now)
    const links = new Links(scenario.network, streams.network().fork('links'))
    const paths = new Paths(world, { tables, connections, links, stream: stream('paths'), now })
    const schedule = (delayMs: number, request: number): void => kernel.add(delayMs, ANSWER, request)
    const lookups = new Lookups(world, tables, paths, stream('lookups'), schedule)
    const searches = new Searches({ world, lookups, paths, kernel, stream: stream('searches') })
    const mailboxStreams = new MailboxStreams(world, paths, kernel)
    const custody = new Custody({
      kernel,
      world,
      paths,
      streams: mailboxStreams,
      searches,
      stream: stream('custody'),
      seed,
    })
    const homes = placePeople(scenario, streams.homes())
    this.#sleepers = new SleepingLinks(world, kernel, stream('sleepers'))
    const shared = { kernel, world, paths, searches, custody, ledger: this.#ledger, seed, homes }
    const parts: PersonParts = {
      ...shared,
      streams: mailboxStreams,
      stream: stream('persons'),
      published: new Uint8Array(homes.length),
      sleepers: this.#sleepers,
    }
    this.#world = world
    this.#paths = paths
    this.#lookups = lookups
    this.#searches = searches
    this.#custody = custody
    this.#wires = new Wires(parts, this.#people)
    const contacts = new ContactsGraph(homes.length, scenario.workload.contactsPerPerson, streams.contacts())
    homes.forEach((_, person) => {
      this.#people.push(new Person(parts, person, contacts.of(person), this.#wires))
    })
    const personAt = new Map(this.#people.map((person) => [person.node, person]))
    const { wires, people, sleepers } = { wires: this.#wires, people: this.#people, sleepers: this.#sleepers }
    const parties = { tell, wires, people, personAt, sleepers }
    this.#attendance = new Attendance({ scenario, streams, kernel, world, tables, custody, ...parties })
    connections.onDialled((one, other) => {
      personAt.get(one)?.peerCame()
      personAt.get(other)?.peerCame()
    })
    this.#attendance.begin()
    planFaults({ ...shared, scenario, streams, attendance: this.#attendance, wires, people })
    this.#playMessages(messagePlan(scenario, contacts, streams.messages()))
    this.#playLookups(lookupPlan(scenario, streams.lookups()))
    this.#sampleLater()
    kernel.schedule(scenario.warmupMs + scenario.durationMs, () => this.#settle())
  }

  /** Plays at most `eventsMax` events; true: the run is over, in the settling time as soon as nothing is pending. */
  advance(eventsMax: number): boolean {
    const isOver = this.#isSettling && this.#pending === 0
    return (
      isOver ||
      this.kernel.run(this.endMs, eventsMax, {
        answer: (request) => this.#lookups.answered(request, this.kernel.nowMs),
        churn: (node) => this.#attendance.churn(node),
      })
    )
  }

  result(isPartial: boolean): RunResult {
    if (!isPartial) {
      this.#checkLost()
    }
    const { kernel } = this
    const last = this.#sample()
    const samples = this.#samples.at(-1)?.t_ms === last.t_ms ? this.#samples : [...this.#samples, last]
    const [messages, nodes] = [this.#ledger.rows(), this.#nodeRows()]
    const natMatrix = natMatrixOf(this.#world, this.#paths, new Stream(this.#seed, 'nat matrix'))
    return {
      tier: 'model',
      seed: this.#seed,
      simulatedMs: kernel.nowMs,
      isPartial,
      traceHash: kernel.traceHash,
      metrics: metricsOf({
        messages,
        nodes,
        links: { direct: 0, punched: 0, relayed: 0 },
        relayGapMs: Number.NaN,
        samples,
        lookups: this.#lookupRows,
        dials: this.#paths.dials,
        dialsFailed: this.#paths.dialsFailed,
        deliveredTwice: this.#ledger.deliveredTwice,
        outOfOrder: this.#ledger.order.inversions,
        lost: this.#ledger.lost,
        violations: this.#ledger.violationsCount,
      }),
      samples,
      messages,
      nodes,
      lookups: this.#lookupRows,
      natMatrix,
      violations: this.#ledger.violations,
      events: kernel.events,
    }
  }

  /** What may still arrive: what is for or from somebody whose node or disk is gone need not. */
  get #pending(): number {
    const { sent, delivered, failed, excused } = this.#ledger
    return sent - delivered - failed - excused
  }

  /** Faults and writing are over: people whose nodes can come back do, and everything pending must arrive. */
  #settle(): void {
    this.#isSettling = true
    this.#world.side.fill(0)
    this.#paths.degrade(1, 0)
    this.#attendance.recall()
    for (const person of this.#people) {
      if (this.#world.up[person.node] === 0) {
        this.#ledger.excuse(person.index)
      }
    }
  }

  #playMessages(plan: ReturnType<typeof messagePlan>): void {
    const next = plan.next()
    if (next.done === true) {
      return
    }
    const { atMs, from, to, bytes } = next.value
    this.kernel.schedule(atMs - this.kernel.nowMs, () => {
      this.#people[from]?.write(to, bytes)
      this.kernel.note(from, to)
      this.#playMessages(plan)
    })
  }

  #playLookups(plan: ReturnType<typeof lookupPlan>): void {
    const next = plan.next()
    if (next.done === true) {
      return
    }
    const { atMs, node } = next.value
    this.kernel.schedule(atMs - this.kernel.nowMs, () => {
      if (this.#world.up[node] === 1) {
        this.#measure(node)
      }
      this.#playLookups(plan)
    })
  }

  /** A lookup of a random place; found: the closest one that could be found is the first of the result. */
  #measure(node: number): void {
    const place = { high: this.#keys.bits(), low: this.#keys.bits() }
    const startMs = this.kernel.nowMs
    this.#searches.play(node, place, ({ nodes, hops, messages, tookMs }) => {
      const found = nodes.length > 0 && this.#searches.closest(node, place, 1)[0] === nodes[0]
      this.#lookupRows.push({ t_ms: startMs, node, hops, messages, took_ms: tookMs, found })
    })
  }

  #sampleLater(): void {
    this.kernel.schedule(this.#scenario.sampleEveryMs, () => {
      this.#samples.push(this.#sample())
      this.#sampleLater()
    })
  }

  #sample(): SampleRow {
    this.#sleepers.settle()
    const { sent, delivered, failed, stored } = this.#ledger
    const { mean, least } = this.#replicas()
    return {
      t_ms: Math.round(this.kernel.nowMs),
      nodes_up: this.#world.nodesUp,
      sent,
      delivered,
      failed,
      pending: sent - delivered - failed,
      stored,
      replicas_mean: mean,
      replicas_min: least,
      connections: this.#wires.size,
      bytes: Math.round(this.#bytes()),
      events: this.kernel.events,
    }
  }

  /** Live copies of letters that were stored and not collected. */
  #replicas(): { readonly mean: number; readonly least: number } {
    let letters = 0
    let copies = 0
    let least = Number.POSITIVE_INFINITY
    for (const letter of this.#uncollected()) {
      let live = 0
      for (const node of letter.holders) {
        live += this.#world.up[node] as number
      }
      letters++
      copies += live
      least = Math.min(least, live)
    }
    return { mean: copies / letters, least: letters === 0 ? Number.NaN : least }
  }

  *#uncollected(): Generator<Letter, void, undefined> {
    for (const person of this.#people) {
      for (const { item, letter } of person.waiting()) {
        if (item.message?.storedMs != null && item.message.deliveredMs === null && letter !== undefined) {
          yield letter
        }
      }
    }
  }

  /** Stored, not delivered, and nowhere any more: neither in the outbox nor at a custodian. */
  #checkLost(): void {
    if (this.#pending > 0) {
      this.#ledger.violate(
        'in-time',
        `${this.#pending} messages have not arrived after all faults ended`,
        this.kernel.nowMs,
      )
    }
    const waiting = new Set<number>()
    for (const person of this.#people) {
      for (const { item } of person.waiting()) {
        if (item.message !== undefined) {
          waiting.add(item.message.id)
        }
      }
    }
    for (const account of this.#ledger.accounts) {
      const isOpen = account.storedMs !== null && account.deliveredMs === null && !account.failed && !account.excused
      const isYoung = this.kernel.nowMs - account.sentMs < LETTER_RETENTION_MS
      const letter = account.letter
      if (isOpen && isYoung && !waiting.has(account.id) && (letter === undefined || letter.holders.size === 0)) {
        this.#ledger.lose(account, 'stored, and no copy is left', this.kernel.nowMs)
      }
    }
  }

  #nodeSeconds(): number {
    let ms = 0
    for (let node = 0; node < this.#world.size; node++) {
      ms += this.#uptimeMs(node)
    }
    return ms / 1000
  }

  #uptimeMs(node: number): number {
    const { uptimeMs, up, upSinceMs } = this.#world
    return (uptimeMs[node] as number) + (up[node] === 1 ? this.kernel.nowMs - (upSinceMs[node] as number) : 0)
  }

  /** Upkeep of routing tables is not played: a lookup of the own key every five minutes, by each node, whose answers go to the others. */
  #upkeepBytesPerMs(): number {
    const perLookup = this.#searches.messagesMean * (LOOKUP_REQUEST_BYTES + LOOKUP_ANSWER_BYTES)
    return perLookup / KAD_SELF_LOOKUP_INTERVAL_MS
  }

  #bytes(): number {
    const played = this.#world.bytesSent.reduce((sum, bytes) => sum + bytes, 0)
    return played + this.#nodeSeconds() * 1000 * this.#upkeepBytesPerMs()
  }

  #nodeRows(): RunResult['nodes'] {
    const { size, sessions, bytesSent, bytesReceived } = this.#world
    const upkeep = this.#upkeepBytesPerMs()
    return Array.from({ length: size }, (_, node) => {
      const nodeClass = this.#world.classAt(node)
      const uptimeMs = this.#uptimeMs(node)
      return {
        node,
        class: nodeClass?.name ?? 'sybil',
        nat: nodeClass?.nat.map(({ preset }) => preset).join('+') || 'open',
        uptime_ms: Math.round(uptimeMs),
        sessions: sessions[node] as number,
        bytes_sent: Math.round((bytesSent[node] as number) + uptimeMs * upkeep),
        bytes_received: Math.round((bytesReceived[node] as number) + uptimeMs * upkeep),
        letters_kept: this.#custody.lettersAt(node),
      }
    })
  }
}
