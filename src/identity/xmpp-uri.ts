import { IdentityError } from './identity-error.ts'

/** An `xmpp:` URI taken apart; nothing in it is decoded or judged yet. */
export interface XmppUri {
  /** Between scheme and query: an address. */
  readonly path: string
  /** The query's first part, `roster` say; `undefined` without a query. */
  readonly queryType: string | undefined
  /** `key=value` parts of the query in their order. */
  readonly pairs: readonly (readonly [key: string, value: string])[]
}

/**
 * `xmpp:path?querytype;key=value;…` (RFC 5122 §2.2). Works on text of bounded length.
 *
 * @throws IdentityError `malformed` for another scheme and for URIs that name a server to ask (`xmpp://…`)
 */
export function splitXmppUri(text: string): XmppUri {
  if (!/^xmpp:(?!\/\/)/i.test(text)) {
    throw new IdentityError('malformed', 'a contact URI begins with xmpp: and the address')
  }
  const [path, query] = splitOnce(text.slice('xmpp:'.length), '?')
  const [queryType, ...parts] = query?.split(';') ?? []
  const pairs = parts.map((part) => {
    const [key, value = ''] = splitOnce(part, '=')
    return [key, value] as const
  })
  return { path, queryType, pairs }
}

/** Percent-encodes all but RFC 3986's unreserved characters, as RFC 5122 §2.2 asks for values. */
export function encodeValue(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/**
 * Undoes `encodeValue`.
 *
 * @throws IdentityError `malformed` for a broken percent encoding or one that is not UTF-8
 */
export function decodeValue(key: string, value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    throw new IdentityError('malformed', `the part ${key}= of the contact URI is damaged (percent encoding)`)
  }
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}
