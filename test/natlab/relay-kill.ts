// Two people whose NATs cannot be punched talk through relays. One relay after the other is killed (SIGKILL) and comes back,
// so the one that carries them is among them: nothing is lost, doubled or out of order, and both hold two reservations again.
// `npm run test:relays`; needs root on Linux. Ends by itself and cleans up.
import { setTimeout as sleep } from 'node:timers/promises'
import { Conversation } from './conversation.ts'
import type { LabNode, LabRelay } from './lab-node.ts'
import { runPlay, setScene, told, untilPath } from './play.ts'
import { until } from './wait.ts'

const LIMIT_MS = 300_000
/** Each node holds reservations on two, the third is where a lost one is replaced. */
const RELAYS = 3
const PAUSE_MS = 20
const BEFORE_MS = 2_000
/** issue: a lost relay is replaced within 30 s. */
const REPLACE_LIMIT_MS = 30_000
const RESERVATIONS = 2

/** How long until a node holds reservations on two relays other than the dead one; undefined: it does not. */
async function replaced(node: LabNode, dead: LabRelay): Promise<number | undefined> {
  const startMs = performance.now()
  const isDone = async (): Promise<boolean> => {
    const { relays } = (await node.status()).reach
    return relays.length >= RESERVATIONS && relays.every(({ address }) => !address.includes(dead.host.address))
  }
  return (await until(REPLACE_LIMIT_MS, isDone)) === undefined ? undefined : performance.now() - startMs
}

await runPlay('natlab:relay-kill', LIMIT_MS, async (hooks) => {
  const { world, alice, bob } = await setScene(hooks, ['varying', 'varying'], RELAYS)
  await untilPath(alice, bob, 'relayed', REPLACE_LIMIT_MS)
  const faults: string[] = []
  const conversations = [new Conversation(alice, bob, PAUSE_MS), new Conversation(bob, alice, PAUSE_MS)]
  for (const relay of world.relays) {
    await sleep(BEFORE_MS)
    const killedMs = performance.now()
    await relay.end('SIGKILL')
    for (const node of [alice, bob]) {
      const tookMs = await replaced(node, relay)
      const words =
        tookMs === undefined ? 'holds no two reservations' : `holds two after ${(tookMs / 1_000).toFixed(1)} s`
      console.log(`${relay.host.name} killed: ${node.host.name} ${words}`)
      faults.push(...(tookMs === undefined ? [`${node.host.name} did not replace ${relay.host.name} in 30 s`] : []))
    }
    const longest = Math.max(...conversations.map((one) => one.longestSince(killedMs - BEFORE_MS)))
    console.log(`${relay.host.name} killed: the slowest message took ${(longest / 1_000).toFixed(1)} s`)
    await relay.start()
  }
  const [there, back] = await Promise.all(conversations.map((conversation) => conversation.end()))
  return [...faults, ...told('Alice to Bob', there!), ...told('Bob to Alice', back!)]
})
