import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../system/logger.ts'
import type { WebHandler, WebRequest, WebResponse } from '../system/web.ts'
import { BodyTooLargeError, webBody } from './web-body.ts'
import type { WebClient } from './web-client.ts'
import { normalizePath } from './web-path.ts'
import { respond } from './web-respond.ts'

const MISDIRECTED: WebResponse = { status: 421, body: 'This name is not served here.\n' }
const BAD_PATH: WebResponse = { status: 400, body: 'This path cannot be.\n' }
const NEEDS_TLS: WebResponse = { status: 403, body: 'Only over HTTPS.\n' }
const NOT_FOUND: WebResponse = { status: 404, body: 'Nothing here.\n' }
const TOO_LARGE: WebResponse = { status: 413, body: 'Too large.\n' }
const FAILED: WebResponse = { status: 500, body: 'Something went wrong here.\n' }
const TEXT_HEADERS = { 'content-type': 'text/plain; charset=utf-8' }

/** HTTP requests that are not WebSockets: checked, then offered to one handler after the other. */
export class WebRequests {
  readonly #handlers: readonly WebHandler[]
  readonly #logger: Logger
  readonly #running = new Set<Promise<void>>()

  constructor(handlers: readonly WebHandler[], logger: Logger) {
    this.#handlers = handlers
    this.#logger = logger
  }

  /** Answers a request from `client`. Never throws. */
  serve(request: IncomingMessage, response: ServerResponse, client: WebClient): void {
    response.on('error', () => {})
    const running = this.#serve(request, response, client).catch(() => {
      request.socket.destroy()
    })
    this.#running.add(running)
    void running.finally(() => this.#running.delete(running))
  }

  /** Resolves when no request is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #serve(request: IncomingMessage, response: ServerResponse, client: WebClient): Promise<void> {
    const answer = await this.#answer(request, response, client).catch((error: unknown) => {
      if (error instanceof BodyTooLargeError) {
        return TOO_LARGE
      }
      if (!request.destroyed || request.complete) {
        this.#logger.warn('web request failed', { reason: error instanceof Error ? error.message : String(error) })
      }
      return FAILED
    })
    const isPlain = typeof answer.body === 'string' && answer.headers === undefined
    await respond(request, response, isPlain ? { ...answer, headers: TEXT_HEADERS } : answer)
  }

  async #answer(request: IncomingMessage, response: ServerResponse, client: WebClient): Promise<WebResponse> {
    if (client.base === undefined) {
      return MISDIRECTED
    }
    const path = normalizePath(request.url ?? '')
    if (path === undefined) {
      return BAD_PATH
    }
    if (!client.isAllowed) {
      return NEEDS_TLS
    }
    const webRequest: WebRequest = {
      method: request.method ?? 'GET',
      path,
      headers: plainHeaders(request),
      base: client.base,
      body: webBody(request, response),
    }
    for (const handler of this.#handlers) {
      const answer = await handler(webRequest)
      if (answer !== undefined) {
        return answer
      }
    }
    return NOT_FOUND
  }
}

function plainHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(request.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ])
  return Object.fromEntries(entries)
}
