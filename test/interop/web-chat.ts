// The web chat in Chromium: Alice in the browser, Bob with the commands, each with a node of their own. Fails when the page
// asks anybody but its node, breaks its Content-Security-Policy, or complains. `node test/interop/web-chat.ts [FOLDER]`
// leaves screenshots in FOLDER.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { type AfterHooks, kabberJson, RunningKabber, startNode, temporaryFolder } from '../support/kabber-process.ts'
import { runStandalone } from '../support/standalone.ts'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Whatever is waited for in the page; a busy machine is slow. */
const PATIENCE_MS = 30_000

/** Runs in the page. */
const REPORT_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) => {
  console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile + ':' + event.lineNumber)
})`

/** The whole run. */
const LIMIT_MS = 300_000

interface Home {
  readonly path: string
  readonly address: string
  readonly uri: string
}

async function makeHome(folder: string, name: string): Promise<Home> {
  const path = join(folder, name)
  const [self] = await kabberJson(path, 'init', '--name', name)
  return { path, address: String(self?.address), uri: String(self?.uri) }
}

/** What must not happen in the page. */
class Watch {
  readonly complaints: string[] = []
  /** Paths that were answered. */
  readonly loaded = new Set<string>()

  async follow(page: Page): Promise<void> {
    await page.addInitScript({ content: REPORT_VIOLATIONS })
    page.on('request', (request) => this.#check(request.url()))
    page.on('response', (response) => {
      this.loaded.add(new URL(response.url()).pathname)
      if (response.status() >= 400 && !response.url().endsWith('/login')) {
        this.complaints.push(`${response.status()} for ${response.url()}`)
      }
    })
    page.on('websocket', (socket) => this.#check(socket.url()))
    page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.stack ?? error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') {
        this.complaints.push(`console: ${message.text()} ${message.location().url}`)
      }
    })
  }

  #check(url: string): void {
    const { protocol, hostname } = new URL(url)
    const isData = protocol === 'data:' || protocol === 'blob:'
    if (!isData && hostname !== '127.0.0.1') {
      this.complaints.push(`left this machine: ${url}`)
    }
  }
}

async function openWebChat(browser: Browser, home: Home, watch: Watch): Promise<Page> {
  const [link] = await kabberJson(home.path, 'web')
  const page = await browser.newPage({ viewport: { width: 1_280, height: 800 } })
  page.setDefaultTimeout(PATIENCE_MS)
  await watch.follow(page)
  await page.goto(String(link?.url))
  await page.waitForFunction("!location.hash.includes('token')")
  await page.locator('#converse-roster').waitFor()
  return page
}

/** Clicks a contact of the roster and waits for the conversation. */
async function openConversation(page: Page, name: string): Promise<void> {
  await page.locator('#converse-roster .open-chat', { hasText: name }).first().click()
  await page.locator('.chat-textarea').waitFor()
}

async function see(page: Page, text: string): Promise<void> {
  await page.locator('.chat-msg__text', { hasText: text }).first().waitFor()
}

async function countOf(page: Page, text: string): Promise<number> {
  return await page.locator('.chat-msg__text', { hasText: text }).count()
}

async function launch(hooks: AfterHooks): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  hooks.after(() => browser.close())
  return browser
}

await runStandalone(LIMIT_MS, async (hooks) => {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is needed (Debian: apt install chromium), or CHROMIUM=/path/to/it`)
  const folder = temporaryFolder(hooks)
  const screenshots = process.argv[2] ?? join(folder, 'screenshots')
  mkdirSync(screenshots, { recursive: true })
  const [alice, bob] = [await makeHome(folder, 'Alice'), await makeHome(folder, 'Bob')]
  const doors = ['--web', '127.0.0.1:0', '--no-xmpp']
  const alicesNode = await startNode(hooks, alice.path, ...doors)
  await startNode(hooks, bob.path, '--bootstrap', alicesNode.ready.addresses[0] ?? '', ...doors)
  await kabberJson(bob.path, 'contact', 'add', alice.uri)
  await kabberJson(alice.path, 'contact', 'add', bob.uri)
  await kabberJson(bob.path, 'send', 'Alice', 'Written before you came', '--wait', 'delivered', '--timeout', '60s')

  const browser = await launch(hooks)
  const watch = new Watch()
  const page = await openWebChat(browser, alice, watch)
  await openConversation(page, 'Bob')
  await see(page, 'Written before you came')

  const bobsChat = new RunningKabber(hooks, ['--home', bob.path, '--json', 'chat', 'Alice'])
  await bobsChat.line(({ event, presence }) => event === 'presence' && presence === 'available')
  await page.locator('.chat-textarea').fill('Hello Bob, from a browser <b>&</b>')
  await page.locator('.chat-textarea').press('Enter')
  await bobsChat.line(({ event, body }) => event === 'message' && body === 'Hello Bob, from a browser <b>&</b>')
  bobsChat.write('Hello Alice 🔑 https://example.com/picture.png\n')
  await see(page, 'Hello Alice')
  await page.screenshot({ path: join(screenshots, 'conversation.png') })

  await page.reload()
  await see(page, 'Hello Alice')
  bobsChat.write('Are you still there?\n')
  await see(page, 'Are you still there?')
  for (const text of ['Written before you came', 'Hello Bob', 'Hello Alice', 'Are you still there?']) {
    assert.equal(await countOf(page, text), 1, `'${text}' is shown once after a reload`)
  }
  await page.screenshot({ path: join(screenshots, 'after-reload.png') })

  // Another browser has no copy: its history comes from the archive of the node.
  const otherBrowser = await launch(hooks)
  const other = await openWebChat(otherBrowser, alice, watch)
  await openConversation(other, 'Bob')
  await see(other, 'Hello Bob, from a browser')

  const stranger = await browser.newPage()
  await stranger.goto(new URL('/', page.url()).href)
  await stranger.getByText('kabber web').waitFor()
  await stranger.screenshot({ path: join(screenshots, 'door.png') })
  assert.deepEqual(watch.complaints, [])
  console.log(`web chat: sent, received, reloaded, read the archive; screenshots in ${screenshots}`)
  console.log(`files: ${[...watch.loaded].sort().join(' ')}`)
  return 0
})
