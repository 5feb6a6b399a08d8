import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { WebResponse } from '../system/web.ts'
import { END_TIMEOUT_MS } from './client-limits.ts'

/** What every answer says unless its handler says otherwise. */
const DEFAULT_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** Sends an answer; resolves when it is out, rejects when the line or the source of its body broke. */
export async function respond(request: IncomingMessage, response: ServerResponse, answer: WebResponse): Promise<void> {
  const { body } = answer
  const whole = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  const headers = lowerCase({ ...DEFAULT_HEADERS, ...answer.headers })
  if (whole && headers['content-length'] === undefined && mayHaveBody(answer.status)) {
    headers['content-length'] = String(Buffer.byteLength(body ?? ''))
  }
  response.writeHead(answer.status, headers)
  limitRest(request)
  if (request.method === 'HEAD' || !mayHaveBody(answer.status)) {
    response.end()
    await (whole ? undefined : body[Symbol.asyncIterator]().return?.())
  } else if (whole) {
    response.end(body)
  } else {
    await pipeline(Readable.from(body, { objectMode: false }), response)
  }
}

/** RFC 9110 §6.4.1. */
function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 304
}

/** A client that still sends hears the answer better when it is not cut off at once; but it has only so long. */
function limitRest(request: IncomingMessage): void {
  if (!request.complete) {
    const timer = setTimeout(() => request.complete || request.socket.destroy(), END_TIMEOUT_MS)
    request.once('close', () => clearTimeout(timer))
  }
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
