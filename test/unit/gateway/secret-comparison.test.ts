import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '../../..')
/** What a client must know, or what is derived from it. */
const SECRET = '(?:password|secret|proof|storedKey|serverKey|token|signature|channelBinding|nonce|salted)'
/** Such a value on one side of an equality; comparing with nothing, with a length or a type tells nobody anything. */
const COMPARISON = new RegExp(
  `\\b\\w*${SECRET}\\b(?!\\.length| ===? undefined)\\s*[!=]==(?!\\s*(?:undefined|null|''|'string'|\\d))|[!=]==\\s*[\\w.]*\\b${SECRET}\\b(?!\\.length)`,
  'i',
)
/** The nonce is what the server itself has just said in clear. */
const ALLOWED = ['final.nonce !== begun.nonce']

const files = globSync('{src/gateway,src/os,cli}/**/*.ts', { cwd: ROOT })

test('secrets are compared in constant time only: X11', () => {
  assert.ok(files.length > 100)
  const found = files.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .filter((line) => COMPARISON.test(line) && !ALLOWED.some((allowed) => line.includes(allowed)))
      .map((line) => `${file}: ${line.trim()}`),
  )
  assert.deepEqual(found, [])
})

test('the same finds a comparison that is not', () => {
  for (const line of ['if (row.token === given) {', 'return given !== keys.storedKey', 'proof === expected']) {
    assert.match(line, COMPARISON)
  }
  assert.doesNotMatch('if (token === undefined) {', COMPARISON)
})
