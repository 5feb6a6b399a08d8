import { oneLine } from '../output/printable.ts'
import { ScenarioError } from './scenario-error.ts'

/** Longest piece of a file that is repeated in a message, characters. */
const QUOTED_CHARACTERS_MAX = 60

/** Where each key of a file stands, so that what is found wrong later can still be told with its line. */
export class ScenarioSource {
  readonly #file: string
  readonly #origins = new Map<string, string>()

  constructor(file: string) {
    this.#file = file
  }

  /** The file as it was named. */
  get file(): string {
    return this.#file
  }

  /** Remembers where a key was written: its line, or the option of the command line. */
  note(path: string, origin: number | string): void {
    this.#origins.set(path, String(origin))
  }

  /**
   * Complains about a key, or about the nearest part of the file above it that was written.
   *
   * @throws ScenarioError always
   */
  fail(path: string, message: string): never {
    const origin = this.originOf(path)
    const where = origin.startsWith('--') ? `${origin}: ${this.#file}` : `${this.#file}:${origin}`
    throw new ScenarioError(oneLine(`${where}: ${path === '' ? '' : `${path}: `}${message}`))
  }

  /** The line or option of a key, or of the nearest part of the file above it that was written. */
  originOf(path: string): string {
    const words = path === '' ? [] : path.split('.')
    for (let length = words.length; length > 0; length--) {
      const origin = this.#origins.get(words.slice(0, length).join('.'))
      if (origin !== undefined) {
        return origin
      }
    }
    return this.#origins.get('') ?? '1'
  }
}

/** A piece of a file as it may stand in a message: short, on one line, in quotes. */
export function quoted(written: unknown): string {
  const text = typeof written === 'string' ? written : String(written)
  return `'${text.length > QUOTED_CHARACTERS_MAX ? `${text.slice(0, QUOTED_CHARACTERS_MAX)}…` : text}'`
}
