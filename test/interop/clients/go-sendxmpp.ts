import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Driver, unable } from '../chat-client.ts'
import { Program } from '../tools/program.ts'
import { occurrences } from '../tools/terminal.ts'
import { until } from '../tools/until.ts'

/** go-sendxmpp: one process that listens, one more for every message sent. */
export const goSendxmpp: Driver = {
  name: 'go-sendxmpp',
  packages: ['go-sendxmpp'],
  heavy: false,
  bareOnly: true,
  cannot: {
    roster: 'it sends and listens, no more',
    copies: 'no carbons',
    correction: 'no XEP-0308',
    archive: 'no XEP-0313',
  },
  async open({ login, folder, hooks }) {
    const env = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }
    const account = ['-u', login.jid, '-p', login.password, '-j', `${login.host}:${login.port}`, '-n', '-d']
    let listener: Program | undefined
    let seen = ''
    return {
      async start() {
        const running = new Program(hooks, 'go-sendxmpp', [...account, '-l'], { env })
        listener = running
        await until('it listens', () => running.output.includes('<presence'))
      },
      async stop() {
        seen += listener?.output ?? ''
        await listener?.end('SIGINT')
      },
      async send(to, body) {
        const sender = new Program(hooks, 'go-sendxmpp', [...account, to], { env })
        sender.stdin.end(`${body}\n`)
        if ((await sender.ended) !== 0) {
          throw new Error(`go-sendxmpp could not send: ${sender.output}`)
        }
      },
      // Its debug output holds the stanza, its own output the line for the user.
      count: async (body) => occurrences(listener?.output ?? '', `: ${body}`),
      addContact: unable,
      approve: unable,
      seesOnline: async (jid) => new RegExp(`<presence[^>]* from=["']${jid}/peer`, 'u').test(listener?.output ?? ''),
      correct: unable,
      evidence: async (to) => writeFileSync(join(to, 'output.txt'), seen + (listener?.output ?? '')),
    }
  },
}
