import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Agent, createClient } from 'stanza'
import type { Driver } from '../chat-client.ts'

/** What is used of a message. */
interface Seen {
  readonly body?: string | undefined
  readonly id?: string | undefined
}

/** stanza (stanza.io) over WebSocket. */
export const stanza: Driver = {
  name: 'stanza',
  packages: [],
  heavy: false,
  cannot: {},
  async open({ login, peerJid, hooks }) {
    const lines: string[] = []
    const messages: Seen[] = []
    const here = new Set<string>()
    let archived: Seen[] = []
    let agent: Agent | undefined
    let lastId = ''
    const online = (): Agent => {
      if (agent === undefined) {
        throw new Error('offline')
      }
      return agent
    }
    hooks.after(() => agent?.disconnect())
    return {
      async start() {
        const transports = { websocket: login.webSocketUrl, bosh: false }
        const { jid, password } = login
        const client = createClient({ jid, password, resource: 'stanza', transports, autoReconnect: false })
        agent = client
        client.on('raw:*', (direction: string, xml: string) => lines.push(`${direction} ${xml}`))
        client.on('message', (message) => messages.push(message))
        for (const copy of ['carbon:sent', 'carbon:received'] as const) {
          client.on(copy, ({ carbon }) => messages.push(carbon.forward.message ?? {}))
        }
        client.on('available', ({ from }) => here.add(from.split('/')[0] ?? ''))
        const started = new Promise<void>((resolve, reject) => {
          client.once('session:started', () => resolve())
          client.once('auth:failed', () => reject(new Error('not authorized')))
          client.once('disconnected', (error) => reject(error ?? new Error('disconnected')))
        })
        client.connect()
        await started
        await client.getRoster()
        await client.enableCarbons()
        client.sendPresence()
        const { results = [] } = await client.searchHistory({ with: peerJid })
        archived = results.map(({ item }) => item.message ?? {})
      },
      async stop() {
        const gone = new Promise<void>((resolve) => agent?.once('disconnected', () => resolve()))
        agent?.disconnect()
        await gone
        agent = undefined
      },
      async send(to, body) {
        lastId = online().sendMessage({ to, type: 'chat', body })
      },
      async count(body) {
        const live = messages.filter((message) => message.body === body).length
        return live > 0 ? live : archived.filter((message) => message.body === body).length
      },
      async addContact(jid) {
        await online().updateRosterItem({ jid, subscription: 'none' })
        online().subscribe(jid)
      },
      approve: async (jid) => online().acceptSubscription(jid),
      seesOnline: async (jid) => here.has(jid),
      async correct(to, body) {
        online().sendMessage({ to, type: 'chat', body, replace: lastId })
      },
      evidence: async (folder) => writeFileSync(join(folder, 'stanzas.txt'), lines.join('\n')),
    }
  },
}
