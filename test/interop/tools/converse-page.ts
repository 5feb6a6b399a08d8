import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AfterHooks } from '../../support/kabber-process.ts'
import type { Login } from '../chat-client.ts'

const FILES = fileURLToPath(new URL('../../../node_modules/converse.js/dist', import.meta.url))
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
}

/** Serves Converse.js, already logged in, for a server that has no web chat of its own; gives the URL. */
export async function serveConverse(hooks: AfterHooks, { jid, password, webSocketUrl }: Login): Promise<string> {
  const options = {
    ...{ jid: `${jid}/converse`, password, websocket_url: webSocketUrl, authentication: 'login', auto_login: true },
    ...{ view_mode: 'fullscreen', discover_connection_methods: false, i18n: 'en', assets_path: '/dist/' },
    ...{ message_archiving: 'always', blacklisted_plugins: ['converse-omemo', 'converse-register'] },
  }
  const page = `<!doctype html><html><head><meta charset=utf-8><link rel=stylesheet href=/dist/converse.min.css></head>
    <body><converse-root></converse-root><script type=module>
    import converse from "/dist/converse.min.js"; converse.initialize(${JSON.stringify(options)})</script></body></html>`
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const file = join(FILES, path.replace(/^\/dist\//u, ''))
    if (path === '/') {
      response.setHeader('content-type', 'text/html')
      response.end(page)
    } else if (path.startsWith('/dist/') && existsSync(file) && statSync(file).isFile()) {
      response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream')
      createReadStream(file).pipe(response)
    } else {
      response.statusCode = 404
      response.end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  hooks.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
