import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Driver } from '../chat-client.ts'
import { openBrowser } from '../tools/browser.ts'
import { serveConverse } from '../tools/converse-page.ts'

const WAIT_MS = 20_000

/** Converse.js in Chromium: the node's own web chat, where it has one. */
export const converse: Driver = {
  name: 'converse.js',
  packages: ['chromium'],
  heavy: true,
  cannot: {},
  async open({ login, peerJid, hooks }) {
    const browser = await openBrowser(hooks)
    const lines: string[] = []
    let page: Page | undefined
    const there = (): Page => {
      if (page === undefined) {
        throw new Error('no page is open')
      }
      return page
    }
    const type = async (text: string): Promise<void> => {
      await there().fill('textarea.chat-textarea', text)
      await there().press('textarea.chat-textarea', 'Enter')
    }
    return {
      async start() {
        const url = (await login.webChatUrl?.()) ?? (await serveConverse(hooks, login))
        const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } })
        page = await context.newPage()
        page.on('console', (message) => lines.push(`console ${message.text()}`))
        page.on('websocket', (socket) => {
          socket.on('framesent', ({ payload }) => lines.push(`> ${payload}`))
          socket.on('framereceived', ({ payload }) => lines.push(`< ${payload}`))
        })
        await page.goto(url)
        await page.waitForSelector('converse-roster', { timeout: WAIT_MS })
        await page.evaluate(`location.hash = '#converse/chat?jid=${peerJid}'`)
        await page.waitForSelector('textarea.chat-textarea', { timeout: WAIT_MS })
      },
      async stop() {
        await there().click('converse-user-profile a.show-profile, converse-user-profile a.user-settings')
        await there().click('converse-profile-modal button.btn-danger')
        await there().click('converse-confirm-modal button[type="submit"]')
        await there().waitForSelector('converse-roster', { state: 'detached', timeout: WAIT_MS })
        await there().context().close()
        page = undefined
      },
      send: async (_to, body) => await type(body),
      count: async (body) =>
        await there()
          .locator('.chat-msg__text')
          .filter({ hasText: new RegExp(`^\\s*${body}\\s*$`, 'u') })
          .count(),
      async addContact() {
        await there().click('.alert button.btn-success')
        await there().click('converse-add-contact-modal form button[type="submit"]')
      },
      // It grants by itself what somebody asks whom it has asked before.
      approve: async () => {},
      seesOnline: async (jid) => (await there().locator(`[data-jid="${jid}"] .contact-name--online`).count()) > 0,
      async correct(_to, body) {
        await there().press('textarea.chat-textarea', 'ArrowUp')
        await type(body)
      },
      async evidence(folder) {
        writeFileSync(join(folder, 'stanzas.txt'), lines.join('\n'))
        await page?.screenshot({ path: join(folder, 'screen.png') })
        writeFileSync(join(folder, 'page.html'), (await page?.content()) ?? '')
      },
    }
  },
}
