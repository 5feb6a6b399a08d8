import type { Clock } from '../system/clock.ts'
import type { LogFields, Logger } from '../system/logger.ts'

/** What a logger lets through: lines of its level and above; `silent` nothing. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 }

/** Options of `StderrLogger`. */
export interface StderrLoggerInit {
  readonly clock: Pick<Clock, 'wallMs'>
  /** @default 'info' */
  readonly level?: LogLevel
  /** `json` is one object a line, `text` is for people. @default 'text' */
  readonly format?: 'json' | 'text'
  /** Where a finished line goes. @default standard error */
  readonly write?: (line: string) => void
  /** The component's name. @default 'kabber' */
  readonly name?: string
}

/** Writes one line a log call to standard error. */
export class StderrLogger implements Logger {
  readonly #init: StderrLoggerInit
  readonly #name: string
  readonly #write: (line: string) => void

  constructor(init: StderrLoggerInit) {
    this.#init = init
    this.#name = init.name ?? 'kabber'
    this.#write = init.write ?? ((line) => process.stderr.write(line))
  }

  debug(event: string, fields?: LogFields): void {
    this.#log('debug', event, fields)
  }

  info(event: string, fields?: LogFields): void {
    this.#log('info', event, fields)
  }

  warn(event: string, fields?: LogFields): void {
    this.#log('warn', event, fields)
  }

  error(event: string, fields?: LogFields): void {
    this.#log('error', event, fields)
  }

  child(name: string): Logger {
    return new StderrLogger({ ...this.#init, name: `${this.#name}:${name}` })
  }

  #log(level: Exclude<LogLevel, 'silent'>, event: string, fields: LogFields = {}): void {
    if (RANK[level] < RANK[this.#init.level ?? 'info']) {
      return
    }
    const time = new Date(this.#init.clock.wallMs()).toISOString()
    const line =
      this.#init.format === 'json'
        ? JSON.stringify({ ...fields, time, level, component: this.#name, event })
        : `${time} ${level.padEnd(5)} ${this.#name}: ${event}${textFields(fields)}`
    this.#write(`${line}\n`)
  }
}

/** True for the name of a level, as an environment variable or option may hold it. */
export function isLogLevel(text: string): text is LogLevel {
  return Object.hasOwn(RANK, text)
}

function textFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? quoted(value) : value}`)
    .join('')
}

/** Quotes what could be taken for more than one field, or hide control characters from the reader of a terminal. */
function quoted(value: string): string {
  return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)
}
