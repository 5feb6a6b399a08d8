import type { NodeKey } from '../../src/identity/node-key.ts'
import { drawsOf } from '../churn/draws.ts'
import { SimNetwork } from '../network/network.ts'
import { classSizes } from '../scenario/class-sizes.ts'
import type { Fault, NodeClass, Scenario } from '../scenario/scenario.ts'
import { SeededRandom } from '../system/seeded-random.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { ContactsGraph } from '../workload/contacts-graph.ts'
import { placePeople } from '../workload/place-people.ts'
import { Sybil } from './adversary/sybil.ts'
import { Attendance } from './attendance.ts'
import { type HomeEvents, NodeHome, type PlantedBug } from './node-home.ts'
import { makePeople, type Person } from './person.ts'

/** Nodes that somebody who joins is told of. */
const BOOTSTRAP_NODES = 3

/** Everything that is there when a run begins. */
export class StackWorld {
  readonly scenario: Scenario
  readonly time: VirtualTime
  readonly random: SeededRandom
  readonly network: SimNetwork
  readonly graph: ContactsGraph
  readonly people: readonly Person[]
  readonly #attendances: Attendance[] = []
  readonly #byPeerId = new Map<string, NodeHome>()
  readonly #sybils: Sybil[] = []
  readonly #personAt = new Map<number, Person>()
  readonly #events: HomeEvents
  readonly #plantedBug: PlantedBug | undefined

  constructor(
    time: VirtualTime,
    init: { scenario: Scenario; seed: number; events: HomeEvents; plantedBug?: PlantedBug | undefined },
  ) {
    const { scenario } = init
    this.time = time
    this.scenario = scenario
    this.#events = init.events
    this.#plantedBug = init.plantedBug
    this.random = new SeededRandom(init.seed)
    this.network = new SimNetwork(time, scenario.network, this.random.fork('network'))
    const homes = placePeople(scenario, drawsOf(this.random.fork('homes')))
    const { contactsPerPerson } = scenario.workload
    this.graph = new ContactsGraph(homes.length, contactsPerPerson, drawsOf(this.random.fork('contacts')))
    this.people = makePeople(homes, (person) => this.graph.of(person), this.random.fork('people'))
    for (const person of this.people) {
      this.#personAt.set(person.home, person)
    }
    const sizes = classSizes(scenario.classes, scenario.nodes)
    scenario.classes.forEach((nodeClass, index) => {
      for (let count = 0; count < (sizes[index] ?? 0); count++) {
        this.addNode(nodeClass)
      }
    })
  }

  get attendances(): readonly Attendance[] {
    return this.#attendances
  }

  get homes(): readonly NodeHome[] {
    return this.#attendances.map(({ home }) => home)
  }

  /** Nodes of an adversary, which once they are there stay. */
  get sybils(): readonly Sybil[] {
    return this.#sybils
  }

  /** The home of a node; undefined for Sybils. */
  homeOfPeer(peerId: string): NodeHome | undefined {
    return this.#byPeerId.get(peerId)
  }

  personAt(home: NodeHome): Person | undefined {
    return this.#personAt.get(home.index)
  }

  homeOf(person: Person): NodeHome {
    return (this.#attendances[person.home] as Attendance).home
  }

  addNode(nodeClass: NodeClass): Attendance {
    const index = this.#attendances.length
    const random = this.random.fork(`node/${index}`)
    const bootstrapRandom = random.fork('bootstrap')
    const home = new NodeHome(this.time, {
      index,
      nodeClass,
      random,
      host: this.network.addHost(`node ${index}`, nodeClass.nat),
      account: this.#personAt.get(index)?.key,
      bootstrap: (newcomer) => this.#bootstrap(newcomer, bootstrapRandom),
      events: this.#events,
      isAnyoneBehindNat: this.scenario.classes.some(({ nat }) => nat.length > 0),
      plantedBug: this.#plantedBug,
    })
    const attendance = new Attendance(home)
    this.#attendances.push(attendance)
    this.#byPeerId.set(home.peerId, home)
    return attendance
  }

  /** A node of an adversary, not started yet. */
  addSybil(key: NodeKey, behaviour: (Fault & { readonly kind: 'sybils' })['behaviour'], random: SeededRandom): Sybil {
    const sybil = new Sybil(this.time, {
      ...{ key, behaviour, random, host: this.network.addHost(`sybil ${this.#sybils.length}`) },
      bootstrap: this.#bootstrap(undefined, random.fork('bootstrap')),
      accomplices: () => this.#sybils,
    })
    this.#sybils.push(sybil)
    return sybil
  }

  /** As an invitation or a list of known nodes would: some that can be dialled now. */
  #bootstrap(newcomer: NodeHome | undefined, random: SeededRandom): string[] {
    const there = this.homes.filter((home) => home.isUp && home !== newcomer && home.publicAddresses.length > 0)
    const chosen: string[] = []
    while (chosen.length < BOOTSTRAP_NODES && there.length > 0) {
      const [home] = there.splice(random.uniform(there.length), 1)
      if (home !== undefined) {
        chosen.push(`${home.publicAddresses[0]}/p2p/${home.peerId}`)
      }
    }
    return chosen
  }
}
