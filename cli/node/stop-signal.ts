import { EXIT_CODES } from '../exit-codes.ts'

/** Time for a node to stop in good order, milliseconds; then it is ended. What it has acknowledged is on disk. */
const STOP_LIMIT_MS = 4_500

/** Resolves with the first SIGINT, SIGTERM or SIGHUP (the terminal was closed), which is said. A second one, or an overlong stop, ends the process. */
export function stopSignal(say: (text: string) => void, limitMs: number = STOP_LIMIT_MS): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const onSignal = (): void => {
      if (asked) {
        process.exit(EXIT_CODES.failed)
      }
      asked = true
      say('stopping…')
      setTimeout(() => {
        say('kabber: the node did not stop in time and was ended')
        process.exit(EXIT_CODES.failed)
      }, limitMs).unref()
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, onSignal)
    }
  })
}
