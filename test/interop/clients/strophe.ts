import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Driver } from '../chat-client.ts'
import { openBrowser } from '../tools/browser.ts'

const LIBRARY = fileURLToPath(new URL('../../../node_modules/strophe.js/dist/strophe.umd.min.js', import.meta.url))
const PAGE = fileURLToPath(new URL('strophe-page.js', import.meta.url))

/** strophe.js over WebSocket, in a page that has the node's own origin. */
export const strophe: Driver = {
  name: 'strophe.js',
  packages: ['chromium'],
  heavy: true,
  cannot: {},
  async open({ login, peerJid, hooks }) {
    const browser = await openBrowser(hooks)
    // A page of the node, whatever it holds: the browser lets no other page reach this machine.
    const page = await browser.newPage({ bypassCSP: true })
    await page.goto(`http://${new URL(login.webSocketUrl).host}/`)
    await page.addScriptTag({ path: LIBRARY })
    await page.addScriptTag({ path: PAGE, type: 'module' })
    const call = async (name: string, ...args: unknown[]): Promise<unknown> =>
      await page.evaluate(`client.${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`)
    const { jid, password, webSocketUrl } = login
    return {
      async start() {
        await call('start', { url: webSocketUrl, jid, password, peerJid })
      },
      async stop() {
        await call('stop')
      },
      async send(to, body) {
        await call('send', to, body)
      },
      count: async (body) => (await call('count', body)) as number,
      async addContact(contact) {
        await call('addContact', contact)
      },
      async approve(contact) {
        await call('approve', contact)
      },
      seesOnline: async (contact) => (await call('seesOnline', contact)) as boolean,
      async correct(to, body) {
        await call('correct', to, body)
      },
      evidence: async (folder) => writeFileSync(join(folder, 'stanzas.txt'), (await call('lines')) as string),
    }
  },
}
