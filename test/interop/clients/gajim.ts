import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Driver } from '../chat-client.ts'
import { Desktop } from '../tools/desktop.ts'
import type { Program } from '../tools/program.ts'
import { countRows } from '../tools/sqlite.ts'
import { until } from '../tools/until.ts'

const SETTINGS = fileURLToPath(new URL('gajim-account.py', import.meta.url))
const NAME = 'org.gajim.Gajim'
const APPLICATION = '/org/gajim/Gajim'
const WINDOW = '/org/gajim/Gajim/window/1'

/** Gajim on a desktop of its own. */
export const gajim: Driver = {
  name: 'gajim',
  packages: ['gajim', 'xvfb', 'openbox', 'xdotool', 'imagemagick', 'dbus', 'libglib2.0-bin', 'openssl'],
  heavy: true,
  cannot: {},
  async open({ login, peerJid, folder, hooks }) {
    const desktop = await Desktop.open({ hooks, folder, login })
    const settings = join(desktop.configFolder, 'gajim')
    desktop.write(join(settings, 'cert_store', 'node'), readFileSync(login.certificateFile, 'utf8'))
    desktop.write(join(settings, 'new'), '')
    const script = readFileSync(SETTINGS, 'utf8')
    const { jid, password, host, port } = login
    await desktop.run('/usr/bin/python3', ['-c', script, settings, jid, password, host, String(port)])
    let program: Program | undefined
    const log = (): string => program?.output ?? ''
    const remote = async (method: string, ...args: string[]): Promise<string> =>
      await desktop.run('gdbus', [
        ...['call', '--session', '--dest', NAME, '--object-path', '/org/gajim/dbus/RemoteObject'],
        ...['--method', `org.gajim.dbus.RemoteInterface.${method}`, ...args],
      ])
    const enter = async (text: string): Promise<void> => {
      await desktop.type(text)
      await desktop.press('Return')
    }
    return {
      async start() {
        program = desktop.start('gajim', ['-c', settings, '-l', 'nbxmpp=INFO,gajim=INFO', '-v'])
        await until('Gajim has its roster', () => log().includes('jabber:iq:roster'), 40_000)
        await until('Gajim is online', async () =>
          (await remote('get_status', 'me').catch(() => '')).includes('online'),
        )
        await desktop.run('gajim', ['-c', settings, `xmpp:${peerJid}?message`])
      },
      async stop() {
        await desktop.activate(NAME, APPLICATION, 'quit')
        await until('Gajim has ended', () => program?.hasEnded === true)
      },
      async send(_to, body) {
        await enter(body)
      },
      count: async (body) => countRows(join(settings, 'logs.db'), 'SELECT count(*) FROM logs WHERE message = ?', body),
      async addContact(contact) {
        await desktop.run('gajim', ['-c', settings, `xmpp:${contact}?roster`])
        // The address, then what to call and what to ask: the answers that the window proposes.
        const windows = async (): Promise<string> => await desktop.run('xdotool', ['search', '--name', 'Add Contact'])
        await until('Gajim asks whom to add', async () => (await windows().catch(() => '')) !== '')
        await until('Gajim has added the contact', async () => {
          await desktop.press('Return')
          return log().includes('type="subscribe"') || log().includes("type='subscribe'")
        })
      },
      async approve(contact) {
        await until('Gajim has the request', () => log().includes('type="subscribe"'))
        await desktop.activate(NAME, WINDOW, 'subscription-accept-me', `[<['${contact}', '']>]`)
      },
      async seesOnline(contact) {
        const list = await remote('list_contacts', 'me')
        return list.split('}').some((one) => one.includes(contact) && one.includes("'online'"))
      },
      async correct(_to, body) {
        await desktop.activate(NAME, WINDOW, 'correct-message')
        await desktop.press('ctrl+a')
        await enter(body)
      },
      async evidence(to) {
        writeFileSync(join(to, 'gajim.log'), log())
        await desktop.screenshot(join(to, 'screen.png'))
      },
    }
  },
}
