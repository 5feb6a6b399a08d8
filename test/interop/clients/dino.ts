import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Driver } from '../chat-client.ts'
import { Desktop } from '../tools/desktop.ts'
import type { Program } from '../tools/program.ts'
import { countRows } from '../tools/sqlite.ts'
import { until } from '../tools/until.ts'

const NAME = 'im.dino.Dino'
const APPLICATION = '/im/dino/Dino'

/**
 * Dino on a desktop of its own. It asks nobody for host and port and trusts the system's certificates only: the desktop
 * has the domain in its hosts file and the certificate among the system's.
 */
export const dino: Driver = {
  name: 'dino',
  packages: ['dino-im', 'xvfb', 'openbox', 'xdotool', 'imagemagick', 'dbus', 'libglib2.0-bin', 'openssl'],
  heavy: true,
  cannot: {},
  asksSecond: true,
  async open({ login, peerJid, folder, hooks }) {
    const desktop = await Desktop.open({ hooks, folder, login })
    const file = join(desktop.dataFolder, 'dino', 'dino.db')
    let program: Program | undefined
    const log = (): string => program?.output ?? ''
    const quit = async (): Promise<void> => {
      await desktop.activate(NAME, APPLICATION, 'quit')
      await until('Dino has ended', () => program?.hasEnded === true)
    }
    const enter = async (text: string): Promise<void> => {
      await desktop.type(text)
      await desktop.press('Return')
    }
    /** Its first start makes the database; then the account is put there. */
    const makeAccount = async (): Promise<void> => {
      program = desktop.start('dino-im', [])
      await until('Dino has made its database', () => countRows(file, 'SELECT 1 + count(*) FROM account') > 0)
      await until(
        'Dino is there',
        async () =>
          await desktop.activate(NAME, APPLICATION, 'quit').then(
            () => true,
            () => false,
          ),
      )
      await until('Dino has ended', () => program?.hasEnded === true)
      const database = new DatabaseSync(file)
      const insert = 'INSERT INTO account(bare_jid, resourcepart, password, alias, enabled) VALUES(?, ?, ?, ?, 1)'
      database.prepare(insert).run(login.jid, 'dino', login.password, '')
      database.close()
    }
    let isNew = true
    return {
      async start() {
        if (isNew) {
          await makeAccount()
          isNew = false
        }
        program = desktop.start('dino-im', ['--print-xmpp=all'], { G_MESSAGES_DEBUG: 'all' })
        await until('Dino has its roster', () => log().includes('jabber:iq:roster'), 40_000)
        await desktop.run('dino-im', [`xmpp:${peerJid}?message`])
      },
      stop: quit,
      send: async (_to, body) => await enter(body),
      count: async (body) => countRows(file, 'SELECT count(*) FROM message WHERE body = ?', body),
      addContact: async () => {},
      async approve() {
        const query = 'SELECT max(c.id) FROM conversation c JOIN jid j ON j.id = c.jid_id WHERE j.bare_jid = ?'
        const conversation = await until('Dino has a conversation', () => countRows(file, query, peerJid))
        await until('Dino has the request', () => log().includes("'subscribe'") || log().includes('"subscribe"'))
        await desktop.activate(NAME, APPLICATION, 'accept-subscription', `[<${conversation}>]`)
      },
      seesOnline: async (contact) => log().includes(`${contact}/peer`),
      async correct(_to, body) {
        await desktop.press('Up')
        await desktop.press('ctrl+a')
        await enter(body)
      },
      async evidence(to) {
        writeFileSync(join(to, 'dino.log'), log())
        await desktop.screenshot(join(to, 'screen.png'))
      },
    }
  },
}
