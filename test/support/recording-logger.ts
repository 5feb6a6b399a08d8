import type { LogFields, Logger } from '../../src/system/logger.ts'

/** One recorded log call. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly component: string
  readonly event: string
  readonly fields: LogFields
}

/** Keeps every line in `lines`, which its children share. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[]
  readonly #component: string

  constructor(component = 'test', lines: LogLine[] = []) {
    this.#component = component
    this.lines = lines
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#record('debug', event, fields)
  }

  info(event: string, fields: LogFields = {}): void {
    this.#record('info', event, fields)
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#record('warn', event, fields)
  }

  error(event: string, fields: LogFields = {}): void {
    this.#record('error', event, fields)
  }

  child(name: string): RecordingLogger {
    return new RecordingLogger(`${this.#component}:${name}`, this.lines)
  }

  #record(level: LogLine['level'], event: string, fields: LogFields): void {
    this.lines.push({ level, component: this.#component, event, fields })
  }
}
