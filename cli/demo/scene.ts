import type { Narrator } from './narrator.ts'
import type { Person } from './person.ts'
import type { Strangers } from './strangers.ts'

/** Who and what is on the stage of the demo. */
export interface Scene {
  readonly alice: Person
  readonly bob: Person
  readonly strangers: Strangers
  readonly narrator: Narrator
}
