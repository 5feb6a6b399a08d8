import { createConnection, type Socket } from 'node:net'
import { CliError } from '../cli-error.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import type { Home } from '../find-home.ts'
import { LineSplitter } from './line-splitter.ts'
import { type ControlAnswer, type ControlEvent, type ControlFailure, MAX_LINE_BYTES } from './messages.ts'

/** How long a node may take for one answer, milliseconds; it only has to reach its own disk. */
const ANSWER_TIMEOUT_MS = 15_000

interface Waiting {
  readonly resolve: (result: object) => void
  readonly reject: (error: CliError) => void
  readonly timer: NodeJS.Timeout
}

/** A command's connection to the running node of its home. */
export class ControlClient {
  readonly #socket: Socket
  readonly #splitter = new LineSplitter(MAX_LINE_BYTES)
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(event: ControlEvent) => void>()
  readonly #closed: Promise<void>
  #lastId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    socket.on('error', () => socket.destroy())
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.once('close', () => this.#failAll())
  }

  /**
   * Connects to the node that runs in `home`.
   *
   * @throws CliError with `noNode` if none does
   */
  static connect(home: Pick<Home, 'path' | 'controlSocketPath' | 'exists'>): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(home.controlSocketPath)
      socket.once('error', (error: NodeJS.ErrnoException) => reject(connectError(error, home)))
      socket.once('connect', () => {
        socket.removeAllListeners('error')
        resolve(new ControlClient(socket))
      })
    })
  }

  /** Resolves when the connection is gone, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed
  }

  /**
   * Sends a request and resolves with its result.
   *
   * @throws CliError as the node refused, or if it does not answer
   */
  request<Result extends object>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#lastId
    return new Promise<object>((resolve, reject) => {
      const timer = setTimeout(() => this.#expire(id, method), ANSWER_TIMEOUT_MS)
      this.#waiting.set(id, { resolve, reject, timer })
      if (!this.#socket.writable) {
        this.#failAll()
        return
      }
      this.#socket.write(`${JSON.stringify({ id, method, params })}\n`)
    }) as Promise<Result>
  }

  /** Calls `listener` for every event until the returned function is called. */
  onEvent(listener: (event: ControlEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#socket.end()
    this.#socket.destroySoon()
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const line of this.#splitter.push(chunk)) {
        this.#handle(JSON.parse(line) as ControlAnswer | ControlEvent)
      }
    } catch {
      this.#socket.destroy()
    }
  }

  #handle(message: ControlAnswer | ControlEvent): void {
    if ('event' in message) {
      for (const listener of this.#listeners) {
        listener(message)
      }
      return
    }
    const waiting = this.#waiting.get(message.id)
    if (waiting === undefined) {
      return
    }
    this.#waiting.delete(message.id)
    clearTimeout(waiting.timer)
    if ('error' in message) {
      waiting.reject(refusal(message.error))
    } else {
      waiting.resolve(message.result)
    }
  }

  #expire(id: number, method: string): void {
    this.#waiting.get(id)?.reject(failed('remote-server-timeout', `the node did not answer '${method}' in time`))
    this.#waiting.delete(id)
  }

  #failAll(): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(failed('service-unavailable', 'the node stopped before it had answered'))
    }
    this.#waiting.clear()
  }
}

/** Conditions that say the request itself is wrong. */
const USAGE_CONDITIONS: ReadonlySet<string> = new Set(['usage', 'jid-malformed', 'bad-request'])

function refusal({ condition, message }: ControlFailure): CliError {
  return new CliError(USAGE_CONDITIONS.has(condition) ? EXIT_CODES.usage : EXIT_CODES.failed, condition, message)
}

function failed(condition: string, message: string): CliError {
  return new CliError(EXIT_CODES.failed, condition, message)
}

/** A socket file that is missing, or left behind by a node that was killed, both mean that no node runs. */
function connectError(error: NodeJS.ErrnoException, home: Pick<Home, 'path' | 'exists'>): CliError {
  const { path } = home
  if (!['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(error.code ?? '')) {
    return failed('no-node', `the node in ${path} cannot be reached: ${error.code ?? error.message}`)
  }
  const message = home.exists()
    ? `no node is running in ${path}; start one with: kabber --home ${path} start`
    : `there is no account in ${path}; make one with: kabber --home ${path} init, then: kabber --home ${path} start`
  return new CliError(EXIT_CODES.noNode, 'no-node', message)
}
