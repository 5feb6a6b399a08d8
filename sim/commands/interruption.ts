import { realNowMs } from '../time/virtual-time.ts'

/** A terminal and whoever started us may both hand on the same Ctrl-C; milliseconds of real time. */
const SAME_SIGNAL_MS = 500

/** Exit code of a run that was not let finish. */
const INTERRUPTED = 1

/** A terminal that was closed asks for the same as Ctrl-C. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Aborts at the first SIGINT, SIGTERM or SIGHUP; a second one ends the process. `stop` gives the signals back. */
export function interruption(note: (line: string) => void): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  let askedAtMs: number | undefined
  const onSignal = (): void => {
    const nowMs = realNowMs()
    if (askedAtMs !== undefined) {
      if (nowMs - askedAtMs > SAME_SIGNAL_MS) {
        process.exit(INTERRUPTED)
      }
      return
    }
    askedAtMs = nowMs
    note('interrupted: writing what there is; once more to give it up')
    controller.abort()
  }
  for (const signal of SIGNALS) {
    process.on(signal, onSignal)
  }
  const stop = (): void => {
    for (const signal of SIGNALS) {
      process.off(signal, onSignal)
    }
  }
  return { signal: controller.signal, stop }
}
