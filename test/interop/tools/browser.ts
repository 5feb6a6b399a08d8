import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { AfterHooks } from '../../support/kabber-process.ts'

const EXECUTABLE = '/usr/bin/chromium'

/** Debian's Chromium without a window; closed afterwards. */
export async function openBrowser(hooks: AfterHooks): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(`${EXECUTABLE} is missing: apt-get install chromium`)
  }
  // It runs as whoever runs the tests, root included, and sees nothing but the node.
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu'] })
  hooks.after(async () => await browser.close())
  return browser
}
