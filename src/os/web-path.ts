import { HTTP_PATH_MAX_LENGTH } from './client-limits.ts'

/**
 * The path of an HTTP request target, decoded once: begins with a slash, may end with one, has no empty and no dot
 * segments, no backslash, no control characters. Undefined where that cannot be had; nothing is repaired.
 */
export function normalizePath(target: string): string | undefined {
  // Absolute forms (`http://…`), `*` and `//host` are for proxies and confusion (RFC 9112 §3.2).
  const encoded = target.split('?', 1)[0] ?? ''
  if (!encoded.startsWith('/') || encoded.length > HTTP_PATH_MAX_LENGTH || /%2f/i.test(encoded)) {
    return undefined
  }
  const path = decode(encoded)
  if (path === undefined || /[\\\p{Cc}\ufffd]/u.test(path) || !path.isWellFormed()) {
    return undefined
  }
  const segments = path.slice(1).split('/')
  const inner = segments.at(-1) === '' ? segments.slice(0, -1) : segments
  return inner.some((segment) => segment === '' || segment === '.' || segment === '..') ? undefined : path
}

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}
