import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver } from '../chat-client.ts'
import { occurrences, Terminal } from '../tools/terminal.ts'
import { until } from '../tools/until.ts'

/** Profanity in a terminal. */
export const profanity: Driver = {
  name: 'profanity',
  packages: ['profanity', 'tmux'],
  heavy: false,
  cannot: {},
  async open({ login, peerJid, folder, hooks }) {
    const env = { HOME: folder, XDG_CONFIG_HOME: join(folder, 'c'), XDG_DATA_HOME: join(folder, 'd') }
    const logFile = join(folder, 'profanity.log')
    mkdirSync(join(env.XDG_CONFIG_HOME, 'profanity'), { recursive: true })
    mkdirSync(join(env.XDG_DATA_HOME, 'profanity'), { recursive: true })
    const account = {
      ...{ enabled: true, jid: login.jid, password: login.password, server: login.host, port: login.port },
      ...{ 'tls.policy': 'trust', resource: 'profanity', 'presence.last': 'online', 'presence.login': 'online' },
    }
    const lines = Object.entries(account).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(join(env.XDG_DATA_HOME, 'profanity', 'accounts'), `[me]\n${lines.join('')}`, { mode: 0o600 })
    let terminal: Terminal | undefined
    const screen = async (): Promise<string> => (await terminal?.screen()) ?? ''
    return {
      async start() {
        const running = await Terminal.open(hooks, `profanity -l DEBUG -f ${logFile}`, { env })
        terminal = running
        await until('Profanity is there', async () => (await screen()).includes('/help'))
        for (const setting of ['/carbons on', '/correction on', '/connect me']) {
          await running.enter(setting)
        }
        await until('Profanity is logged in', async () => (await screen()).includes('logged in successfully'))
        await running.enter(`/msg ${peerJid}`)
      },
      async stop() {
        await terminal?.enter('/quit')
        await until('Profanity has ended', async () => (await screen()) === '')
        await terminal?.close()
      },
      async send(_to, body) {
        await terminal?.enter(body)
      },
      count: async (body) => occurrences(await screen(), body),
      async addContact(jid) {
        await terminal?.enter(`/roster add ${jid}`)
        await terminal?.enter(`/sub request ${jid}`)
      },
      async approve(jid) {
        await until('Profanity has the request', () => readFileSync(logFile, 'utf8').includes('type="subscribe"'))
        await terminal?.enter(`/sub allow ${jid}`)
      },
      async seesOnline(jid) {
        // The list of contacts, with those who are there.
        await terminal?.enter('/roster online')
        const shown = (await screen()).includes('online')
        return shown && readFileSync(logFile, 'utf8').includes(`from="${jid}/peer"`)
      },
      async correct(_to, body) {
        await terminal?.enter(`/correct ${body}`)
      },
      // Its reading of the archive is an experiment: it shows again what is there already, so only at the end.
      async readArchive() {
        await until('the features are known', () =>
          /Received disco#items response(?!.*connect me)/su.test(readFileSync(logFile, 'utf8')),
        )
        for (const command of ['/mam on', '/close', `/msg ${peerJid}`]) {
          await terminal?.enter(command)
        }
      },
      async evidence(to) {
        writeFileSync(join(to, 'screen.txt'), await screen())
        writeFileSync(join(to, 'profanity.log'), readFileSync(logFile))
      },
    }
  },
}
