import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver } from '../chat-client.ts'
import { SlixmppProcess } from '../slixmpp-process.ts'

/** slixmpp, the library of poezio and of many bots. */
export const slixmpp: Driver = {
  name: 'slixmpp',
  packages: ['python3-slixmpp'],
  heavy: false,
  cannot: {},
  async open({ login, peerJid, hooks }) {
    const client = new SlixmppProcess(hooks, login, 'slixmpp')
    let lastId = ''
    let archived: readonly string[] = []
    const messages = (): readonly { body: string; id: string }[] =>
      client.events.all
        .filter(({ event, type }) => event === 'message' && type !== 'error')
        .map(({ body, stanzaId: id }) => ({ body, id }))
    return {
      async start() {
        await client.connect()
        const known = new Set(messages().map(({ id }) => id))
        const missed = (await client.archive(peerJid)).filter(({ stanzaId }) => !known.has(stanzaId))
        archived = missed.map(({ body }) => body)
      },
      stop: async () => await client.disconnect(),
      async send(to, body) {
        lastId = await client.send(to, body)
      },
      count: async (body) => {
        const live = messages().filter((message) => message.body === body).length
        return live > 0 ? live : archived.filter((text) => text === body).length
      },
      addContact: async (jid) => await client.addContact(jid),
      async approve(jid) {
        await client.presence(jid, 'subscribe')
        await client.approve(jid)
      },
      seesOnline: async (jid) =>
        client.events.all.some(
          ({ event, type, from }) => event === 'presence' && type === 'available' && from.startsWith(`${jid}/`),
        ),
      async correct(to, body) {
        await client.send(to, body, lastId)
      },
      evidence: async (folder) => writeFileSync(join(folder, 'slixmpp.log'), client.log),
    }
  },
}
