import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Driver, unable } from '../chat-client.ts'
import { Desktop } from '../tools/desktop.ts'
import type { Program } from '../tools/program.ts'
import { countRows } from '../tools/sqlite.ts'
import { until } from '../tools/until.ts'

/** Where its first contact and the line to write in are, in a window of its usual size in the middle of the screen. */
const CONTACT = [342, 139] as const
const INPUT = [800, 725] as const

/** Kaidan on a desktop of its own, which has the node's certificate among the system's. */
export const kaidan: Driver = {
  name: 'kaidan',
  packages: ['kaidan', 'xvfb', 'openbox', 'xdotool', 'imagemagick', 'dbus', 'libglib2.0-bin', 'openssl'],
  heavy: true,
  cannot: {
    roster: 'its dialogs for contacts are not driven here',
    presence: 'it has no such mark in the chat',
    correction: 'its menu of a message is not driven here',
  },
  async open({ login, folder, hooks }) {
    const desktop = await Desktop.open({ hooks, folder, login })
    const file = join(desktop.dataFolder, 'kaidan', 'messages.sqlite3')
    const password = Buffer.from(login.password).toString('base64')
    const settings = `[auth]\njid=${login.jid}\npassword=${password}\nhost=${login.host}\nport=${login.port}\nonline=true\n`
    desktop.write(join(desktop.configFolder, 'kaidan', 'kaidan.conf'), settings)
    const click = async (x: number, y: number): Promise<void> => {
      await desktop.run('xdotool', ['mousemove', String(x), String(y), 'click', '1'])
    }
    let program: Program | undefined
    const log = (): string => program?.output ?? ''
    return {
      async start() {
        program = desktop.start('kaidan', [], { QT_LOGGING_RULES: '*.debug=true' })
        await until('Kaidan has its roster', () => log().includes('jabber:iq:roster'), 40_000)
      },
      async stop() {
        await desktop.press('alt+F4')
        await until('Kaidan has ended', () => program?.hasEnded === true)
      },
      async send(_to, body) {
        await click(...CONTACT)
        await click(...INPUT)
        await desktop.type(body)
        await desktop.press('Return')
      },
      count: async (body) => countRows(file, 'SELECT count(*) FROM messages WHERE message = ?', body),
      addContact: unable,
      approve: unable,
      seesOnline: unable,
      correct: unable,
      async evidence(to) {
        writeFileSync(join(to, 'kaidan.log'), log())
        await desktop.screenshot(join(to, 'screen.png'))
      },
    }
  },
}
