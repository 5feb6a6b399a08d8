import assert from 'node:assert/strict'
import type { SeededRandom } from '../../../sim/system/seeded-random.ts'
import type { Element } from '../../../src/xml/element.ts'
import { type HostileClient, SM } from './hostile-client.ts'
import type { Row } from './row.ts'
import type { VictimNode } from './world.ts'

const ROUNDS = 20
const KILL_AFTER_MAX_MS = 500
const PER_ROUND_MAX = 400
const ARCHIVE = 'urn:xmpp:mam:2'
const ASK_EVERY = 8

/** A conversation whose node is killed again and again: what was acknowledged must be there afterwards. */
export function killRow(node: VictimNode, random: SeededRandom): Row {
  const acknowledged = new Set<string>()
  const seen = new Set<string>()
  let twiceShown = 0
  let written = 0
  return {
    id: 'kill',
    isStarting: true,
    sent: `kill -9 of the node in the middle of a conversation of two of its clients, ${ROUNDS} rounds`,
    must: 'every message acknowledged with XEP-0198 was seen by the other client, and stands once in both archives',
    run: async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const alice = await node.login('alice', { presence: '<presence/>' })
        const carol = await node.login('carol', { presence: '<presence/>' })
        await Promise.all([alice.manage(), carol.manage()])
        const talks = [talk(alice, carol, `a${round}`), talk(carol, alice, `c${round}`)]
        await new Promise((resolve) => setTimeout(resolve, random.uniform(KILL_AFTER_MAX_MS)))
        await node.end('SIGKILL')
        for (const talking of talks) {
          const { ids, count } = await talking
          written += count
          for (const id of ids) {
            acknowledged.add(id)
          }
        }
        twiceShown += note(seen, [alice, carol])
        await node.restart()
      }
      const alice = await node.login('alice', { presence: '<presence/>' })
      const carol = await node.login('carol', { presence: '<presence/>' })
      const inCarols = await archived(carol)
      const inAlices = await archived(alice)
      await Promise.all([alice.ping(), carol.ping()])
      twiceShown += note(seen, [alice, carol])
      const lost = [...acknowledged].filter((id) => inAlices.get(id) !== 1 || inCarols.get(id) !== 1)
      const twice = [...inAlices, ...inCarols].filter(([, count]) => count > 1)
      const unseen = [...acknowledged].filter((id) => !seen.has(id))
      const figures = `${written} written, ${acknowledged.size} acknowledged, ${inAlices.size} and ${inCarols.size} in the archives, ${twice.length} twice there; ${seen.size} seen by clients, ${twiceShown} of them again after a restart`
      assert.equal(lost.length, 0, `${lost.length} not once in both archives (${lost.slice(0, 5)}); ${figures}`)
      assert.equal(twice.length, 0, figures)
      assert.equal(unseen.length, 0, `${unseen.length} acknowledged never shown (${unseen.slice(0, 5)}); ${figures}`)
      return figures
    },
  }
}

/** Writes until the connection breaks; which messages were acknowledged. */
async function talk(from: HostileClient, to: HostileClient, name: string): Promise<{ ids: string[]; count: number }> {
  const bare = to.jid.split('/')[0]
  let count = 0
  for (; count < PER_ROUND_MAX && !from.isClosed; count++) {
    from.send(`<message to='${bare}' type='chat' id='${name}-${count}'><body>${name}</body></message>`)
    if (count % ASK_EVERY === 0) {
      from.send(`<r ${SM}/>`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  from.send(`<r ${SM}/>`)
  await from.closed
  // Of the stanzas of this client only the messages came after stream management was switched on.
  const handled = from.heard.filter((e) => e.name === 'a').map((e) => Number(e.attribute('h')))
  return { ids: Array.from({ length: Math.max(0, ...handled) }, (_, at) => `${name}-${at}`), count }
}

function note(seen: Set<string>, clients: readonly HostileClient[]): number {
  let again = 0
  for (const client of clients) {
    for (const message of client.heard.filter((e) => e.name === 'message' && e.child('body') !== undefined)) {
      const id = message.attribute('id') ?? ''
      again += seen.has(id) ? 1 : 0
      seen.add(id)
    }
  }
  return again
}

/** How often each message stands in the archive of a client's account. */
async function archived(client: HostileClient): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let after = '', isComplete = false; !isComplete; ) {
    const seen = client.heard.length
    const position = after === '' ? '' : `<after>${after}</after>`
    const answer = await client.request(
      'set',
      `<query xmlns='${ARCHIVE}'><set xmlns='http://jabber.org/protocol/rsm'><max>250</max>${position}</set></query>`,
    )
    for (const id of client.heard.slice(seen).flatMap(archivedId)) {
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    const fin = answer.child('fin', ARCHIVE)
    isComplete = fin?.attribute('complete') === 'true'
    after = fin?.child('set', 'http://jabber.org/protocol/rsm')?.child('last')?.text() ?? after
  }
  return counts
}

function archivedId(element: Element): string[] {
  const message = element
    .child('result', ARCHIVE)
    ?.child('forwarded', 'urn:xmpp:forward:0')
    ?.child('message', 'jabber:client')
  return message?.child('body') === undefined ? [] : [message.attribute('id') ?? '']
}
