import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { STEP_LIMIT_MS, until } from './deadline.ts'
import { compareHistories, type Line } from './line.ts'
import { type Narrator, timed } from './narrator.ts'
import { offlineAct } from './offline-act.ts'
import type { Person } from './person.ts'
import type { Scene } from './scene.ts'
import type { Strangers } from './strangers.ts'

/** Alice and Bob meet and talk; then he is gone, she is gone, and what she wrote finds him. Returns how many messages arrived: all. */
export async function play({ alice, bob, strangers, narrator }: Scene): Promise<number> {
  await arrive(alice, bob, strangers, narrator)
  await meet(alice, bob, narrator)
  const talk: readonly Line[] = [
    { from: alice, to: bob, text: 'Hi Bob! Do you see a server anywhere?' },
    { from: bob, to: alice, text: 'No. Just you, me and ten strangers who keep our addresses.' },
    { from: alice, to: bob, text: 'And our letters, while one of us is away. They cannot read them. 🔑' },
  ]
  for (const line of talk) {
    narrator.step(`${line.from.name}: ${line.text}`)
    narrator.remark(`on the disk of ${line.to.name}'s node after ${await say(line)}`)
  }
  const missed = await offlineAct({ alice, bob, strangers, narrator })
  const expected = [...talk, ...missed]
  await compareHistories(alice, bob, expected)
  narrator.step('Both histories hold every message exactly once, in the same order.')
  return expected.length
}

async function arrive(alice: Person, bob: Person, strangers: Strangers, narrator: Narrator): Promise<void> {
  const initMs = await timed(() => Promise.all([alice.init(), bob.init()]))
  narrator.step(`Alice and Bob have keys, each in a home of their own (${initMs}).`)
  narrator.remark(`Alice is ${alice.address}`)
  narrator.remark(`Bob is   ${bob.address}`)
  const [aliceKnows = '', bobKnows = ''] = [strangers.doomedAddresses[0], strangers.survivingAddresses[0]]
  const startMs = await timed(() => Promise.all([alice.start(aliceKnows), bob.start(bobKnows)]))
  narrator.step(`Their nodes run, two more processes (${startMs} for both). Each knows one of the ten.`)
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
    const { state } = await from.settled(await from.send(to, text), STEP_LIMIT_MS, 'delivered')
    if (state !== 'delivered') {
      throw new CliError(EXIT_CODES.failed, 'demo', `${from.name}'s message to ${to.name} is ${state}`)
    }
  })
}
