import type { AfterHooks } from './kabber-process.ts'

/** Signals that end a run from outside, with their numbers: a shell reads 128 and the number as exit code. */
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

/** Time for the clean-up, milliseconds; then the process ends anyway. */
const CLEAN_UP_LIMIT_MS = 20_000

/**
 * Runs a long test as a program of its own: ends within `limitMs`, cleans up whatever happened, Ctrl-C included, and exits
 * with the code that `main` gives, 1 if it throws.
 */
export async function runStandalone(limitMs: number, main: (hooks: AfterHooks) => Promise<number>): Promise<never> {
  const hooks: (() => unknown)[] = []
  const { promise: broken, reject } = Promise.withResolvers<never>()
  let exitCode = 1
  let over = false
  const after = (hook: () => unknown): void => {
    if (over) {
      // The play goes on behind the curtain until the process ends: what it still starts must not outlive it.
      void hook()
      throw new Error('the run is over')
    }
    hooks.push(hook)
  }
  for (const [signal, number] of Object.entries(SIGNALS)) {
    // Not once: npm and the terminal both send it, and a second one would end the clean-up.
    process.on(signal, () => {
      exitCode = 128 + number
      reject(new Error(`ended by ${signal}`))
    })
  }
  setTimeout(() => reject(new Error(`not finished after ${limitMs / 1_000} s`)), limitMs).unref()
  try {
    exitCode = await Promise.race([main({ after }), broken])
  } catch (error) {
    console.error(error)
  }
  over = true
  setTimeout(() => process.exit(exitCode), CLEAN_UP_LIMIT_MS).unref()
  // The latest first: processes before the folders in which they write.
  for (const hook of hooks.reverse()) {
    try {
      await hook()
    } catch (error) {
      console.error(error)
    }
  }
  process.exit(exitCode)
}
