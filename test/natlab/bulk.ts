// 50 MB of messages between two people whose NATs cannot be punched, all through a relay: nothing cuts the conversation, and
// nothing is lost, doubled or out of order. Half an hour is not waited for; what was carried in which time is told.
// `npm run test:relays`, or `node test/natlab/bulk.ts [MEGABYTES]`; needs root on Linux. Ends by itself and cleans up.
import { kabberJson } from '../support/kabber-process.ts'
import { runPlay, setScene, untilPath } from './play.ts'

const LIMIT_MS = 600_000
const RELAYS = 2
const MESSAGE_BYTES = 50_000
/** Messages handed in at once; the control socket takes 32. */
const IN_FLIGHT = 16
const PATH_LIMIT_MS = 30_000
const MESSAGE_LIMIT_MS = 300_000
const DEFAULT_MEGABYTES = 50

await runPlay('natlab:bulk', LIMIT_MS, async (hooks) => {
  const { alice, bob } = await setScene(hooks, ['varying', 'varying'], RELAYS)
  await untilPath(alice, bob, 'relayed', PATH_LIMIT_MS)
  const bytes = Number(process.argv[2] ?? DEFAULT_MEGABYTES) * 1_000_000
  const count = Math.ceil(bytes / MESSAGE_BYTES)
  const startMs = performance.now()
  let next = 0
  let undelivered = 0
  const writer = async (): Promise<void> => {
    while (next < count) {
      const text = `${next}`.padEnd(MESSAGE_BYTES, '.')
      next += 1
      const sent = await alice.outgoing.send(bob.address, text)
      const { state } = await alice.outgoing.settled(sent, MESSAGE_LIMIT_MS)
      undelivered += state === 'delivered' ? 0 : 1
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, writer))
  const seconds = (performance.now() - startMs) / 1_000
  const lines = await kabberJson(bob.home, 'history', alice.address, '--limit', '100000')
  const numbers = lines
    .filter(({ direction }) => direction === 'in')
    .map(({ body }) => Number.parseInt(String(body), 10))
  const path = await alice.path(bob.address)
  const megabytes = (count * MESSAGE_BYTES) / 1_000_000
  console.log(
    `${megabytes} MB in ${seconds.toFixed(0)} s (${(megabytes / seconds).toFixed(1)} MB/s), ${path} at the end`,
  )
  return [
    ...(undelivered > 0 ? [`${undelivered} of ${count} messages were not delivered in time`] : []),
    ...(new Set(numbers).size === count ? [] : [`${count - new Set(numbers).size} of ${count} messages lost`]),
    ...(numbers.length > new Set(numbers).size ? ['messages came twice'] : []),
    ...(path === 'relayed' ? [] : [`the conversation is ${path ?? 'down'} at the end`]),
  ]
})
