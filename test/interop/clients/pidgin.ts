import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver } from '../chat-client.ts'
import { Desktop } from '../tools/desktop.ts'
import type { Program } from '../tools/program.ts'
import { occurrences } from '../tools/terminal.ts'
import { until } from '../tools/until.ts'

const SERVICE = 'im.pidgin.purple.PurpleService'
const OBJECT = '/im/pidgin/purple/PurpleObject'
/** PURPLE_CONV_TYPE_IM. */
const IM = '1'

/** Pidgin, thus libpurple, on a desktop of its own; told what to do on the session bus. */
export const pidgin: Driver = {
  name: 'pidgin',
  packages: ['pidgin', 'xvfb', 'openbox', 'xdotool', 'imagemagick', 'dbus', 'libglib2.0-bin', 'openssl'],
  heavy: true,
  cannot: {
    copies: 'libpurple 2 has no carbons',
    correction: 'libpurple 2 has no XEP-0308',
    archive: 'libpurple 2 has no XEP-0313',
  },
  async open({ login, peerJid, folder, hooks }) {
    const desktop = await Desktop.open({ hooks, folder, login })
    const settings = join(desktop.folder, 'purple')
    const { jid, password, host, port } = login
    desktop.write(join(settings, 'accounts.xml'), account(jid, password, host, port))
    desktop.write(join(settings, 'prefs.xml'), PREFERENCES)
    desktop.write(
      join(settings, 'certificates', 'x509', 'tls_peers', host),
      readFileSync(login.certificateFile, 'utf8'),
    )
    desktop.write(
      join(settings, 'certificates', 'x509', 'tls_peers', jid.split('@')[1] ?? ''),
      readFileSync(login.certificateFile, 'utf8'),
    )
    desktop.write(join(settings, 'certificates', 'new'), '')
    desktop.write(join(settings, 'certificates', 'x509', 'new'), '')
    let program: Program | undefined
    const call = async (method: string, ...args: string[]): Promise<string> => {
      const target = [
        '--session',
        '--dest',
        SERVICE,
        '--object-path',
        OBJECT,
        '--method',
        `im.pidgin.purple.PurpleInterface.${method}`,
      ]
      const answer = await desktop.run('gdbus', ['call', ...target, ...args])
      return /^\((?:int32 )?'?(.*?)'?,?\)$/su.exec(answer.trim())?.[1] ?? ''
    }
    const accountId = async (): Promise<string> => await call('PurpleAccountsFind', `${jid}/pidgin`, 'prpl-jabber')
    const buddy = async (contact: string): Promise<string> => await call('PurpleFindBuddy', await accountId(), contact)
    const history = async (): Promise<string> => {
      const log = await desktop.run('sh', [
        '-c',
        `cat "$0"/logs/jabber/*/"$1"/*.txt 2>/dev/null || true`,
        settings,
        peerJid,
      ])
      return log
    }
    return {
      async start() {
        program = desktop.start('pidgin', ['-d', '-c', settings])
        await until('Pidgin is on the bus', async () => (await call('PurpleAccountsGetAll').catch(() => '')) !== '')
        await until('Pidgin is online', async () => (await call('PurpleAccountIsConnected', await accountId())) === '1')
      },
      async stop() {
        await program?.end()
      },
      async send(to, body) {
        const conversation = await call('PurpleConversationNew', IM, await accountId(), to)
        await call('PurpleConvImSend', await call('PurpleConvIm', conversation), body)
      },
      count: async (body) => occurrences(await history(), `: ${body}\n`),
      async addContact(contact) {
        const added = await call('PurpleBuddyNew', await accountId(), contact, contact)
        await call('PurpleBlistAddBuddy', added, '0', '0', '0')
        await call('PurpleAccountAddBuddy', await accountId(), added)
      },
      async approve() {
        const log = (): string => program?.output ?? ''
        await until('Pidgin has the request', () =>
          /type=['"]subscribe['"][^>]* from=|from=[^>]*type=['"]subscribe['"]/u.test(log()),
        )
        // The button at the foot of the list.
        await until('Pidgin has granted it', async () => {
          await desktop.run('xdotool', ['mousemove', '212', '366', 'click', '1'])
          return /Sending[^\n]*type=['"]subscribed['"]/u.test(log())
        })
      },
      seesOnline: async (contact) => (await call('PurpleBuddyIsOnline', await buddy(contact))) === '1',
      correct: async () => {},
      async evidence(to) {
        writeFileSync(join(to, 'pidgin.log'), program?.output ?? '')
        writeFileSync(join(to, 'history.txt'), await history())
        await desktop.screenshot(join(to, 'screen.png'))
      },
    }
  },
}

function account(jid: string, password: string, host: string, port: number): string {
  const setting = (type: string, name: string, value: string): string =>
    `<setting name='${name}' type='${type}'>${value}</setting>`
  return `<?xml version='1.0' encoding='UTF-8' ?>
<account version='1.0'><account><protocol>prpl-jabber</protocol><name>${jid}/pidgin</name><password>${password}</password>
<statuses><status type='available' name='Available' active='true'><attributes/></status></statuses>
<settings>${setting('string', 'connect_server', host)}${setting('int', 'port', String(port))}
${setting('string', 'connection_security', 'require_tls')}</settings>
<settings ui='gtk-gaim'>${setting('bool', 'auto-login', '1')}</settings></account></account>
`
}

/** Plain text logs; a new status on start; no window about itself. */
const PREFERENCES = `<?xml version='1.0' encoding='UTF-8' ?>
<pref version='1' name='/'><pref name='purple'>
<pref name='logging'><pref name='format' type='string' value='txt'/><pref name='log_ims' type='bool' value='1'/></pref>
<pref name='savedstatus'><pref name='startup_current_status' type='bool' value='1'/></pref></pref></pref>
`
