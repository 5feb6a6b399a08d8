import type { CliError } from './cli-error.ts'
import { oneLine } from './terminal-text.ts'

/** Events kept for a reader of stdout that does not read, bytes; beyond it events are dropped, results never. */
const MAX_UNREAD_EVENT_BYTES = 1_048_576

/** One line for programs about something that happened. */
export interface OutputEvent {
  readonly event: string
  readonly [detail: string]: unknown
}

/** The streams an `Output` writes to. */
export interface OutputStreams {
  readonly stdout: NodeJS.WritableStream & { readonly writableLength: number }
  readonly stderr: NodeJS.WritableStream
}

/**
 * The two voices of the command line: for people (text) or for programs (`--json`, one object a line). Results go to
 * stdout, logs and complaints to stderr.
 */
export class Output {
  readonly json: boolean
  readonly #streams: OutputStreams
  /** Events of this turn, at most MAX_UNREAD_EVENT_BYTES. */
  #events = ''
  #scheduled: NodeJS.Immediate | undefined

  constructor(json: boolean, streams: OutputStreams = process) {
    this.json = json
    this.#streams = streams
  }

  /** A result: the object with `--json`, else the text. */
  result(object: object, text: string): void {
    this.#write(`${this.json ? JSON.stringify(object) : text}\n`)
  }

  /** Text for people only. */
  text(text: string): void {
    if (!this.json) {
      this.#write(`${text}\n`)
    }
  }

  /** Something that happens while a command runs: the object with `--json`, else the text if there is one. */
  event(object: OutputEvent, text?: string): void {
    const line = this.json ? JSON.stringify(object) : text
    if (line !== undefined && this.#streams.stdout.writableLength + this.#events.length < MAX_UNREAD_EVENT_BYTES) {
      this.#events += `${line}\n`
      // One write for all events of a turn: each costs a call of the system, and thousands may come in a second.
      this.#scheduled ??= setImmediate(() => this.#writeEvents())
    }
  }

  #writeEvents(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    if (this.#events !== '') {
      this.#streams.stdout.write(this.#events)
      this.#events = ''
    }
  }

  /** After the events before it. */
  #write(text: string): void {
    this.#writeEvents()
    this.#streams.stdout.write(text)
  }

  /** A remark that is no result, on stderr. */
  note(text: string): void {
    this.#streams.stderr.write(`${text}\n`)
  }

  /** One line on stderr and, with `--json`, one object on stdout. */
  error(error: CliError): void {
    this.note(`kabber: ${oneLine(error.message)}`)
    if (this.json) {
      this.#write(`${JSON.stringify({ error: { condition: error.condition, message: error.message } })}\n`)
    }
  }

  /** Resolves when both streams have taken everything. */
  async flush(): Promise<void> {
    this.#writeEvents()
    const { stdout, stderr } = this.#streams
    await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))))
  }
}
