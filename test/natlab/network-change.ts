// The network changes under running nodes: the machine gets another address, the router gets another address, the machine
// moves to another network altogether. The conversation heals within 30 s, and nothing is lost, doubled or out of order.
// `npm run test:relays`; needs root on Linux. Ends by itself and cleans up.
import { Conversation } from './conversation.ts'
import type { LabNode } from './lab-node.ts'
import { ipIn } from './netns.ts'
import { runPlay, setScene, told } from './play.ts'
import { until } from './wait.ts'

const LIMIT_MS = 300_000
const RELAYS = 2
const PAUSE_MS = 50
/** issue: a change of network heals within this time. */
const HEAL_LIMIT_MS = 30_000
/** How many messages of after the change must have arrived, so that it counts as healed. */
const HEALED_MESSAGES = 5

interface Change {
  readonly name: string
  readonly make: (node: LabNode) => void
}

const CHANGES: readonly Change[] = [
  {
    name: "the machine's address changes",
    make: ({ host }) => {
      ipIn(host.name, 'addr flush dev eth0', 'addr add 192.168.1.77/24 dev eth0', 'route add default via 192.168.1.1')
    },
  },
  {
    name: "the router's address changes",
    make: ({ host }) => {
      const network = host.publicAddress.replace(/\.\d+$/, '')
      ipIn(
        host.boxes[0]!,
        'addr flush dev wan',
        `addr add ${network}.99/24 dev wan`,
        `route add default via ${network}.1`,
      )
    },
  },
  {
    name: 'the machine moves to another network, after 3 s without any',
    make: ({ host }) => {
      ipIn(host.name, 'addr flush dev eth0', 'link set eth0 down')
      setTimeout(() => {
        ipIn(host.boxes[0]!, 'addr flush dev lan', 'addr add 192.168.50.1/24 dev lan')
        ipIn(host.name, 'link set eth0 up', 'addr add 192.168.50.9/24 dev eth0', 'route add default via 192.168.50.1')
      }, 3_000)
    },
  },
]

/** How long until messages of after the change arrive; undefined: not in time. */
async function healed(conversations: readonly Conversation[]): Promise<number | undefined> {
  const startMs = performance.now()
  const goals = conversations.map(({ written }) => written + HEALED_MESSAGES)
  const isDone = async (): Promise<boolean> => conversations.every(({ delivered }, index) => delivered >= goals[index]!)
  return (await until(2 * HEAL_LIMIT_MS, isDone)) === undefined ? undefined : performance.now() - startMs
}

await runPlay('natlab:network-change', LIMIT_MS, async (hooks) => {
  const { alice, bob } = await setScene(hooks, ['home', 'home'], RELAYS)
  const conversations = [new Conversation(alice, bob, PAUSE_MS), new Conversation(bob, alice, PAUSE_MS)]
  const faults: string[] = []
  for (const { name, make } of CHANGES) {
    await healed(conversations)
    make(alice)
    const tookMs = await healed(conversations)
    const isInTime = tookMs !== undefined && tookMs <= HEAL_LIMIT_MS
    const words = tookMs === undefined ? 'not healed' : `healed after ${(tookMs / 1_000).toFixed(1)} s`
    console.log(`${name}: ${words}, now ${await alice.path(bob.address)}`)
    faults.push(...(isInTime ? [] : [`${name}: ${words}`]))
  }
  const [there, back] = await Promise.all(conversations.map((conversation) => conversation.end()))
  return [...faults, ...told('Alice to Bob', there!), ...told('Bob to Alice', back!)]
})
