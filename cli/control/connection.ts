import type { Socket } from 'node:net'
import { failureOf } from './failure.ts'
import { LineSplitter } from './line-splitter.ts'
import { type ControlAnswer, type ControlEvent, type ControlRequest, MAX_LINE_BYTES } from './messages.ts'
import type { ControlCaller, ControlMethods } from './method.ts'

/** Unanswered requests of one connection; beyond it reading stops until some are answered. */
const MAX_PENDING_REQUESTS = 64

/** What may wait for an end that does not read, bytes; beyond it the connection is closed. */
const MAX_UNREAD_BYTES = 4 * MAX_LINE_BYTES

/** Silence after which a connection that did not subscribe is closed. */
const IDLE_TIMEOUT_MS = 30_000

/** One connection to the control socket, on the node's side. */
export class ControlConnection implements ControlCaller {
  readonly #socket: Socket
  readonly #methods: ControlMethods
  readonly #splitter = new LineSplitter(MAX_LINE_BYTES)
  readonly #closeListeners: ((reason: string | undefined) => void)[] = []
  #pendingRequests = 0
  #closeReason: string | undefined

  constructor(socket: Socket, methods: ControlMethods, idleTimeoutMs: number = IDLE_TIMEOUT_MS) {
    this.#socket = socket
    this.#methods = methods
    socket.setTimeout(idleTimeoutMs, () => {
      if (this.#pendingRequests === 0) {
        this.#closeFor('idle')
      }
    })
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      for (const listener of this.#closeListeners) {
        listener(this.#closeReason)
      }
    })
  }

  subscribe(onClose: () => void): void {
    this.#socket.setTimeout(0)
    this.onClose(onClose)
  }

  tell(event: ControlEvent): void {
    this.#write(event)
  }

  /** Calls `fn` when the connection is gone, with the reason if this end had one. */
  onClose(fn: (reason: string | undefined) => void): void {
    this.#closeListeners.push(fn)
  }

  /** Ends the connection after what was written is out, at once if the other end does not read. */
  close(): void {
    this.#socket.end()
    this.#socket.destroySoon()
    this.#socket.setTimeout(100, () => this.#socket.destroy())
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const line of this.#splitter.push(chunk)) {
        this.#request(line)
      }
    } catch (error) {
      this.#write({ id: 0, error: { condition: 'bad-request', message: (error as Error).message } })
      this.#closeFor('bad-request')
    }
  }

  #request(line: string): void {
    const request = parseRequest(line)
    const method = this.#methods.get(request.method)
    this.#pendingRequests++
    if (this.#pendingRequests >= MAX_PENDING_REQUESTS) {
      this.#socket.pause()
    }
    const answering = (async (): Promise<ControlAnswer> => {
      try {
        if (method === undefined) {
          throw new TypeError(`this node knows no request '${request.method.slice(0, 40)}'`)
        }
        return { id: request.id, result: await method(request.params, this) }
      } catch (error) {
        return { id: request.id, error: failureOf(error) }
      }
    })()
    void answering.then((answer) => {
      this.#pendingRequests--
      this.#write(answer)
      this.#socket.resume()
    })
  }

  #write(message: ControlAnswer | ControlEvent): void {
    if (!this.#socket.writable) {
      return
    }
    this.#socket.write(`${JSON.stringify(message)}\n`)
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) {
      this.#closeReason = 'not reading'
      this.#socket.destroy()
    }
  }

  #closeFor(reason: string): void {
    this.#closeReason = reason
    this.#socket.removeAllListeners('data')
    this.#socket.resume()
    this.close()
  }
}

function parseRequest(line: string): ControlRequest {
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null) {
    throw new TypeError('a request is a JSON object')
  }
  const { id, method, params = {} } = value as Partial<Record<keyof ControlRequest, unknown>>
  if (!Number.isSafeInteger(id) || typeof method !== 'string' || typeof params !== 'object' || params === null) {
    throw new TypeError('a request has a numeric id, a method and an object of params')
  }
  return { id: id as number, method, params: params as Record<string, unknown> }
}
