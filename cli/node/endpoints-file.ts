import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from '../find-home.ts'

const ENDPOINTS_FILE = 'clients.json'

/** Where clients connect, as text: `127.0.0.1:5222`, `http://127.0.0.1:5280`; undefined where there is no such door. */
export interface EndpointTexts {
  readonly xmpp: string | undefined
  readonly xmpps: string | undefined
  readonly web: string | undefined
}

/** What is remembered of a start. */
export interface StartedEndpoints extends EndpointTexts {
  /** The certificate that clients are shown; undefined before the first start. */
  readonly certificate?: { readonly path: string; readonly fingerprint: string }
}

/** Before the first start of a home. */
const USUAL_ENDPOINTS: EndpointTexts = {
  xmpp: '127.0.0.1:5222',
  xmpps: '127.0.0.1:5223',
  web: 'http://127.0.0.1:5280',
}

/** Remembers where clients connect, for commands that tell it. */
export function writeEndpoints(home: Pick<Home, 'path'>, endpoints: StartedEndpoints): void {
  writeFileSync(join(home.path, ENDPOINTS_FILE), `${JSON.stringify(endpoints)}\n`, { mode: 0o600 })
}

/** Where clients connect: since the last start, or where they will by default. */
export function readEndpoints(home: Pick<Home, 'path'>): StartedEndpoints {
  try {
    const { xmpp, xmpps, web, certificate } = JSON.parse(readFileSync(join(home.path, ENDPOINTS_FILE), 'utf8'))
    return { xmpp, xmpps, web, certificate }
  } catch {
    return USUAL_ENDPOINTS
  }
}
