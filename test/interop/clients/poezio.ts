import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver } from '../chat-client.ts'
import { asDesktopUser, giveFile, giveFolders } from '../tools/desktop-user.ts'
import { occurrences, Terminal } from '../tools/terminal.ts'
import { until } from '../tools/until.ts'

/** Of a line that is typed, seen of it for sure. */
const SHOWN_LENGTH = 12

/** poezio in a terminal, as a user that is not root. */
export const poezio: Driver = {
  name: 'poezio',
  packages: ['poezio', 'tmux'],
  heavy: false,
  cannot: {},
  async open({ login, peerJid, folder, hooks }) {
    const env = {
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, 'c'),
      XDG_DATA_HOME: join(folder, 'd'),
      XDG_CACHE_HOME: join(folder, 'k'),
    }
    giveFolders(folder, env.XDG_CONFIG_HOME, env.XDG_DATA_HOME, env.XDG_CACHE_HOME)
    const settings = join(folder, 'poezio.cfg')
    const certificate = join(folder, 'node.pem')
    const log = join(folder, 'poezio.log')
    giveFile(certificate, readFileSync(login.certificateFile, 'utf8'))
    const options = {
      ...{ jid: `${login.jid}/poezio`, password: login.password, custom_host: login.host, custom_port: login.port },
      ...{
        ca_cert_path: certificate,
        enable_carbons: true,
        use_log: false,
        mam_sync: true,
        show_useless_separator: false,
      },
    }
    const lines = Object.entries(options).map(([name, value]) => `${name} = ${value}\n`)
    giveFile(settings, `[Poezio]\n${lines.join('')}`)
    let terminal: Terminal | undefined
    const screen = async (): Promise<string> => (await terminal?.screen()) ?? ''
    /** Enter must not come together with the text: that would be a paste of two lines. */
    const enter = async (line: string): Promise<void> => {
      await terminal?.type(line)
      const input = async (): Promise<string> => (await screen()).trimEnd().split('\n').at(-1) ?? ''
      await until('poezio has taken what was typed', async () => (await input()).endsWith(line.slice(-SHOWN_LENGTH)))
      await terminal?.press('Enter')
    }
    return {
      async start() {
        const command = ['setpriv', ...asDesktopUser(), 'poezio', '-f', settings, '-d', log].join(' ')
        terminal = await Terminal.open(hooks, command, { env })
        await until('poezio is logged in', async () => /[Aa]uthentication success|Your JID is/u.test(await screen()))
        // In the list of contacts a slash opens the line of commands; text that comes at once would be taken for a paste.
        await terminal.press('/')
        await until('poezio takes a command', async () => !(await screen()).includes('Enter commands with'))
        await enter(`message ${peerJid}`)
      },
      async stop() {
        await enter('/quit')
        await until('poezio has ended', async () => (await screen()) === '')
        await terminal?.close()
      },
      async send(_to, body) {
        await enter(body)
      },
      count: async (body) => occurrences(await screen(), body),
      async addContact(jid) {
        await enter(`/add ${jid}`)
      },
      // It grants by itself what somebody asks whom it has added.
      approve: async () => {},
      seesOnline: async (jid) =>
        existsSync(log) && new RegExp(`<presence[^>]* from="${jid}/peer"`, 'u').test(readFileSync(log, 'utf8')),
      async correct(_to, body) {
        await enter(`/correct ${body}`)
      },
      async evidence(to) {
        writeFileSync(join(to, 'screen.txt'), await screen())
        copyFileSync(log, join(to, 'poezio.log'))
      },
    }
  },
}
