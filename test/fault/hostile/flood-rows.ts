import assert from 'node:assert/strict'
import { HostileClient } from './hostile-client.ts'
import { type Row, tally } from './row.ts'
import type { VictimNode } from './world.ts'

const FLOOD = 100_000
const IQS = 10_000
const ROSTER_SETS = 300
const FLAPS = 20_000
const MESSAGES = Number(process.env.KABBER_HOSTILE_MESSAGES ?? 50_000)
/** A sender's node keeps so many for one recipient; the sender goes on when they have left. */
const BURST = 5_000
/** Others wait for a slice or two of whoever floods; the rest is what a busy machine does. */
const PING_MAX_MS = 5_000
const PING_EVERY_MS = 50
/** Of resident memory; a node that handles thousands of messages a second lets its young heap grow by up to 120 MiB (seen). */
const GROWTH_MAX_BYTES = 192 * 1_048_576
const PATIENCE_MS = 60_000

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** Somebody else on the same node, who wants to be answered all the time; how long it took at most. */
async function whileOthersPing(node: VictimNode, act: () => Promise<void>): Promise<number[]> {
  const other = await node.login('carol')
  const times: number[] = []
  let isOver = false
  const pinging = (async () => {
    while (!isOver) {
      times.push(await other.ping())
      await pause(PING_EVERY_MS)
    }
  })()
  await act().finally(() => {
    isOver = true
  })
  await pinging
  await other.end()
  return times.sort((one, next) => one - next)
}

function pings(times: readonly number[]): string {
  const at = (share: number): string => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(0)
  assert.ok((times.at(-1) ?? 0) <= PING_MAX_MS, `others waited ${at(1)} ms`)
  return `${times.length} pings of others p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`
}

/** Writes as fast as the other side takes it. */
async function pour(client: HostileClient, count: number, make: (index: number) => string): Promise<void> {
  for (let index = 0; index < count; ) {
    let batch = ''
    for (; index < count && batch.length < 16_384; index++) {
      batch += make(index)
    }
    if (!client.socket.write(batch)) {
      await new Promise((resolve) => {
        client.socket.once('drain', resolve)
        client.socket.once('close', resolve)
      })
    }
    // Whoever pings in the same process is not to wait for us.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Who sends more than others can stand. */
export function floodRows(node: VictimNode): readonly Row[] {
  return [stanzas(node), rosterSets(node), unreadAnswers(node)]
}

function stanzas(node: VictimNode): Row {
  return {
    id: 'flood',
    sent: `${FLOOD} stanzas at once by one client: messages to itself that nobody keeps, pings, ${FLAPS} presence flaps`,
    must: `others' pings are answered within ${PING_MAX_MS} ms; all are handled, in order`,
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      const times = await whileOthersPing(node, async () => {
        await pour(alice, FLOOD, (index) => {
          switch (index % 5) {
            case 0:
              return `<presence><show>${index % 2 === 0 ? 'away' : 'dnd'}</show></presence>`
            case 1:
              return `<iq type='get' id='f${index}'><ping xmlns='urn:xmpp:ping'/></iq>`
            default:
              return `<message to='${alice.jid}' id='f${index}'><no-store xmlns='urn:xmpp:hints'/></message>`
          }
        })
        alice.send("<iq type='get' id='done'><ping xmlns='urn:xmpp:ping'/></iq>")
        await alice.next('the last answer', (e) => e.attribute('id') === 'done', PATIENCE_MS)
      })
      const own = alice.heard.filter((e) => e.name === 'message')
      const sent = own.filter((e, at) => at === 0 || indexOf(e) > indexOf(own[at - 1] as typeof e))
      assert.equal(sent.length, own.length)
      await alice.end()
      return `${own.length} of ${(FLOOD / 5) * 3} messages came back, in order; ${pings(times)}`
    },
  }
}

function indexOf(element: { attribute(name: string): string | undefined }): number {
  return Number(element.attribute('id')?.slice(1))
}

function rosterSets(node: VictimNode): Row {
  return {
    id: 'flood',
    sent: `${ROSTER_SETS} roster sets at once, each pushed to both clients of the account, then their removal`,
    must: "others' pings are answered; each is answered",
    run: async () => {
      const [alice, phone] = [await node.login('alice'), await node.login('alice')]
      await phone.request('get', "<query xmlns='jabber:iq:roster'/>")
      const times = await whileOthersPing(node, async () => {
        for (const subscription of ['', "subscription='remove'"]) {
          await pour(alice, ROSTER_SETS, (index) => {
            const jid = `friend-${index}@id.internal`
            return `<iq type='set' id='r${index}${subscription.length}'><query xmlns='jabber:iq:roster'><item jid='${jid}' ${subscription}/></query></iq>`
          })
          await alice.next(
            'the last',
            (e) => e.attribute('id') === `r${ROSTER_SETS - 1}${subscription.length}`,
            PATIENCE_MS,
          )
        }
        await phone.ping()
      })
      const answers = alice.heard.filter((e) => e.name === 'iq' && e.attribute('id')?.startsWith('r'))
      assert.equal(answers.length, 2 * ROSTER_SETS)
      const pushes = phone.heard.filter((e) => e.attribute('type') === 'set').length
      await Promise.all([alice.end(), phone.end()])
      return `${tally(answers.map((e) => e.attribute('type') ?? ''))}; ${pushes} pushes to the other client; ${pings(times)}`
    },
  }
}

function unreadAnswers(node: VictimNode): Row {
  return {
    id: 'flood',
    sent: `${IQS} iqs (roster, discovery, private storage) by a client that reads no answer; then it reads`,
    must: `memory bounded (+${GROWTH_MAX_BYTES / 1_048_576} MiB), others' pings answered; every answer comes, in order`,
    run: async () => {
      const alice = await node.login('alice')
      const before = node.residentBytes()
      const kinds = [
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='jabber:iq:roster'/>",
        "<query xmlns='jabber:iq:private'><x xmlns='u'/></query>",
      ]
      alice.socket.pause()
      let most = 0
      const times = await whileOthersPing(node, async () => {
        const asked = pour(alice, IQS, (index) => `<iq type='get' id='i${index}'>${kinds[index % 3]}</iq>`)
        await Promise.race([asked, pause(3_000)])
        most = node.residentBytes() - before
        alice.socket.resume()
        await asked
        await alice.next('the last answer', (e) => e.name === 'iq' && e.attribute('id') === `i${IQS - 1}`, PATIENCE_MS)
      })
      const answers = alice.heard.filter((e) => e.name === 'iq' && e.attribute('id')?.startsWith('i'))
      assert.equal(new Set(answers.map((e) => e.attribute('id'))).size, IQS)
      assert.ok(most <= GROWTH_MAX_BYTES, `${most} bytes more`)
      await alice.end()
      return `${answers.length} answers, ${(most / 1_048_576).toFixed(0)} MiB more while unread; ${pings(times)}`
    },
  }
}

/** A client that never reads, and a contact on another node who goes on writing. */
export function neverReadsRow(node: VictimNode, sender: VictimNode): Row {
  return {
    id: 'unread',
    sent: `${MESSAGES} messages from a contact on another node to a client that reads nothing, breaks off, and resumes`,
    must: `memory bounded (+${GROWTH_MAX_BYTES / 1_048_576} MiB); after resumption every message once and in order`,
    run: async () => {
      const alice = await node.login('alice', { presence: '<presence/>' })
      const bob = await sender.login('bob', { presence: '<presence/>' })
      await befriend(alice, bob)
      const id = await alice.manage()
      await alice.ping()
      const known = alice.stanzas
      const before = node.residentBytes()
      alice.socket.pause()
      await bob.manage()
      await writeAll(bob, alice.jid.split('/')[0] ?? '')
      const most = node.residentBytes() - before
      const read = alice.heard.length
      alice.destroy()
      const again = await HostileClient.connect(node.doors.xmpp)
      await again.authenticate('alice', 'secret-of-alice')
      again.stanzas = known
      again.acknowledges = true
      again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='${known}'/>`)
      await again.next('resumed', ({ name }) => name === 'resumed')
      const isLast = (e: { attribute(name: string): string | undefined }): boolean =>
        e.attribute('id') === `n${MESSAGES - 1}`
      await again.next('the last message', isLast, PATIENCE_MS).catch((error: Error) => {
        throw new Error(
          `${error.message}: ${again.stanzas - known} stanzas came, ${again.streamError ?? 'no stream error'}`,
        )
      })
      await again.ping()
      const got = again.heard.filter((e) => e.name === 'message').map((e) => indexOf(e))
      const figures = `${got.length} came, ${new Set(got).size} of ${MESSAGES} different; ${(most / 1_048_576).toFixed(0)} MiB more while unread (${read} elements read before)`
      assert.equal(new Set(got).size, MESSAGES, figures)
      assert.equal(got.length, MESSAGES, figures)
      const misplaced = got.filter((index, at) => index !== at).length
      assert.equal(misplaced, 0, `${figures}; ${misplaced} out of order`)
      assert.ok(most <= GROWTH_MAX_BYTES, figures)
      await Promise.all([again.end(), bob.end()])
      return figures
    },
  }
}

async function befriend(alice: HostileClient, bob: HostileClient): Promise<void> {
  const bare = ({ jid }: HostileClient): string => jid.split('/')[0] ?? ''
  for (const client of [alice, bob]) {
    await client.request('get', "<query xmlns='jabber:iq:roster'/>")
  }
  for (const [asker, asked] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    asker.send(`<presence type='subscribe' to='${bare(asked)}'/>`)
    await asked.next('a request', (e) => e.attribute('type') === 'subscribe')
    asked.send(`<presence type='subscribed' to='${bare(asker)}'/>`)
    await asker.next('an approval', (e) => e.attribute('type') === 'subscribed')
  }
}

/** In bursts: what does not fit into the sender's outbox is refused, and sent again later. */
async function writeAll(bob: HostileClient, to: string): Promise<void> {
  for (let next = 0; next < MESSAGES; next += BURST) {
    await pour(
      bob,
      BURST,
      (at) => `<message to='${to}' id='n${next + at}' type='chat'><body>message ${next + at}</body></message>`,
    )
    await bob.request('get', "<ping xmlns='urn:xmpp:ping'/>")
    const refused = bob.heard.filter((e) => e.name === 'message' && e.attribute('type') === 'error')
    assert.equal(refused.length, 0, `refused: ${refused[0]?.child('error')?.elements()[0]?.name}`)
  }
}
