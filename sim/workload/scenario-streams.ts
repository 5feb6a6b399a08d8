import { type Draws, drawsOf } from '../churn/draws.ts'
import { SeededRandom } from '../system/seeded-random.ts'

/**
 * The draws that decide what happens in a run, apart from how its nodes take it: who lives where and knows whom, who writes
 * when, who comes and goes, how far nodes are from each other. Both tiers take them from here, so that one seed means one
 * play in both, and what differs between them is the tiers' own.
 */
export class ScenarioStreams {
  readonly #root: SeededRandom

  constructor(seed: number) {
    this.#root = new SeededRandom(seed)
  }

  /** On which nodes people live. */
  homes(): Draws {
    return this.#draws('homes')
  }

  contacts(): Draws {
    return this.#draws('contacts')
  }

  messages(): Draws {
    return this.#draws('messages')
  }

  /** When lookups are measured, and by which nodes. */
  lookups(): Draws {
    return this.#draws('lookups/plan')
  }

  /** When one node comes and goes. */
  churn(node: number): Draws {
    return this.#draws(`churn/${node}`)
  }

  /** When one person takes the node away. */
  absence(person: number): Draws {
    return this.#draws(`absence/${person}`)
  }

  /** Whom a fault of the scenario strikes. */
  fault(index: number): Draws {
    return this.#draws(`fault/${index}`)
  }

  /** Latencies, by the indices of nodes. */
  network(): SeededRandom {
    return this.#root.fork('network')
  }

  #draws(label: string): Draws {
    return drawsOf(this.#root.fork(label))
  }
}
