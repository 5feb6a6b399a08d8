// How soon two people at home talk after one of them has started: first message (through a relay) and direct path (punched).
// `npm run test:relays`, or `node test/natlab/speed.ts [ROUNDS]`; prints what it measured and fails only where nothing came; needs root on Linux.
import { straightConnection } from './connections.ts'
import { timesText } from './matrix.ts'
import { runPlay, setScene } from './play.ts'
import { until } from './wait.ts'

const LIMIT_MS = 300_000
const RELAYS = 2
const DEFAULT_ROUNDS = 5
const MESSAGE_LIMIT_MS = 30_000
const DIRECT_LIMIT_MS = 30_000
const POLL_MS = 50

await runPlay('natlab:speed', LIMIT_MS, async (hooks) => {
  const { alice, bob } = await setScene(hooks, ['home', 'home'], RELAYS)
  const [ready, message, direct, cpu] = [[] as number[], [] as number[], [] as number[], [] as number[]]
  const faults: string[] = []
  for (let round = 1; round <= Number(process.argv[2] ?? DEFAULT_ROUNDS); round++) {
    await alice.end('SIGKILL')
    const startMs = performance.now()
    ready.push(await alice.start())
    const sent = await alice.outgoing.send(bob.address, `round ${round}`)
    const { state } = await alice.outgoing.settled(sent, MESSAGE_LIMIT_MS)
    message.push(performance.now() - startMs)
    cpu.push(alice.cpuMs())
    const isDirect = await until(DIRECT_LIMIT_MS, async () => (await alice.path(bob.address)) === 'direct', POLL_MS)
    direct.push(performance.now() - startMs)
    const isPunched = isDirect === true && straightConnection(alice.host, bob.host) === 'punched'
    faults.push(
      ...(state === 'delivered' && isPunched ? [] : [`round ${round}: ${state}, ${isPunched ? '' : 'not '}punched`]),
    )
  }
  console.log(
    `since the start of the process, median / longest, s: ready ${timesText(ready)}, first message ${timesText(message)} (aim 3), direct ${timesText(direct)} (aim 5); CPU until the first message ${timesText(cpu)}`,
  )
  return faults
})
