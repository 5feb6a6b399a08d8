import { EXIT_CODES } from '../exit-codes.ts'
import { oneLine } from '../terminal-text.ts'

/** A bug ends the node: what it acknowledged is on disk, and a fresh start is safer than a state nobody foresaw. */
export function exitOnBug(say: (text: string) => void): void {
  process.on('uncaughtException', (error) => {
    const hint = process.env.KABBER_LOG === 'debug' ? `\n${error.stack}` : '; KABBER_LOG=debug shows where'
    say(`kabber: the node failed and was ended: ${oneLine(error.message)}${hint}`)
    process.exit(EXIT_CODES.failed)
  })
}
