import { setTimeout as pause } from 'node:timers/promises'
import type { ChatClient, Driver, DriverContext, Inability } from './chat-client.ts'
import { SlixmppProcess } from './slixmpp-process.ts'
import { until } from './tools/until.ts'
import type { Pair } from './world.ts'

/** The acts, in their order; the columns of the matrix. */
export const STEPS: readonly Step[] = [
  ...(['login', 'roster', 'presence', 'messages', 'carbons', 'copies', 'correction'] as const),
  ...(['offline', 'archive'] as const),
]
/** One act. */
export type Step =
  | 'login'
  | 'roster'
  | 'presence'
  | 'messages'
  | 'carbons'
  | 'copies'
  | 'correction'
  | 'offline'
  | 'archive'

/** What became of an act. */
export type Outcome =
  | { readonly result: 'pass'; readonly durationMs: number }
  | { readonly result: 'not applicable'; readonly reason: string }
  | { readonly result: 'FAIL'; readonly durationMs: number; readonly reason: string }

const A_WHILE_MS = 2_100

const NOT_REACHED: Outcome = { result: 'not applicable', reason: 'an earlier act failed' }

/** Everybody on the stage. */
interface Stage {
  readonly client: ChatClient
  readonly driver: Driver
  /** The second client of the same account. */
  readonly second: SlixmppProcess
  readonly peer: SlixmppProcess
  readonly record: (step: Step, act: () => Promise<void>) => Promise<void>
  /** Where the client under test reads. */
  clientJid: string
}

/**
 * The conversation that every client has: its account and the peer's make friends, talk, and miss each other. Ends at the
 * first act that fails, as what follows builds on it.
 */
export async function play(driver: Driver, pair: Pair, context: DriverContext): Promise<PlayReport> {
  const outcomes = new Map<Step, Outcome>(STEPS.map((step) => [step, NOT_REACHED]))
  const { hooks } = context
  const second = new SlixmppProcess(hooks, pair.second, 'second')
  const peer = new SlixmppProcess(hooks, pair.peer, 'peer')
  const client = await driver.open(context)
  const record = async (step: Step, act: () => Promise<void>): Promise<void> => {
    const reason = driver.cannot[step as Inability]
    if (reason !== undefined) {
      outcomes.set(step, { result: 'not applicable', reason })
      return
    }
    const startMs = performance.now()
    try {
      await act()
      outcomes.set(step, { result: 'pass', durationMs: performance.now() - startMs })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      outcomes.set(step, { result: 'FAIL', durationMs: performance.now() - startMs, reason })
      throw new ActFailed()
    }
  }
  const stage: Stage = { client, driver, second, peer, record, clientJid: pair.own.jid }
  try {
    await perform(stage)
  } catch (error) {
    if (!(error instanceof ActFailed)) {
      outcomes.set('login', { result: 'FAIL', durationMs: 0, reason: `the stage: ${String(error)}` })
    }
  }
  const evidence = async (folder: string): Promise<Record<string, string>> => {
    await client.evidence(folder).catch(() => {})
    return { 'peer.log': peer.log, 'second.log': second.log }
  }
  return { outcomes, evidence }
}

/** What a play leaves. */
export interface PlayReport {
  readonly outcomes: ReadonlyMap<Step, Outcome>
  /** Has the client leave its evidence in a folder and gives the logs of the others. */
  evidence(folder: string): Promise<Record<string, string>>
}

/** The outcome is in the record. */
class ActFailed extends Error {}

async function perform(stage: Stage): Promise<void> {
  const { client, peer, record } = stage
  await peer.connect()
  await record('login', async () => await client.start())
  await makeFriends(stage)
  await talk(stage)
  await secondClient(stage)
  await record('correction', async () => await correct(stage))
  await missEachOther(stage)
}

async function makeFriends({ client, driver, peer, second, record, clientJid }: Stage): Promise<void> {
  await record('roster', async () => {
    const approve = async (): Promise<void> => await client.approve(peer.jid)
    if (driver.asksSecond === true) {
      await askFirst(peer, clientJid, approve)
    } else {
      await client.addContact(peer.jid)
      await answerRequest(peer, clientJid, approve)
    }
    await second.connect()
    await bothSubscribed(second, peer.jid)
    await second.disconnect()
  })
  if (driver.cannot.roster !== undefined) {
    // Somebody has to: the second client does it, as its user would.
    await second.connect()
    await second.addContact(peer.jid)
    await answerRequest(peer, clientJid, async () => {
      await second.presence(peer.jid, 'subscribe')
      await second.approve(peer.jid)
    })
    await bothSubscribed(second, peer.jid)
    await second.disconnect()
  }
  await record('presence', async () => {
    await peer.presence(clientJid, 'available')
    await until('the client shows the peer as available', async () => await client.seesOnline(peer.jid))
  })
}

/** The peer grants the request and asks in turn. */
async function answerRequest(peer: SlixmppProcess, ownJid: string, approve: () => Promise<void>): Promise<void> {
  await peer.presence(ownJid, 'subscribe')
  await peer.approve(ownJid)
  await peer.subscribe(ownJid)
  await approve()
  await peer.presence(ownJid, 'subscribed')
}

/** The peer asks, and grants what it is asked then. */
async function askFirst(peer: SlixmppProcess, ownJid: string, approve: () => Promise<void>): Promise<void> {
  await peer.addContact(ownJid)
  await approve()
  await peer.presence(ownJid, 'subscribed')
  await peer.presence(ownJid, 'subscribe')
  await peer.approve(ownJid)
}

async function bothSubscribed(client: SlixmppProcess, jid: string): Promise<void> {
  await until('the subscription is mutual', async () => (await client.roster())[jid] === 'both')
}

async function talk(stage: Stage): Promise<void> {
  const { client, driver, peer, record, clientJid } = stage
  await record('messages', async () => {
    await client.send(peer.jid, 'I bring a light')
    const message = await peer.message('I bring a light')
    if (message.from.split('/')[0] !== clientJid) {
      throw new Error(`the message says that it is from ${message.from}`)
    }
    if (driver.bareOnly !== true) {
      stage.clientJid = message.from
    }
    await peer.send(stage.clientJid, 'and I a lantern')
    await shown(stage, 'and I a lantern')
  })
}

async function secondClient(stage: Stage): Promise<void> {
  const { client, second, peer, record, clientJid } = stage
  await second.connect()
  await record('carbons', async () => {
    await client.send(peer.jid, 'seen by my other client too')
    await peer.message('seen by my other client too')
    await second.message('seen by my other client too')
    await peer.send(clientJid, 'to all that you have')
    await second.message('to all that you have')
    await shown(stage, 'to all that you have')
  })
  await record('copies', async () => {
    await second.send(peer.jid, 'from my other client')
    await peer.message('from my other client')
    await shown(stage, 'from my other client')
  })
}

async function correct({ client, peer }: Stage): Promise<void> {
  await client.send(peer.jid, 'a lamp of claay')
  const original = await peer.message('a lamp of claay')
  await client.correct(peer.jid, 'a lamp of clay')
  const corrected = await peer.message('a lamp of clay')
  if (corrected.replaces !== original.stanzaId) {
    throw new Error(`the correction replaces ${corrected.replaces}, the message was ${original.stanzaId}`)
  }
}

async function missEachOther(stage: Stage): Promise<void> {
  const { client, second, peer, record } = stage
  const own = stage.second.jid
  await record('offline', async () => {
    const before = peer.events.all.length
    await client.stop()
    await peer.presence(own, 'unavailable', before)
    await peer.send(own, 'only your other client is there')
    await second.message('only your other client is there')
    await second.send(peer.jid, 'it answers for you')
    await peer.message('it answers for you')
    // COMPAT(poezio, 0.14): it asks the archive for what is two seconds older than what it has.
    await pause(A_WHILE_MS)
    const beforeSecond = peer.events.all.length
    await second.disconnect()
    await peer.presence(own, 'unavailable', beforeSecond)
    await peer.send(own, 'nobody is there')
    await client.start()
    await shown(stage, 'nobody is there')
    await peer.send(own, 'you are back')
    await shown(stage, 'you are back')
    const copies = await client.count('nobody is there')
    if (copies !== 1) {
      throw new Error(`the message that waited is shown ${copies} times`)
    }
  })
  await record('archive', async () => {
    await client.readArchive?.()
    await shown(stage, 'only your other client is there')
    await shown(stage, 'it answers for you')
  })
}

async function shown({ client, driver }: Pick<Stage, 'client' | 'driver'>, body: string): Promise<void> {
  if (driver.onlySends === true) {
    return
  }
  await until(`the client shows "${body}"`, async () => (await client.count(body)) >= 1)
}
