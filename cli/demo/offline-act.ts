import { CliError } from '../cli-error.ts'
import type { MessageView } from '../client/messages.ts'
import type { Sent } from '../client/outgoing.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { STEP_LIMIT_MS, until } from './deadline.ts'
import type { Line } from './line.ts'
import { durationWords, timed } from './narrator.ts'
import type { Scene } from './scene.ts'
import { STRANGER_NODES } from './strangers.ts'

const TEXTS = ['Bob?', 'You were just here …', 'Never mind: you will read this when you are back.']

/** What the stamp of a message may lose on its way, milliseconds: XEP-0082 lets it be whole seconds. */
const STAMP_TOLERANCE_MS = 1_000

/**
 * Bob is killed; Alice writes and leaves; half of those who keep her letters are killed; Bob returns and reads them, and
 * so does Alice, to learn that he has. Returns what she wrote.
 */
export async function offlineAct(init: Scene): Promise<readonly Line[]> {
  const { alice, bob, strangers, narrator } = init
  await bob.end('SIGKILL')
  narrator.step("Bob's node is killed (kill -9). Alice writes on:")
  const written = await write(init)
  const stopMs = await timed(() => alice.end('SIGTERM'))
  narrator.step(`Alice leaves; her node is stopped (${stopMs}). Nobody is there now who can read what she wrote.`)
  await strangers.killHalf()
  const half = STRANGER_NODES / 2
  narrator.step(`Of the ${STRANGER_NODES} strangers' nodes ${half} are killed as well (kill -9); ${half} are left.`)
  await read(init, written)
  await learn(init)
  return TEXTS.map((text) => ({ from: alice, to: bob, text }))
}

/** Alice writes and waits until strangers keep it. Gives her own copies. */
async function write({ alice, bob, narrator }: Scene): Promise<readonly MessageView[]> {
  const startMs = performance.now()
  const sent: Sent[] = []
  for (const text of TEXTS) {
    sent.push(await alice.send(bob, text))
    narrator.step(`Alice: ${text}`)
  }
  for (const message of sent) {
    const { state, receipts, of } = await alice.settled(message, STEP_LIMIT_MS, 'stored')
    if (state !== 'stored') {
      throw new CliError(EXIT_CODES.failed, 'demo', `Alice's message to Bob is ${state}, not stored`)
    }
    const after = durationWords(performance.now() - startMs)
    narrator.remark(
      `sealed and stored with ${receipts} of ${of} custodians, each of whom signed for it, after ${after}`,
    )
  }
  return (await alice.history(bob)).slice(-TEXTS.length)
}

/** Bob returns and has everything, once, in order, with the time at which it was written. */
async function read({ alice, bob, strangers, narrator }: Scene, written: readonly MessageView[]): Promise<void> {
  const bootMs = await timed(() => bob.start(strangers.survivingAddresses[1] ?? ''))
  narrator.step(`Bob's node is back (${bootMs} to start); Alice's is not.`)
  const startMs = performance.now()
  const last = await until('for Bob to collect his letters', STEP_LIMIT_MS, async () => {
    const found = (await bob.history(alice)).filter(({ body }) => TEXTS.includes(body))
    return found.length >= TEXTS.length ? found : undefined
  })
  const tookMs = durationWords(performance.now() - startMs)
  if (JSON.stringify(last.map(({ body }) => body)) !== JSON.stringify(TEXTS)) {
    throw new CliError(EXIT_CODES.failed, 'demo', `Bob reads ${last.map(({ body }) => body).join(', ')}`)
  }
  narrator.remark(`${last.length} letters collected, opened and on his disk after ${tookMs}`)
  for (const [index, { stamp, body }] of last.entries()) {
    const wasMs = Date.parse(written[index]?.stamp ?? '')
    if (!(Math.abs(Date.parse(stamp) - wasMs) <= STAMP_TOLERANCE_MS)) {
      throw new CliError(EXIT_CODES.failed, 'demo', `Bob's message of ${written[index]?.stamp} is stamped ${stamp}`)
    }
    narrator.step(`Bob reads, written ${stamp.slice(11, 19)} UTC: ${body}`)
  }
}

/** Alice returns and sees that he has it. */
async function learn({ alice, bob, strangers, narrator }: Scene): Promise<void> {
  const bootMs = await timed(() => alice.start(strangers.survivingAddresses[0] ?? ''))
  narrator.step(`Alice is back, too (${bootMs} to start).`)
  const learntMs = await timed(() =>
    until('for Alice to learn that Bob has her messages', STEP_LIMIT_MS, async () => {
      const own = (await alice.history(bob)).slice(-TEXTS.length)
      return own.every(({ state }) => state === 'delivered') ? own : undefined
    }),
  )
  narrator.remark(`she sees all ${TEXTS.length} of them delivered ${learntMs} later`)
}
