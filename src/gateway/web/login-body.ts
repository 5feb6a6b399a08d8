import type { WebRequest } from '../../system/web.ts'

/** A body of `POST /login`: a token and a little JSON around it. */
const MAX_LOGIN_BODY_BYTES = 512

/** Any token ever made is shorter. */
const MAX_TOKEN_LENGTH = 128

/** The token in the JSON body of a request; undefined for anything else. */
export async function readLoginBody(request: WebRequest): Promise<string | undefined> {
  // A form cannot send this type, so that a browser asks first (CORS preflight) before a page elsewhere may.
  if (!/^application\/json(;|$)/.test(request.headers['content-type'] ?? '')) {
    return undefined
  }
  try {
    let text = ''
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for await (const chunk of request.body(MAX_LOGIN_BODY_BYTES)) {
      text += decoder.decode(chunk, { stream: true })
    }
    const value: unknown = JSON.parse(text + decoder.decode())
    const token = typeof value === 'object' && value !== null && 'token' in value ? value.token : undefined
    return typeof token === 'string' && token.length <= MAX_TOKEN_LENGTH ? token : undefined
  } catch {
    return undefined
  }
}
