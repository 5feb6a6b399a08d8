// Two people at home write to each other while their conversation moves from a relay to the punched hole, while that hole
// is cut (packets vanish) and it falls back to a relay: nothing is lost, doubled or out of order.
// `npm run test:relays`; needs root on Linux. Ends by itself and cleans up.

import { straightConnection } from './connections.ts'
import { Conversation } from './conversation.ts'
import { setBoxRules } from './internet.ts'
import { type Play, runPlay, setScene, told, untilPath } from './play.ts'
import { placeNamed } from './world.ts'

const LIMIT_MS = 400_000
const RELAYS = 2
const PAUSE_MS = 10
/** Time for the hole to be punched. */
const PUNCH_LIMIT_MS = 30_000
/** Time for a node to find out that a path swallows what it sends. */
const SILENCE_LIMIT_MS = 120_000

/** Packets between the two vanish on the direct way, or find it again. */
function cut({ alice, bob }: Play, isCut: boolean): void {
  const rules = placeNamed('home').boxes[0]!
  const drop = isCut ? `ip saddr ${bob.host.publicAddress} drop\nip daddr ${bob.host.publicAddress} drop\n` : ''
  setBoxRules(alice.host.boxes[0]!, { ...rules, forward: `${drop}${rules.forward}` })
}

await runPlay('natlab:migration', LIMIT_MS, async (hooks) => {
  const play = await setScene(hooks, ['home', 'home'], RELAYS)
  const { alice, bob } = play
  // Anew, so that it begins relayed and writes from the first moment.
  await alice.end('SIGKILL')
  await alice.start()
  const conversations = [new Conversation(alice, bob, PAUSE_MS), new Conversation(bob, alice, PAUSE_MS)]
  const tell = (what: string, tookMs: number): void => {
    const written = conversations.map((conversation) => conversation.written).join(' and ')
    console.log(`${what} after ${(tookMs / 1_000).toFixed(1)} s; ${written} messages written`)
  }
  tell('direct', await untilPath(alice, bob, 'direct', PUNCH_LIMIT_MS))
  console.log(`the kernel: ${straightConnection(alice.host, bob.host)}`)
  cut(play, true)
  tell('cut; relayed', await untilPath(alice, bob, 'relayed', SILENCE_LIMIT_MS))
  const [there, back] = await Promise.all(conversations.map((conversation) => conversation.end()))
  cut(play, false)
  return [...told('Alice to Bob', there!), ...told('Bob to Alice', back!)]
})
