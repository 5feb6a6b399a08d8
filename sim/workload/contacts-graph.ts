import type { Draws } from '../churn/draws.ts'

/**
 * Who knows whom: a random graph in which everybody has the same number of contacts and every contact is mutual. Each
 * two contacts are the neighbours in one random ring through all people; an odd one is the other of a random pair.
 */
export class ContactsGraph {
  readonly #people: number
  readonly #neighbours: readonly Uint32Array[]

  constructor(people: number, contactsPerPerson: number, draws: Draws) {
    this.#people = people
    const neighbours: Uint32Array[] = []
    for (let missing = contactsPerPerson; missing > 0 && people > 1; missing -= 2) {
      neighbours.push(...(missing === 1 ? [pairs(people, draws)] : rings(people, draws)))
    }
    this.#neighbours = neighbours
  }

  get people(): number {
    return this.#people
  }

  /** The contacts of a person, without repetition; in small groups two rings can name the same one. */
  of(person: number): number[] {
    const all = this.#neighbours.map((neighbour) => neighbour[person] ?? person)
    return [...new Set(all)].filter((other) => other !== person)
  }
}

function rings(people: number, draws: Draws): readonly [Uint32Array, Uint32Array] {
  const order = shuffled(people, draws)
  const before = new Uint32Array(people)
  const after = new Uint32Array(people)
  order.forEach((person, i) => {
    after[person] = order[(i + 1) % people] ?? 0
    before[person] = order[(i + people - 1) % people] ?? 0
  })
  return [before, after]
}

function pairs(people: number, draws: Draws): Uint32Array {
  const order = shuffled(people, draws)
  const other = new Uint32Array(people)
  order.forEach((person, i) => {
    other[person] = order[i ^ 1] ?? person
  })
  return other
}

function shuffled(people: number, draws: Draws): Uint32Array {
  const order = Uint32Array.from({ length: people }, (_, i) => i)
  for (let i = people - 1; i > 0; i--) {
    const j = Math.floor(draws.next() * (i + 1))
    const kept = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = kept
  }
  return order
}
