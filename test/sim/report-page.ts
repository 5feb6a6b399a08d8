// report.html in Debian's Chromium: every figure has marks, nothing is asked of anybody, nothing complains, in light, dark,
// on a phone, on paper, and with hostile and with empty data. `node test/sim/report-page.ts [FOLDER]` leaves pictures there.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { RunFolder } from '../../sim/output/run-folder.ts'
import type { RunResult } from '../../sim/results/results.ts'
import type { Scenario } from '../../sim/scenario/scenario.ts'
import { type AfterHooks, temporaryFolder } from '../support/kabber-process.ts'
import { emptyResult, livelyResult, plainScenario } from '../support/sim-run.ts'
import { runStandalone } from '../support/standalone.ts'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const PATIENCE_MS = 30_000
const LIMIT_MS = 180_000
const FIGURES = ['delivery', 'delay', 'nodes', 'replicas', 'hops', 'nat', 'load', 'balance']

/** Axes alone make about fifteen. */
const MARKS_MIN = 20

const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 800 } },
}

const HOUR_MS = 3_600_000

/** Everything a file could say to break out of the page. */
const HOSTILE = `</script><script>document.title='broken'</script><img src=x onerror="document.title='broken'"> <!-- & " ' \u2028`

const LIVELY: Scenario = plainScenario({
  name: 'churn-and-a-bad-hour',
  about: 'Two hundred nodes come and go as those of IPFS did in 2022; in the evening a third of them dies at once.',
  faults: [
    { kind: 'kill', atMs: 13 * HOUR_MS, share: 0.3, returnAfterMs: undefined, className: undefined },
    { kind: 'partition', atMs: 5 * HOUR_MS, forMs: 2 * HOUR_MS, share: 0.5 },
  ],
  assertions: [
    { metric: 'delivered_share', relation: '>=', value: 0.95, text: 'delivered_share >= 95 %' },
    { metric: 'lost', relation: '=', value: 0, text: 'lost = 0' },
    { metric: 'delay_p99_ms', relation: '<=', value: 3_600_000, text: 'delay_p99_ms <= 1 h' },
  ],
})

function writeReport(folder: string, scenario: Scenario, result: RunResult): string {
  const command = { file: 'scenario.yaml', tier: 'model', seed: 7, overrides: {}, ci: false } as const
  const run = new RunFolder(folder, { scenario, command, version: '0.1.0' })
  run.finish(result, { cpu_s: 81.2, peak_memory_bytes: 212e6 })
  return join(folder, 'report.html')
}

interface Opened {
  readonly page: Page
  /** What must not be: errors, warnings, requests beyond the file itself. */
  readonly complaints: string[]
}

async function open(browser: Browser, file: string, look: BrowserContextOptions): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...look })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const complaints: string[] = []
  const address = pathToFileURL(file).href
  page.on('request', (request) => {
    if (request.url() !== address && !request.url().startsWith('data:')) {
      complaints.push(`asked for ${request.url()}`)
    }
  })
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`))
  page.on('console', (message) => complaints.push(`console: ${message.type()}: ${message.text()}`))
  await page.goto(address)
  await page.locator('#balance .plot > *').first().waitFor({ state: 'attached' })
  return { page, complaints }
}

/** How many marks each figure has: shapes in the groups that Observable Plot makes, axes included. */
async function marksOf(page: Page): Promise<readonly number[]> {
  return await Promise.all(FIGURES.map((id) => page.locator(`#${id} svg g :is(path, rect, line, text)`).count()))
}

async function main(hooks: AfterHooks): Promise<number> {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: apt-get install chromium`)
  const folder = temporaryFolder(hooks)
  const pictures = process.argv[2] ?? folder
  mkdirSync(pictures, { recursive: true })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  hooks.after(() => browser.close())

  const lively = writeReport(join(folder, 'lively'), LIVELY, livelyResult())
  for (const [name, look] of Object.entries(LOOKS)) {
    const { page, complaints } = await open(browser, lively, look)
    const marks = await marksOf(page)
    console.log(`${name}: marks ${FIGURES.map((id, i) => `${id} ${marks[i]}`).join(', ')}`)
    assert.ok(
      marks.every((count) => count >= MARKS_MIN),
      `a figure has fewer than ${MARKS_MIN} marks`,
    )
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    assert.equal(overflow, 0, 'the page is wider than its window')
    await page.screenshot({ path: join(pictures, `report-${name}.png`), fullPage: true })
    assert.deepEqual(complaints, [])
    await page.context().close()
  }

  const onPaper = await open(browser, lively, {})
  await onPaper.page.emulateMedia({ media: 'print' })
  await onPaper.page.setViewportSize({ width: 690, height: 980 })
  await onPaper.page.screenshot({ path: join(pictures, 'report-print.png'), fullPage: true })
  await onPaper.page.pdf({ path: join(pictures, 'report.pdf'), format: 'A4', preferCSSPageSize: true })
  assert.ok(statSync(join(pictures, 'report.pdf')).size > 20_000, 'there is hardly anything on the paper')

  const hostile = plainScenario({ name: HOSTILE, about: HOSTILE, source: HOSTILE, text: HOSTILE })
  const violations = [{ t_ms: 1, checker: HOSTILE, what: HOSTILE }]
  const cell = { from: HOSTILE, to: HOSTILE, direct: 1, punched: 0, relayed: 0, failed: 0 }
  const broken = writeReport(join(folder, 'hostile'), hostile, emptyResult({ violations, natMatrix: [cell] }))
  const attacked = await open(browser, broken, {})
  assert.equal(await attacked.page.locator('h1').textContent(), `${HOSTILE} FAILED`)
  assert.equal(await attacked.page.locator('img').count(), 0)
  assert.deepEqual(attacked.complaints, [])

  const nothing = await open(browser, writeReport(join(folder, 'empty'), plainScenario(), emptyResult()), {})
  assert.equal(await nothing.page.locator('.plot.none').count(), FIGURES.length)
  assert.deepEqual(nothing.complaints, [])
  console.log(`the report holds; pictures in ${pictures}`)
  return 0
}

await runStandalone(LIMIT_MS, main)
