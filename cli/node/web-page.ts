import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { WebHandler } from '../../src/index.ts'
import { staticFiles } from '../../src/os/static-files.ts'

/** The page: `web` beside `cli`, in a checkout and in the package. */
const PAGE_FOLDER = join(import.meta.dirname, '../../web')

/** Converse.js: in the package what scripts/build.ts has copied of it, in a checkout the development dependency. */
const CONVERSE_FOLDERS = [
  join(PAGE_FOLDER, 'converse'),
  join(import.meta.dirname, '../../node_modules/converse.js/dist'),
]

/**
 * Converse.js puts style elements into the page that hold nothing (its bundler has taken their content out into the style
 * sheet): the empty text, and the one comment and line that stands in its place.
 */
const EMPTY_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-JRf3eZJIF59VkE1tlxlBPiCQXjGJ1uE88pEYh49RtTY='",
]

/**
 * The files of the web chat. Their Content-Security-Policy lets the page run its own scripts and talk to the port it came
 * from, and nothing else: whatever a message may smuggle into it, no byte leaves the node.
 */
export function webPages(): WebHandler {
  const converse = CONVERSE_FOLDERS.find((folder) => existsSync(folder)) ?? PAGE_FOLDER
  const files = staticFiles({ '/': PAGE_FOLDER, '/converse/': converse })
  return async (request) => {
    const answer = await files(request)
    return answer && { ...answer, headers: { ...answer.headers, ...securityHeaders(request.base) } }
  }
}

function securityHeaders(base: string): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    // 'self' alone does not cover WebSockets in every browser.
    `connect-src 'self' ${base.replace(/^http/, 'ws')}`,
    // Converse.js sets sizes and colours in style attributes; style sheets come from here alone.
    `style-src 'self' ${EMPTY_STYLES.join(' ')}`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-frame-options': 'DENY',
  }
}
