import type { Stats } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { WebHandler, WebRequest, WebResponse } from '../system/web.ts'
import { assert } from '../util/assert.ts'
import { contentType } from './content-types.ts'
import { fileContent } from './file-content.ts'

/** How static files are served. */
export interface StaticFilesOptions {
  /** Headers of every answer with a file: Content-Security-Policy, say. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** File that stands for a folder. @default 'index.html' */
  readonly index?: string
}

interface StaticFile {
  readonly path: string
  readonly stats: Stats
}

/**
 * Serves folders: `mounts` gives a folder for a prefix of the path (`/chat/`, beginning and ending with a slash; the
 * longest that fits counts). GET and HEAD only; no listings, no hidden files, nothing outside the folder, not even by a
 * symbolic link. What is not there is left to the next handler.
 */
export function staticFiles(mounts: Readonly<Record<string, string>>, options: StaticFilesOptions = {}): WebHandler {
  const prefixes = Object.keys(mounts).sort((one, other) => other.length - one.length)
  assert(
    prefixes.every((prefix) => prefix.startsWith('/') && prefix.endsWith('/')),
    'a prefix begins and ends with a slash',
  )
  return async (request) => {
    if (prefixes.includes(`${request.path}/`)) {
      return { status: 308, headers: { location: `${request.path}/` } }
    }
    const prefix = prefixes.find((candidate) => request.path.startsWith(candidate))
    const folder = prefix === undefined ? undefined : mounts[prefix]
    if (prefix === undefined || folder === undefined) {
      return undefined
    }
    const file = await find(folder, request.path.slice(prefix.length), options.index ?? 'index.html')
    return file === undefined ? undefined : answer(request, file, options.headers ?? {})
  }
}

async function find(folder: string, rest: string, index: string): Promise<StaticFile | undefined> {
  const segments = (rest === '' || rest.endsWith('/') ? `${rest}${index}` : rest).split('/')
  if (segments.some((segment) => segment.startsWith('.') || segment === '')) {
    return undefined
  }
  try {
    const root = await realpath(folder)
    const path = await realpath(join(root, ...segments))
    const stats = await stat(path)
    return path.startsWith(root + sep) && stats.isFile() ? { path, stats } : undefined
  } catch {
    return undefined
  }
}

function answer(
  request: WebRequest,
  { path, stats }: StaticFile,
  extra: Readonly<Record<string, string>>,
): WebResponse {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, headers: { allow: 'GET, HEAD' } }
  }
  const tag = `"${stats.size.toString(36)}-${Math.round(stats.mtimeMs).toString(36)}"`
  // `no-cache`: kept by the browser, but asked for every time, so that an update of the node is seen at once.
  const headers = { ...extra, etag: tag, 'cache-control': 'no-cache' }
  if (request.headers['if-none-match']?.split(',').some((known) => known.trim().replace(/^W\//, '') === tag)) {
    return { status: 304, headers }
  }
  return {
    status: 200,
    headers: { ...headers, 'content-type': contentType(path), 'content-length': String(stats.size) },
    body: fileContent(path, stats.size),
  }
}
