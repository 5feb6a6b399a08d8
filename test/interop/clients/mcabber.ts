import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver } from '../chat-client.ts'
import { occurrences, Terminal } from '../tools/terminal.ts'
import { until } from '../tools/until.ts'

/** mcabber in a terminal; commands through its FIFO, what it shows from its history. */
export const mcabber: Driver = {
  name: 'mcabber',
  packages: ['mcabber', 'tmux'],
  heavy: false,
  cannot: { correction: 'mcabber has no XEP-0308', archive: 'mcabber has no XEP-0313' },
  async open({ login, peerJid, folder, hooks }) {
    const logs = join(folder, 'log')
    const fifo = join(folder, 'fifo')
    const settings = join(folder, 'mcabberrc')
    const trace = join(folder, 'trace')
    mkdirSync(logs, { mode: 0o700 })
    const options = {
      ...{ jid: login.jid, password: login.password, server: login.host, port: login.port, resource: 'mcabber' },
      ...{ tls: 1, ssl_ignore_checks: 1, logging: 1, logging_dir: `${logs}/`, carbons: 1, fifo_name: fifo },
      ...{ tracelog_level: 2, tracelog_file: trace },
    }
    const lines = Object.entries(options).map(([name, value]) => `set ${name} = ${value}\n`)
    const modules = ['fifo', 'carbons'].map((name) => `module load ${name}\n`)
    writeFileSync(settings, [...lines, ...modules].join(''), { mode: 0o600 })
    let terminal: Terminal | undefined
    const history = (): string => {
      const file = join(logs, peerJid)
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    }
    const screen = async (): Promise<string> => (await terminal?.screen()) ?? ''
    const command = (line: string): void => writeFileSync(fifo, `${line}\n`)
    return {
      async start() {
        terminal = await Terminal.open(hooks, `mcabber -f ${settings}`, { env: { HOME: folder } })
        await until(
          'mcabber is logged in',
          async () => /Your status has been|online/iu.test(await screen()) && existsSync(fifo),
        )
      },
      async stop() {
        command('quit')
        await until('mcabber has ended', async () => (await screen()) === '')
        await terminal?.close()
      },
      send: async (to, body) => command(`say_to -q ${to} ${body}`),
      count: async (body) => occurrences(history(), body),
      addContact: async (jid) => command(`add ${jid}`),
      async approve(jid) {
        await until('mcabber has the request', async () => (await screen()).includes('wants to subscribe'))
        command(`authorization allow ${jid}`)
      },
      // A line of its history for each change of status: O is online.
      seesOnline: async () => /^SO /mu.test(history()),
      correct: async () => {},
      async evidence(to) {
        writeFileSync(join(to, 'screen.txt'), await screen())
        writeFileSync(join(to, 'history.txt'), history())
        writeFileSync(join(to, 'trace.txt'), readFileSync(trace))
      },
    }
  },
}
