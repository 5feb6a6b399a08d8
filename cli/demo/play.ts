import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { until } from './deadline.ts'
import { durationWords, type Narrator, timed } from './narrator.ts'
import type { Person } from './person.ts'

/** The longest any step may take, milliseconds; together they stay below the bound of the whole demo. */
const STEP_LIMIT_MS = 20_000

/** A line of the play, and how long it took to be on the disk of the other's node. */
interface Line {
  readonly from: Person
  readonly to: Person
  readonly text: string
}

/** What the play was given. */
export interface PlayInit {
  readonly alice: Person
  readonly bob: Person
  readonly bootstrap: readonly string[]
  readonly narrator: Narrator
}

/** Alice and Bob meet and talk; Bob's node dies and comes back. Returns how many messages were sent, all of them arrived. */
export async function play({ alice, bob, bootstrap, narrator }: PlayInit): Promise<number> {
  const [first = '', second = first] = bootstrap
  await arrive(alice, bob, [first, second], narrator)
  await meet(alice, bob, narrator)
  const talk: readonly Line[] = [
    { from: alice, to: bob, text: 'Hi Bob! Do you see a server anywhere?' },
    { from: bob, to: alice, text: 'No. Just you, me and eight strangers who keep our addresses.' },
    { from: alice, to: bob, text: 'Then nobody can read this but us. 🔑' },
  ]
  for (const line of talk) {
    narrator.step(`${line.from.name}: ${line.text}`)
    narrator.remark(`on the disk of ${line.to.name}'s node after ${await say(line)}`)
  }
  const missed = ['Bob?', 'You were just here …', 'Never mind: you will read this when you are back.']
  await sleepAndWake(alice, bob, second, missed, narrator)
  const expected = [...talk, ...missed.map((text) => ({ from: alice, to: bob, text }))]
  await compareHistories(alice, bob, expected)
  narrator.step('Both histories hold every message exactly once, in the same order.')
  return expected.length
}

async function arrive(alice: Person, bob: Person, bootstrap: [string, string], narrator: Narrator): Promise<void> {
  const initMs = await timed(() => Promise.all([alice.init(), bob.init()]))
  narrator.step(`Alice and Bob have keys, each in a home of their own (${initMs}).`)
  narrator.remark(`Alice is ${alice.address}`)
  narrator.remark(`Bob is   ${bob.address}`)
  const startMs = await timed(() => Promise.all([alice.start(bootstrap[0]), bob.start(bootstrap[1])]))
  narrator.step(`Their nodes run, two more processes (${startMs} for both). Each knows one of the eight.`)
}

async function meet(alice: Person, bob: Person, narrator: Narrator): Promise<void> {
  narrator.step('Alice adds Bob by his address alone: the DHT has to tell where he is.')
  const foundMs = await timed(async () => {
    await alice.addContact(bob)
    await until('for Alice’s request to reach Bob', STEP_LIMIT_MS, async () => {
      const contact = await bob.contact(alice)
      return contact?.pendingIn === true ? contact : undefined
    })
  })
  narrator.remark(`found and asked after ${foundMs}`)
  const acceptedMs = await timed(async () => {
    await bob.acceptContact(alice)
    await until('for Alice and Bob to be contacts', STEP_LIMIT_MS, async () => {
      const views = [await alice.contact(bob), await bob.contact(alice)]
      return views.every((view) => view?.subscription === 'both') ? views : undefined
    })
  })
  narrator.step(`Bob accepts; each sees now when the other is there (${acceptedMs}).`)
}

/** Sends a line; the time until the other's node has it. */
async function say({ from, to, text }: Line): Promise<string> {
  return await timed(async () => {
    const state = await from.settled(await from.send(to, text), STEP_LIMIT_MS)
    if (state !== 'delivered') {
      throw new CliError(EXIT_CODES.failed, 'demo', `${from.name}'s message to ${to.name} is ${state}`)
    }
  })
}

async function sleepAndWake(
  alice: Person,
  bob: Person,
  bootstrap: string,
  texts: readonly string[],
  narrator: Narrator,
): Promise<void> {
  await bob.end('SIGKILL')
  narrator.step("Bob's node is killed (kill -9). Alice writes on:")
  const sent = []
  for (const text of texts) {
    sent.push(await alice.send(bob, text))
    narrator.step(`Alice: ${text}`)
  }
  narrator.remark(`${sent.length} messages wait on the disk of her node`)
  const bootMs = await timed(() => bob.start(bootstrap))
  narrator.step(`Bob's node is back (${bootMs} to start).`)
  const backMs = performance.now()
  const states = await Promise.all(sent.map((message) => alice.settled(message, STEP_LIMIT_MS)))
  if (states.some((state) => state !== 'delivered')) {
    throw new CliError(EXIT_CODES.failed, 'demo', `of Alice's messages to Bob: ${states.join(', ')}`)
  }
  narrator.remark(`all ${sent.length} messages are his, ${durationWords(performance.now() - backMs)} later`)
}

async function compareHistories(alice: Person, bob: Person, expected: readonly Line[]): Promise<void> {
  for (const [person, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const shown = (await person.history(other)).map(({ from, body }) => `${from} ${body}`)
    const wanted = expected.map(({ from, text }) => `${from.address} ${text}`)
    if (JSON.stringify(shown) !== JSON.stringify(wanted)) {
      const message = `${person.name}'s history is not what was said: ${JSON.stringify(shown)}`
      throw new CliError(EXIT_CODES.failed, 'demo', message)
    }
  }
}
